import { userInfo } from 'node:os'

/** Who acts, for the action log: the operating system's user, also behind sudo. */
export function actor(env: Readonly<NodeJS.ProcessEnv>): string {
  const user = userName()
  const behind = env['SUDO_USER']
  return behind === undefined || behind === user ? user : `${behind} (as ${user})`
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run as a number that has no entry in its passwd.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
