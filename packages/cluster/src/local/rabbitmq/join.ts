import type { Progress } from '../progress.ts'
import { launchNode, runTool, waitUntilFounded, waitUntilReady } from './node.ts'
import { type ClusterRecord, erlangName, type NodeRecord } from './record.ts'

/** Starts all nodes and makes them one cluster, as its record says. Throws NODE_START_FAILED, COMMAND_FAILED. */
export async function formCluster(cluster: ClusterRecord, timeoutMs: number, onProgress: Progress): Promise<void> {
  if (cluster.joining === 'join-cluster') await foundAndJoin(cluster, timeoutMs, onProgress)
  else await discoverPeers(cluster, timeoutMs)
  const members = cluster.nodes.length
  await Promise.all(cluster.nodes.map((node) => waitUntilReady(cluster, node, { members, timeoutMs })))
}

async function discoverPeers(cluster: ClusterRecord, timeoutMs: number): Promise<void> {
  const [first, ...others] = cluster.nodes
  if (first) {
    await launchNode(cluster, first)
    await waitUntilFounded(cluster, first, timeoutMs)
  }
  await Promise.all(others.map((node) => launchNode(cluster, node)))
}

/** What the guide tells to type: each node is founded, then all but the first give up what they are and join the first. */
async function foundAndJoin(cluster: ClusterRecord, timeoutMs: number, onProgress: Progress): Promise<void> {
  await Promise.all(cluster.nodes.map((node) => launchNode(cluster, node)))
  await Promise.all(cluster.nodes.map((node) => waitUntilReady(cluster, node, { timeoutMs })))
  const [first, ...others] = cluster.nodes
  if (!first) return
  // One after the other: two that join at the same time wait for each other's lock, and one may give up.
  for (const node of others) {
    for (const command of joinCommands(node, first)) {
      onProgress(`${node.name}: rabbitmqctl ${command.join(' ')}`)
      await runTool(cluster, node, 'rabbitmqctl', command)
    }
  }
}

/** `reset` before it joins: needed up to 4.0, harmless afterwards. The node's own data is gone with either. */
export function joinCommands(node: Pick<NodeRecord, 'isRam'>, first: Pick<NodeRecord, 'name' | 'host'>): string[][] {
  return [
    ['stop_app'],
    ['reset'],
    ['join_cluster', ...(node.isRam === true ? ['--ram'] : []), erlangName(first)],
    ['start_app'],
  ]
}
