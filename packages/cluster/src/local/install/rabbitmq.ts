import { readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { runCommand } from '../processes/command.ts'
import { withLock } from '../processes/lock.ts'
import { type Progress, silentProgress } from '../progress.ts'
import { refusal, thisDistribution } from './distribution.ts'
import { exists, libraryFolders, unpackPackages } from './packages.ts'

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
  /** Pass over what is on this machine; `WARREN_IGNORE_SYSTEM=1` by default. */
  readonly isSystemIgnored?: boolean
}

const OLDEST = [3, 10] as const

/**
 * Finds a RabbitMQ, or brings one without root: the folder in `WARREN_RABBITMQ_SBIN`, else one on this machine, else
 * Debian's packages unpacked into `<home>/rabbitmq`, which takes seconds once and nothing afterwards.
 * Throws INSTALL_UNSUPPORTED with the commands to type, INSTALL_FAILED, VERSION_UNSUPPORTED.
 */
export async function installRabbitmq(options: InstallOptions): Promise<RabbitmqInstallation> {
  const onProgress = options.onProgress ?? silentProgress
  const setting = process.env['WARREN_RABBITMQ_SBIN']
  if (setting) return await describe(await realpath(setting), 'setting')

  const isSystemIgnored = options.isSystemIgnored ?? process.env['WARREN_IGNORE_SYSTEM'] === '1'
  const found = isSystemIgnored ? undefined : await findOnMachine()
  if (found !== undefined) return await describe(found, 'machine')

  const tree = join(options.home, 'rabbitmq')
  if (!(await exists(tree))) {
    const distribution = await thisDistribution()
    if (distribution !== 'debian') {
      throw new ClusterError('INSTALL_UNSUPPORTED', refusal('RabbitMQ', distribution), { distribution })
    }
    await withLock(
      `${tree}.lock`,
      async () => {
        if (!(await exists(tree))) await unpack(tree, onProgress)
      },
      () => onProgress('RabbitMQ: another process is unpacking it'),
    )
  }
  const sbin = await serverFolderIn(join(tree, 'usr/lib/rabbitmq/lib'))
  if (sbin === undefined) throw new ClusterError('INSTALL_FAILED', `${tree} holds no RabbitMQ; remove it and try again`)
  return {
    ...(await describe(sbin, 'packages')),
    path: [join(tree, 'usr/lib/erlang/bin')],
    libraries: await libraryFolders(tree),
  }
}

async function unpack(tree: string, onProgress: Progress): Promise<void> {
  await unpackPackages({
    title: 'RabbitMQ',
    folder: tree,
    onProgress,
    packages: () => Promise.resolve({ names: ['rabbitmq-server'], includes: /^erlang-/ }),
    finish: async (unfinished) => {
      await relocateErlang(unfinished)
      await proveErlang(unfinished)
    },
  })
}

/**
 * Debian's `erl` names its place in absolute terms; let it find out, so that the tree can be moved. There are two: nodes
 * have the second one first on their PATH, and start helpers with it (from 4.0, to find each other).
 */
async function relocateErlang(tree: string): Promise<void> {
  for (const [erl, toRoot] of await erlScripts(tree)) {
    const script = await readFile(erl, 'utf8')
    const place = `ROOTDIR="$(cd "$(dirname "$(readlink -f "$0")")/${toRoot}" && pwd)"`
    await writeFile(erl, script.replace(/ROOTDIR="?\/usr\/lib\/erlang"?/g, place))
  }
}

/** Better to learn here than from a broker's log that a library is missing. */
async function proveErlang(tree: string): Promise<void> {
  const libraries = await libraryFolders(tree)
  const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') }
  for (const [erl] of await erlScripts(tree)) {
    await runCommand(erl, ['-noinput', '-boot', 'start_clean', '-eval', 'ok = crypto:start(), halt().'], { env })
  }
}

async function erlScripts(tree: string): Promise<(readonly [path: string, toRoot: string])[]> {
  const root = join(tree, 'usr/lib/erlang')
  const runtimes = (await readdir(root)).filter((name) => name.startsWith('erts-'))
  return [[join(root, 'bin/erl'), '..'], ...runtimes.map((name) => [join(root, name, 'bin/erl'), '../..'] as const)]
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
