import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from './run.mjs'

/** The Node to run TypeScript with: the one that runs now if it is new enough, else the one that `npm ci` brought. */
export function chooseNode(project, version = process.versions.node, current = process.execPath) {
  if (isNewEnough(version)) return current
  const brought = join(project, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')
  if (existsSync(brought)) {
    const { status, stdout } = spawnSync(brought, ['--version'], { encoding: 'utf8' })
    if (status === 0 && isNewEnough(stdout.trim().replace(/^v/, ''))) return brought
  }
  return fail(
    `Node ${version} is too old to run TypeScript, and none could be brought for ${process.platform} ${process.arch}: ` +
      'install Node 24 (https://nodejs.org), or run this with "npx -p node@24 npm run …"',
  )
}

/** Same as "engines" in the packages: ^22.18 || >=24.11. */
export function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return (major === 22 && minor >= 18) || (major === 24 && minor >= 11) || major > 24
}
