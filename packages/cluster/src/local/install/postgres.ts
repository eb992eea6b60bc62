import { readdir, realpath } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { runCommand } from '../processes/command.ts'
import { withLock } from '../processes/lock.ts'
import { silentProgress } from '../progress.ts'
import type { Apt, PackageSet } from './apt.ts'
import { refusal, thisDistribution } from './distribution.ts'
import { exists, libraryFolders, unpackPackages } from './packages.ts'
import type { InstallOptions } from './rabbitmq.ts'

export interface PostgresInstallation {
  /** The folder with `initdb`, `postgres` and `createdb`. */
  readonly bin: string
  readonly version: string
  /** Folders for LD_LIBRARY_PATH: libraries that this machine lacks. */
  readonly libraries: readonly string[]
  readonly source: 'setting' | 'machine' | 'packages'
}

const OLDEST_MAJOR = 14

/**
 * Finds a PostgreSQL server, or brings one without root: the folder in `WARREN_POSTGRES_BIN`, else one on this machine, else
 * Debian's packages unpacked into `<home>/postgres`. Throws INSTALL_UNSUPPORTED with the commands to type, INSTALL_FAILED,
 * VERSION_UNSUPPORTED.
 */
export async function installPostgres(options: InstallOptions): Promise<PostgresInstallation> {
  const onProgress = options.onProgress ?? silentProgress
  const setting = process.env['WARREN_POSTGRES_BIN']
  if (setting) return await describe(await realpath(setting), [], 'setting')

  const isSystemIgnored = options.isSystemIgnored ?? process.env['WARREN_IGNORE_SYSTEM'] === '1'
  const found = isSystemIgnored ? undefined : await findOnMachine()
  if (found !== undefined) return await describe(found, [], 'machine')

  const tree = join(options.home, 'postgres')
  if (!(await exists(tree))) {
    const distribution = await thisDistribution()
    if (distribution !== 'debian') {
      throw new ClusterError('INSTALL_UNSUPPORTED', refusal('PostgreSQL', distribution), { distribution })
    }
    await withLock(
      `${tree}.lock`,
      async () => {
        if (await exists(tree)) return
        await unpackPackages({
          title: 'PostgreSQL',
          folder: tree,
          onProgress,
          packages: newestServer,
          finish: async (unfinished) => {
            await describe(await binIn(unfinished), await libraryFolders(unfinished), 'packages')
          },
        })
      },
      () => onProgress('PostgreSQL: another process is unpacking it'),
    )
  }
  return await describe(await binIn(tree), await libraryFolders(tree), 'packages')
}

async function newestServer(apt: Apt): Promise<PackageSet> {
  const name = newest(await apt.search('^postgresql-[0-9]+$'))
  if (name === undefined) throw new ClusterError('INSTALL_FAILED', 'no package postgresql-NN is known to apt')
  return {
    names: [name],
    includes: /^postgresql-client-\d+$/,
    // Only the just-in-time compiler needs them, which is off: 100 MB less.
    excludes: /^(?:libllvm|libclang|libz3)/,
  }
}

async function binIn(tree: string): Promise<string> {
  const found = await newestBin(join(tree, 'usr/lib/postgresql'))
  if (found !== undefined) return found
  throw new ClusterError('INSTALL_FAILED', `${tree} holds no PostgreSQL; remove it and try again`)
}

async function findOnMachine(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const initdb = await realpath(join(folder, 'initdb')).catch(() => undefined)
    if (initdb !== undefined && (await exists(join(dirname(initdb), 'postgres')))) return dirname(initdb)
  }
  // Debian, the PostgreSQL project's packages for Fedora, and Homebrew keep it off the PATH.
  return (
    (await newestBin('/usr/lib/postgresql')) ??
    (await newestBin('/usr', /^pgsql-\d+$/)) ??
    (await newestBin('/opt/homebrew/opt', /^postgresql@\d+$/)) ??
    (await newestBin('/usr/local/opt', /^postgresql@\d+$/))
  )
}

async function newestBin(parent: string, names = /^\d+$/): Promise<string | undefined> {
  const candidates: string[] = []
  for (const name of (await readdir(parent).catch(() => [])).filter((entry) => names.test(entry))) {
    if (await exists(join(parent, name, 'bin', 'initdb'))) candidates.push(name)
  }
  const chosen = newest(candidates)
  return chosen === undefined ? undefined : join(parent, chosen, 'bin')
}

function newest(names: readonly string[]): string | undefined {
  return [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
}

async function describe(
  bin: string,
  libraries: readonly string[],
  source: PostgresInstallation['source'],
): Promise<PostgresInstallation> {
  const installation = { bin, version: '', libraries, source }
  const said = await runCommand(join(bin, 'postgres'), ['--version'], { env: postgresEnvironment(installation) })
  const version = /(\d+)[.\w]*/.exec(said)?.[0] ?? ''
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw new ClusterError(
      'VERSION_UNSUPPORTED',
      `${bin} is PostgreSQL ${version}; Warren needs ${OLDEST_MAJOR} or later`,
    )
  }
  return { ...installation, version }
}

/** The environment for the programs of an installation. The caller's own PG* variables have no say. */
export function postgresEnvironment(installation: Pick<PostgresInstallation, 'libraries'>): NodeJS.ProcessEnv {
  const { libraries } = installation
  return {
    PATH: process.env['PATH'],
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(':') }),
  }
}
