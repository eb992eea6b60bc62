import { readdir, realpath } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { withLock } from '../processes/lock.ts'
import { type Progress, silentProgress } from '../progress.ts'
import type { PackageSet } from './apt.ts'
import { refusal, thisDistribution } from './distribution.ts'
import { erlangFolder, proveErlang, relocateErlang } from './erlang.ts'
import { useOwnLoader } from './loader.ts'
import { exists, libraryFolders, unpackPackages } from './packages.ts'
import { parseSeries, seriesOf, suitesWith } from './series.ts'
import { fromSuitesWith, unavailable } from './suites.ts'

/** A RabbitMQ whose scripts any account may run. */
export interface RabbitmqInstallation {
  /** The folder with `rabbitmq-server` and `rabbitmqctl` themselves, not a distribution's wrappers. */
  readonly sbin: string
  readonly version: string
  /** Folders to put before the PATH: Erlang's, where it is private. */
  readonly path: readonly string[]
  /** Folders for LD_LIBRARY_PATH: libraries that this machine lacks. */
  readonly libraries: readonly string[]
  readonly source: 'setting' | 'machine' | 'packages'
}

export interface InstallOptions {
  /** What `openHome` returned. */
  readonly home: string
  readonly onProgress?: Progress
  /** A series of RabbitMQ, `4.3`; whatever is there or easiest to bring by default. */
  readonly version?: string | undefined
  /** Pass over what is on this machine; `WARREN_IGNORE_SYSTEM=1` by default. */
  readonly isSystemIgnored?: boolean
}

const OLDEST = [3, 10] as const

/**
 * Finds a RabbitMQ, or brings one without root: the folder in `WARREN_RABBITMQ_SBIN`, else one on this machine, else
 * Debian's packages unpacked into `<home>/rabbitmq`, which takes seconds once and nothing afterwards. With `version` only one of
 * that series counts, and is brought from the release of Debian that carries it, with the C library that it needs, into
 * `<home>/rabbitmq-<series>`. Throws INSTALL_UNSUPPORTED with the commands to type, INSTALL_FAILED, VERSION_UNSUPPORTED,
 * VERSION_UNAVAILABLE.
 */
export async function installRabbitmq(options: InstallOptions): Promise<RabbitmqInstallation> {
  const series = options.version === undefined ? undefined : parseSeries(options.version)
  const isWanted = (found: RabbitmqInstallation | undefined) =>
    found !== undefined && (series === undefined || seriesOf(found.version) === series)

  const present = await findPresent(options, series !== undefined)
  const found = present.find(isWanted)
  if (found !== undefined) return found

  const onProgress = options.onProgress ?? silentProgress
  if (series === undefined) {
    const tree = join(options.home, 'rabbitmq')
    await bring(tree, 'RabbitMQ', onProgress, () => unpack(tree, onProgress))
    return await describeTree(tree, await libraryFolders(tree))
  }
  if (suitesWith(series).length === 0) throw unavailable(series)
  const tree = join(options.home, `rabbitmq-${series}`)
  await bring(tree, `RabbitMQ ${series}`, onProgress, () => unpackSeries(tree, series, onProgress))
  return await describeTree(tree, [])
}

/** What is here already, the first choice first. Without a wanted series the setting is not a choice but an order. */
async function findPresent(options: InstallOptions, isSeriesWanted: boolean): Promise<RabbitmqInstallation[]> {
  const setting = process.env['WARREN_RABBITMQ_SBIN']
  const isSystemIgnored = options.isSystemIgnored ?? process.env['WARREN_IGNORE_SYSTEM'] === '1'
  const found: RabbitmqInstallation[] = []
  if (setting) found.push(await describe(await realpath(setting), 'setting'))
  if (found.length > 0 && !isSeriesWanted) return found
  const onMachine = isSystemIgnored ? undefined : await findOnMachine()
  if (onMachine !== undefined) {
    const described = await describe(onMachine, 'machine').catch((error: unknown) => {
      // One that is too old is no obstacle to another that was asked for.
      if (!isSeriesWanted) throw error
    })
    if (described) found.push(described)
  }
  const tree = join(options.home, 'rabbitmq')
  if (isSeriesWanted && (await exists(tree))) found.push(await describeTree(tree, await libraryFolders(tree)))
  return found
}

async function bring(
  tree: string,
  title: string,
  onProgress: Progress,
  unpackTree: () => Promise<void>,
): Promise<void> {
  if (await exists(tree)) return
  const distribution = await thisDistribution()
  if (distribution !== 'debian') {
    throw new ClusterError('INSTALL_UNSUPPORTED', refusal('RabbitMQ', distribution), { distribution })
  }
  await withLock(
    `${tree}.lock`,
    async () => {
      if (!(await exists(tree))) await unpackTree()
    },
    () => onProgress(`${title}: another process is unpacking it`),
  )
}

async function describeTree(tree: string, libraries: readonly string[]): Promise<RabbitmqInstallation> {
  const sbin = await serverFolderIn(join(tree, 'usr/lib/rabbitmq/lib'))
  if (sbin === undefined) throw new ClusterError('INSTALL_FAILED', `${tree} holds no RabbitMQ; remove it and try again`)
  return { ...(await describe(sbin, 'packages')), path: [erlangFolder(tree)], libraries }
}

async function unpack(tree: string, onProgress: Progress): Promise<void> {
  await unpackPackages({
    title: 'RabbitMQ',
    folder: tree,
    onProgress,
    packages: rabbitmqPackages,
    finish: async (unfinished) => {
      await relocateErlang(unfinished)
      await proveErlang(unfinished, await libraryFolders(unfinished))
    },
  })
}

async function unpackSeries(tree: string, series: string, onProgress: Progress): Promise<void> {
  await unpackPackages({
    title: `RabbitMQ ${series}`,
    folder: tree,
    onProgress,
    source: fromSuitesWith(series),
    packages: rabbitmqPackages,
    finish: async (unfinished) => {
      await useOwnLoader(unfinished, 'usr/lib/erlang')
      await relocateErlang(unfinished)
      await proveErlang(unfinished, [])
    },
  })
}

function rabbitmqPackages(): Promise<PackageSet> {
  return Promise.resolve({ names: ['rabbitmq-server'], includes: /^erlang-/ })
}

async function findOnMachine(): Promise<string | undefined> {
  const searched = (process.env['PATH'] ?? '').split(delimiter)
  // An ordinary user's PATH leaves these out.
  for (const folder of [...searched, '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin']) {
    const server = await realpath(join(folder, 'rabbitmq-server')).catch(() => undefined)
    if (server === undefined) continue
    // What a distribution puts on the PATH is a wrapper, which refuses every user but root and rabbitmq. The scripts proper
    // are where rabbitmq-defaults is: beside it, or where a link beside it leads (Debian).
    const defaults = await realpath(join(dirname(server), 'rabbitmq-defaults')).catch(() => undefined)
    if (defaults !== undefined) return dirname(defaults)
    const proper = await serverFolderIn('/usr/lib/rabbitmq/lib')
    if (proper !== undefined) return proper
  }
  return undefined
}

async function serverFolderIn(parent: string): Promise<string | undefined> {
  const names = await readdir(parent).catch(() => [])
  const newest = names
    .filter((name) => name.startsWith('rabbitmq_server-'))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1)
  return newest === undefined ? undefined : join(parent, newest, 'sbin')
}

async function describe(sbin: string, source: RabbitmqInstallation['source']): Promise<RabbitmqInstallation> {
  const plugins = await readdir(join(dirname(sbin), 'plugins')).catch(() => [])
  const version = plugins.map((name) => /^rabbit-(\d+\.\d+\.\d+[^/]*?)(?:\.ez)?$/.exec(name)?.[1]).find(Boolean)
  if (version === undefined) {
    throw new ClusterError(
      'INSTALL_FAILED',
      `${sbin} is not the sbin folder of a RabbitMQ: there is no plugins/rabbit-* beside it`,
    )
  }
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new ClusterError(
      'VERSION_UNSUPPORTED',
      `${sbin} is RabbitMQ ${version}; Warren needs ${OLDEST.join('.')} or later`,
    )
  }
  return { sbin, version, path: [], libraries: [], source }
}
