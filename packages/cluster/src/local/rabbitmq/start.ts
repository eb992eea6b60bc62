import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError, isClusterError } from '../../errors.ts'
import { giveTo, unprivilegedAccount } from '../account.ts'
import { installRabbitmq, type RabbitmqInstallation } from '../install/rabbitmq.ts'
import { seriesOf } from '../install/series.ts'
import { withLock } from '../processes/lock.ts'
import { ownerOf, releaseFromOwner } from '../processes/owner.ts'
import { type Place, removePlace, reservePlace } from '../processes/place.ts'
import { endServers } from '../processes/server.ts'
import { type Progress, silentProgress } from '../progress.ts'
import { Cluster } from './cluster.ts'
import { startEpmd } from './epmd.ts'
import { attachCluster, clustersFolder, readRecords } from './find.ts'
import { homeOf } from './host.ts'
import { checkRam, type HostsOptions, nodeNames } from './hosts.ts'
import { formCluster } from './join.ts'
import { nodeLog, prepareNode } from './node.ts'
import { placeNodes } from './placement.ts'
import { type ClusterRecord, clusterPaths, nodePaths, readClusterRecord, writeClusterRecord } from './record.ts'
import { createUsers, planUsers, type UserOptions } from './users.ts'

export interface ClusterOptions {
  /** What `openHome` returned. */
  readonly home: string
  /** How many nodes, `n1` and so on; 3 by default. */
  readonly nodes?: number
  /** Letters, digits, `-` and `_`. Without one the cluster is called `default`, or `default-2` if that is taken, and so on. */
  readonly name?: string
  /** A series of RabbitMQ, `4.3`, brought if need be; what `installRabbitmq` finds first by default. */
  readonly version?: string | undefined
  /** Beside rabbitmq_management, which always is enabled. */
  readonly plugins?: readonly string[]
  /** Lines for rabbitmq.conf: `{ vm_memory_high_watermark: '0.5' }`. */
  readonly config?: Readonly<Record<string, string | number | boolean>>
  /** Adds an amqps listener to each node. Texts in PEM. With `isPeerVerified` clients need a certificate too. */
  readonly tls?: TlsOptions
  /**
   * Every node becomes a host of its own: a network namespace with an address, a host name, a hosts file and a cookie, and
   * the usual ports. Hosts can be parted from each other. Needs root; nodes run unprivileged nevertheless.
   */
  readonly hosts?: HostsOptions
  /** Users beside the administrator, with all permissions in the default vhost. */
  readonly users?: readonly UserOptions[]
  /** The cluster ends and its data goes when this process does, also by SIGKILL; this process by default. */
  readonly ownerPid?: number
  /**
   * The cluster outlives this process, until `down()`; for the command line. One of that name and size whose nodes have all
   * stopped is started again with its data.
   */
  readonly isDetached?: boolean
  readonly onProgress?: Progress
}

export interface TlsOptions {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly isPeerVerified?: boolean
}

const FORM_TIMEOUT_MS = 120_000
const ATTEMPTS = 3
const ADMINISTRATOR = 'warren'

/**
 * Starts a cluster of private nodes, on free loopback ports or as hosts, and returns when all of them serve and see each
 * other. Brings RabbitMQ first if it is missing. Throws CLUSTER_EXISTS, CLUSTER_INVALID, CLUSTER_START_FAILED, what
 * `installRabbitmq` throws, and with `hosts` HOSTS_UNAVAILABLE, ADDRESSES_EXHAUSTED.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const onProgress = options.onProgress ?? silentProgress
  if (options.name !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(options.name)) {
    throw new ClusterError(
      'CLUSTER_INVALID',
      `"${options.name}" is no name for a cluster: letters, digits, - and _ only`,
    )
  }
  const size = options.nodes ?? 3
  if (!Number.isInteger(size) || size < 1 || size > 9) {
    throw new ClusterError('CLUSTER_INVALID', `${size} nodes cannot be started; choose 1 to 9`)
  }
  planUsers(options.users ?? [], ADMINISTRATOR)
  const installation = await installRabbitmq({ home: options.home, version: options.version, onProgress })
  if (options.hosts) checkRam(options.hosts, nodeNames(size), installation.version)
  const stopped = options.isDetached ? await findStopped(options, size) : undefined
  if (stopped) {
    onProgress(`cluster "${stopped.name}": starting its nodes again`)
    await stopped.start()
    return stopped
  }
  const place = await reserve(options)

  for (let attempt = 1; ; attempt++) {
    try {
      return new Cluster(await form(options, installation, place, size, onProgress))
    } catch (error) {
      await endServers(place.folder)
      // Between choosing a port and listening on it somebody else may take it.
      const canRetry = isClusterError(error) && error.details['isPortTaken'] === true && attempt < ATTEMPTS
      if (!canRetry) {
        await removePlace(place.folder)
        throw error
      }
      onProgress(`cluster "${place.name}": a port was taken meanwhile; trying others`)
    }
  }
}

/**
 * The cluster of that name: taken in hand if it is there, started otherwise. Callers that come at the same time, also from
 * other processes, share one start.
 */
export async function shareCluster(options: ClusterOptions & { readonly name: string }): Promise<Cluster> {
  return await withLock(join(options.home, 'locks', `cluster-${options.name}`), async () => {
    try {
      return await attachCluster(options)
    } catch (error) {
      if (!isClusterError(error, 'CLUSTER_UNKNOWN')) throw error
      return await startCluster(options)
    }
  })
}

/** A cluster that was to stay and whose nodes are all down, after `stop()` or a reboot: its data is still wanted. */
async function findStopped(options: ClusterOptions, size: number): Promise<Cluster | undefined> {
  const name = options.name ?? 'default'
  const record = (await readRecords(options.home)).find((candidate) => candidate.name === name)
  if (record?.nodes.length !== size || (await ownerOf(record.folder))) return undefined
  // Its data is of the version that wrote it.
  if (options.version !== undefined && seriesOf(record.installation.version) !== options.version) return undefined
  if ((record.network === undefined) !== (options.hosts === undefined)) return undefined
  const cluster = new Cluster(record)
  const { nodes } = await cluster.status()
  return nodes.every(({ state }) => state === 'stopped') ? cluster : undefined
}

async function reserve(options: ClusterOptions): Promise<Place> {
  const place = await reservePlace({
    parent: clustersFolder(options.home),
    name: options.name,
    // A cluster that is to stay is bound to this process until it is formed: an interrupted start leaves nothing behind.
    ownerPid: options.isDetached ? process.pid : (options.ownerPid ?? process.pid),
    isFinished: async (folder) => (await readClusterRecord(folder)) !== undefined,
  })
  if (place) return place
  throw new ClusterError(
    'CLUSTER_EXISTS',
    `there is a cluster "${options.name ?? ''}" already; use it, take it down, or choose another name`,
    { cluster: options.name },
  )
}

async function form(
  options: ClusterOptions,
  installation: RabbitmqInstallation,
  place: Place,
  size: number,
  onProgress: Progress,
): Promise<ClusterRecord> {
  const record = await plan(options, installation, place, size, onProgress)
  await prepare(record, options.tls)
  onProgress(
    `cluster "${record.name}": starting ${size} ${size === 1 ? 'node' : 'nodes'} of RabbitMQ ${installation.version}`,
  )
  try {
    await startEpmd(record)
    await formCluster(record, FORM_TIMEOUT_MS, onProgress)
    await createUsers(record)
  } catch (error) {
    const logs = await Promise.all(record.nodes.map((node) => nodeLog(record, node)))
    const isPortTaken = logs.some((log) => /eaddrinuse/i.test(log))
    throw new ClusterError(
      'CLUSTER_START_FAILED',
      `cluster "${record.name}" was not formed: ${error instanceof Error ? error.message : String(error)}`,
      { cluster: record.name, isPortTaken },
      error,
    )
  }
  if (options.isDetached) await releaseFromOwner(record.folder)
  return record
}

async function plan(
  options: ClusterOptions,
  installation: RabbitmqInstallation,
  place: Place,
  size: number,
  onProgress: Progress,
): Promise<ClusterRecord> {
  return {
    ...(await placeNodes({
      ...options,
      folder: place.folder,
      names: nodeNames(size),
      hasTls: options.tls !== undefined,
      onProgress,
    })),
    ...place,
    createdAt: new Date().toISOString(),
    installation,
    account: await unprivilegedAccount(),
    credentials: { username: ADMINISTRATOR, password: randomBytes(18).toString('base64url') },
    users: planUsers(options.users ?? [], ADMINISTRATOR),
    plugins: options.plugins ?? [],
    config: Object.entries(options.config ?? {}).map(([key, value]) => `${key} = ${value}`),
    isPeerVerified: options.tls?.isPeerVerified,
  }
}

async function prepare(record: ClusterRecord, tls: TlsOptions | undefined): Promise<void> {
  const paths = clusterPaths(record.folder)
  for (const node of record.nodes) {
    await rm(nodePaths(record, node).folder, { recursive: true, force: true })
    await prepareNode(record, node)
  }
  const homes = new Set(record.nodes.map((node) => homeOf(record, node)))
  for (const folder of [...homes, paths.temporary, ...(tls ? [paths.tls] : [])]) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await giveTo(record.account, folder)
  }
  // The same on every host, or they do not talk to each other.
  const cookie = randomBytes(24).toString('base64url')
  const secrets: [string, string][] = [...homes].map((home) => [join(home, '.erlang.cookie'), cookie])
  if (tls) {
    for (const part of ['ca', 'cert', 'key'] as const) secrets.push([join(paths.tls, `${part}.pem`), tls[part]])
  }
  for (const [file, content] of secrets) {
    // Erlang refuses a cookie that others may read, and writes are refused to the file of an earlier attempt.
    await rm(file, { force: true })
    await writeFile(file, content, { mode: 0o400 })
    await giveTo(record.account, file)
  }
  await writeClusterRecord(record)
}
