import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstat, mkdir, readlink, realpath, rmdir, symlink, unlink } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { ClusterError } from '../errors.ts'
import { type Account, unprivilegedAccount } from './account.ts'
import { type Progress, silentProgress } from './progress.ts'

export interface HomeOptions {
  /** The folder that `.warren` belongs to; the working directory by default. */
  readonly project?: string
  /** Overrides `<project>/.warren`; the environment variable `WARREN_HOME` by default. */
  readonly home?: string | undefined
  readonly onProgress?: Progress
}

/**
 * Creates, if need be, the one folder that holds private installations, clusters and databases, and returns its real path:
 * `WARREN_HOME`, else `<project>/.warren`. The servers' account can enter it: where a clone lies in a folder that only root
 * may enter, or in one with a blank in its name (RabbitMQ's scripts do not quote paths), the home is a folder in `/var/tmp`
 * and `.warren` a link to it. No folder outside the home is ever changed. Throws HOME_UNREACHABLE if an explicit home
 * cannot be used.
 */
export async function openHome(options: HomeOptions = {}): Promise<string> {
  const onProgress = options.onProgress ?? silentProgress
  const explicit = options.home ?? (process.env['WARREN_HOME'] || undefined)
  const wanted = resolve(explicit ?? join(options.project ?? process.cwd(), '.warren'))
  const account = await unprivilegedAccount()

  const uid = process.getuid?.() ?? 0
  const elsewhere = `/var/tmp/warren-${uid}-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`

  await forgetDanglingLink(wanted)
  await mkdir(wanted, { recursive: true, mode: 0o755 })
  const real = await realpath(wanted)
  const obstacle = obstacleAt(real, account)
  const isElsewhere = basename(real) === basename(elsewhere)
  if (obstacle === undefined && !isElsewhere) return real
  if (obstacle !== undefined && explicit !== undefined) {
    throw new ClusterError('HOME_UNREACHABLE', `${real} cannot be used: ${obstacle}; choose another WARREN_HOME`, {
      home: real,
    })
  }
  await claim(elsewhere, uid, account)
  if (!isElsewhere) {
    const isLinked = await replaceEmptyByLink(wanted, elsewhere)
    onProgress(`${wanted}: ${obstacle ?? ''}; using ${elsewhere}${isLinked ? ', which it is now a link to' : ''}`)
  }
  return elsewhere
}

function obstacleAt(path: string, account: Account | undefined): string | undefined {
  if (/\s/.test(path)) return 'there is a blank in its path, which RabbitMQ does not support'
  // Asking the kernel is shorter than imitating it: modes, groups, access lists and mounts all count.
  if (account && spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', path], { ...account, cwd: '/' }).status !== 0) {
    return `the account that servers run as (uid ${account.uid}) may not enter it`
  }
  return undefined
}

/** Anyone may create names in /var/tmp, also after a cleaner took ours away: it must be ours and closed to others. */
async function claim(folder: string, uid: number, account: Account | undefined): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o755 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const found = await lstat(folder)
  const isOurs = found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0
  if (isOurs && obstacleAt(folder, account) === undefined) return
  throw new ClusterError(
    'HOME_UNREACHABLE',
    `${folder} cannot be used: it is not a folder that only uid ${uid} may write to and servers may enter; remove it, or set WARREN_HOME`,
    { home: folder },
  )
}

async function replaceEmptyByLink(path: string, target: string): Promise<boolean> {
  try {
    await rmdir(path)
    await symlink(target, path)
    return true
  } catch {
    // Something is in it, and stays.
    return false
  }
}

async function forgetDanglingLink(path: string): Promise<void> {
  const target = await readlink(path).catch(() => undefined)
  if (target === undefined) return
  await realpath(path).catch(() => unlink(path))
}
