import { chown, readFile } from 'node:fs/promises'

/** Whom a broker or a database runs as, when that is not the caller. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

const NOBODY: Account = { uid: 65534, gid: 65534 }

/**
 * Picks the account for servers that a caller starts: the caller itself unless that is root; for root the user behind
 * `sudo`, else `nobody`. PostgreSQL refuses to run as root, and a broker has no need to.
 */
export function chooseAccount(
  callerUid: number,
  sudo: { readonly uid?: string | undefined; readonly gid?: string | undefined },
  nobody: Account = NOBODY,
): Account | undefined {
  if (callerUid !== 0) return undefined
  const uid = Number(sudo.uid)
  const gid = Number(sudo.gid)
  return uid > 0 && gid > 0 ? { uid, gid } : nobody
}

/** The account for servers started by this process; undefined means the caller's own. */
export async function unprivilegedAccount(): Promise<Account | undefined> {
  const callerUid = process.getuid?.()
  if (callerUid !== 0) return undefined
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return chooseAccount(callerUid, { uid: process.env['SUDO_UID'], gid: process.env['SUDO_GID'] }, nobodyIn(passwd))
}

function nobodyIn(passwd: string): Account | undefined {
  const match = /^nobody:[^:]*:(\d+):(\d+):/m.exec(passwd)
  return match ? { uid: Number(match[1]), gid: Number(match[2]) } : undefined
}

/** Hands a file or folder to the account; nothing to do when servers run as the caller. */
export async function giveTo(account: Account | undefined, path: string): Promise<void> {
  if (account) await chown(path, account.uid, account.gid)
}
