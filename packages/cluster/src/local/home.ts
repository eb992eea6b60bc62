import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstat, mkdir, readlink, realpath, rmdir, symlink, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
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

  await forgetDanglingLink(wanted)
  await mkdir(wanted, { recursive: true, mode: 0o755 })
  const real = await realpath(wanted)
  const obstacle = obstacleAt(real, account)
  if (obstacle === undefined) return real
  if (explicit !== undefined) {
    throw new ClusterError('HOME_UNREACHABLE', `${real} cannot be used: ${obstacle}; choose another WARREN_HOME`, {
      home: real,
    })
  }
  return await openHomeElsewhere(wanted, obstacle, account, onProgress)
}

function obstacleAt(path: string, account: Account | undefined): string | undefined {
  if (/\s/.test(path)) return 'there is a blank in its path, which RabbitMQ does not support'
  // Asking the kernel is shorter than imitating it: modes, groups, access lists and mounts all count.
  if (account && spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', path], { ...account, cwd: '/' }).status !== 0) {
    return `the account that servers run as (uid ${account.uid}) may not enter it`
  }
  return undefined
}

async function openHomeElsewhere(
  wanted: string,
  obstacle: string,
  account: Account | undefined,
  onProgress: Progress,
): Promise<string> {
  const uid = process.getuid?.() ?? 0
  const elsewhere = `/var/tmp/warren-${uid}-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`
  await mkdir(elsewhere, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  // Anyone may create names in /var/tmp: what was there before must be ours and closed to others.
  const found = await lstat(elsewhere)
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o022) !== 0 || obstacleAt(elsewhere, account)) {
    throw new ClusterError(
      'HOME_UNREACHABLE',
      `${wanted} cannot be used: ${obstacle}; nor can ${elsewhere}, which is not a folder of uid ${uid} that only it may write to and servers may enter; set WARREN_HOME`,
      { home: wanted },
    )
  }
  const isLinked = await rmdir(wanted)
    .then(() => symlink(elsewhere, wanted))
    .then(
      () => true,
      () => false,
    )
  onProgress(`${wanted}: ${obstacle}; using ${elsewhere}${isLinked ? ' (linked from there)' : ''}`)
  return elsewhere
}

async function forgetDanglingLink(path: string): Promise<void> {
  const target = await readlink(path).catch(() => undefined)
  if (target === undefined) return
  await realpath(path).catch(() => unlink(path))
}
