import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError, isClusterError, isManagementError } from '../../errors.ts'
import { giveTo } from '../account.ts'
import { lastLines, runCommand } from '../processes/command.ts'
import { freeze, isAlive, signal, stateOf } from '../processes/identity.ts'
import { isListening } from '../processes/ports.ts'
import { findServer, startServer, waitForEnd } from '../processes/server.ts'
import { until } from '../processes/until.ts'
import { hostOf, hostsFile } from './host.ts'
import { askManagement, managementOf } from './management.ts'
import { addressOf, type ClusterRecord, erlangName, nodePaths, type NodeRecord } from './record.ts'
import { enabledPlugins, nodeConfiguration, nodeEnvironment } from './settings.ts'

/** `starting`: the process runs, its AMQP port is not open yet (or closed, while a minority pauses itself). */
export type NodeState = 'running' | 'starting' | 'paused' | 'stopped'

/** Writes the files that a node needs before its first start. */
export async function prepareNode(cluster: ClusterRecord, node: NodeRecord): Promise<void> {
  const paths = nodePaths(cluster, node)
  for (const folder of [paths.folder, paths.data, paths.logs]) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await giveTo(cluster.account, folder)
  }
  for (const [file, content] of [
    [paths.config, nodeConfiguration(cluster, node)],
    [paths.plugins, enabledPlugins(cluster.plugins)],
    [join(paths.folder, 'advanced.config'), '[].\n'],
  ] as const) {
    await writeFile(file, content, { mode: 0o600 })
    await giveTo(cluster.account, file)
  }
  // Resolving names is everybody's business: also of programs that run there as another user.
  if (node.host) await writeFile(paths.hosts, hostsFile(cluster), { mode: 0o644 })
}

/** Starts the process of a node; use `waitUntilReady` to know when it serves. Does nothing if it is alive. */
export async function launchNode(cluster: ClusterRecord, node: NodeRecord): Promise<void> {
  if (await isAlive(await findServer(cluster.folder, node.name))) return
  await startServer({
    folder: cluster.folder,
    name: node.name,
    ...hostOf(cluster, node).launch({
      program: join(cluster.installation.sbin, 'rabbitmq-server'),
      args: [],
      account: cluster.account,
    }),
    env: nodeEnvironment(cluster, node),
    outputFile: nodePaths(cluster, node).outputFile,
  })
}

/**
 * Waits until a node takes AMQP connections, and, if `members` is given, sees so many running nodes in its cluster.
 * Throws NODE_START_FAILED with the end of its log if it ends or the time is up.
 */
export async function waitUntilReady(
  cluster: ClusterRecord,
  node: NodeRecord,
  options: { readonly members?: number; readonly timeoutMs: number },
): Promise<void> {
  const { members, timeoutMs } = options
  const outcome = await until(
    async () => {
      if (!(await isAlive(await findServer(cluster.folder, node.name)))) return 'ended'
      if (!(await isListening(node.amqpPort, addressOf(node)))) return false
      if (!(await hasMembers(cluster, node, members))) return false
      return hasStarted(await nodeLog(cluster, node)) && 'ready'
    },
    timeoutMs,
    100,
  )
  if (outcome === 'ready') return
  const how = outcome === 'ended' ? 'ended while it started' : `was not ready after ${timeoutMs / 1000} s`
  throw new ClusterError(
    'NODE_START_FAILED',
    `node ${node.name} of cluster "${cluster.name}" ${how}; its log ends with:\n${lastLines(await nodeLog(cluster, node), 25)}`,
    { cluster: cluster.name, node: node.name, hasEnded: outcome === 'ended' },
  )
}

// Nodes that start at the same time may trip over each other while they compare feature flags: seen on 4.0.5, where one of
// three ended with {error,{node_not_running,…}}. Started again it finds the others up.
const START_ATTEMPTS = 3

/** Starts a node with the data it has and waits until it serves. Throws NODE_START_FAILED. */
export async function startNode(cluster: ClusterRecord, node: NodeRecord, timeoutMs: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await launchNode(cluster, node)
    try {
      await waitUntilReady(cluster, node, { timeoutMs })
      return
    } catch (error) {
      const canRetry = isClusterError(error, 'NODE_START_FAILED') && error.details['hasEnded'] === true
      if (!canRetry || attempt === START_ATTEMPTS) throw error
    }
  }
}

async function hasMembers(cluster: ClusterRecord, node: NodeRecord, members: number | undefined): Promise<boolean> {
  const client = managementOf(cluster, [node])
  try {
    if (members === undefined) {
      // Says that the management API is up. The list of nodes would make it ask all others, and wait for a frozen one.
      await askManagement(client, 'whoami')
      return true
    }
    const nodes = await askManagement<{ running: boolean }[]>(client, 'nodes')
    return nodes.filter(({ running }) => running).length === members
  } catch (error) {
    if (isManagementError(error)) return false
    throw error
  }
}

/**
 * True when the last start that a log tells of is complete. Until shortly before, which is up to 0.3 s after its ports have
 * opened, other nodes may not count a node as running (seen on 4.3.6). A log that holds errors only tells of no start and is no reason to wait.
 */
export function hasStarted(log: string): boolean {
  const start = log.lastIndexOf(' Starting RabbitMQ ')
  return start === -1 || log.includes('Server startup complete', start)
}

/** Waits until other nodes can join this one, which is earlier than it is ready. Returns also when the time is up. */
export async function waitUntilFounded(cluster: ClusterRecord, node: NodeRecord, timeoutMs: number): Promise<void> {
  await until(
    async () => {
      if (!(await isAlive(await findServer(cluster.folder, node.name)))) return true
      // The steps run in order: when the core is initialized, the tables of the database are there.
      const log = await nodeLog(cluster, node)
      return /Running boot step core_initialized|Server startup complete/.test(log)
    },
    timeoutMs,
    50,
  )
}

/** Ends a node the orderly way: it leaves its queues' leadership to others. Throws NODE_STOP_FAILED after `timeoutMs`. */
export async function stopNode(cluster: ClusterRecord, node: NodeRecord, timeoutMs: number): Promise<void> {
  const identity = await findServer(cluster.folder, node.name)
  if (!identity || !(await signal(identity, 'SIGTERM'))) return
  await signal(identity, 'SIGCONT')
  if (await waitForEnd(identity, timeoutMs)) return
  throw new ClusterError(
    'NODE_STOP_FAILED',
    `node ${node.name} of cluster "${cluster.name}" did not end within ${timeoutMs / 1000} s; "kill" it, or look at its log`,
    { cluster: cluster.name, node: node.name },
  )
}

/** SIGKILL, and returns when the process is gone. */
export async function killNode(cluster: ClusterRecord, node: NodeRecord): Promise<void> {
  const identity = await findServer(cluster.folder, node.name)
  if (identity && (await signal(identity, 'SIGKILL'))) await waitForEnd(identity, 10_000)
}

/** Freezes a node: its connections stay open and nothing answers. Throws NODE_STOPPED if it is not running. */
export async function pauseNode(cluster: ClusterRecord, node: NodeRecord): Promise<void> {
  await freezeLive(cluster, node, 'paused')
}

export async function resumeNode(cluster: ClusterRecord, node: NodeRecord): Promise<void> {
  await freezeLive(cluster, node, 'running')
}

async function freezeLive(cluster: ClusterRecord, node: NodeRecord, state: 'paused' | 'running'): Promise<void> {
  if (await freeze(await findServer(cluster.folder, node.name), state)) return
  throw new ClusterError(
    'NODE_STOPPED',
    `node ${node.name} of cluster "${cluster.name}" is not running; start it first`,
    {
      cluster: cluster.name,
      node: node.name,
    },
  )
}

export async function nodeState(cluster: ClusterRecord, node: NodeRecord): Promise<NodeState> {
  const state = await stateOf(await findServer(cluster.folder, node.name))
  if (state === 'ended') return 'stopped'
  if (state === 'paused') return 'paused'
  return (await isListening(node.amqpPort, addressOf(node))) ? 'running' : 'starting'
}

/** The node's log; what it printed before it could open one comes first. */
export async function nodeLog(cluster: ClusterRecord, node: NodeRecord): Promise<string> {
  const paths = nodePaths(cluster, node)
  const texts = [paths.outputFile, paths.logFile].map((path) => readFile(path, 'utf8').catch(() => ''))
  return (await Promise.all(texts)).join('')
}

/** Runs a command-line tool of the installation on a node and returns what it prints. */
export async function runTool(
  cluster: ClusterRecord,
  node: NodeRecord,
  tool: string,
  args: readonly string[],
): Promise<string> {
  const {
    program,
    args: all,
    account,
  } = hostOf(cluster, node).launch({
    program: join(cluster.installation.sbin, tool),
    args: ['--node', erlangName(node), ...args],
    account: cluster.account,
  })
  const title = `${tool} ${args[0] ?? ''} on node ${node.name}`
  return await runCommand(program, all, { account, env: nodeEnvironment(cluster, node), title })
}
