import type { Cluster, ClusterNode } from '@warren/cluster/local'
import { isManagementError } from '@warren/cluster/local'

/** What the management API tells of a node. */
export interface ObservedNode {
  /** A RAM node keeps metadata in memory alone. */
  readonly type: 'disc' | 'ram' | null
  readonly memoryBytes: number | null
  readonly memoryLimitBytes: number | null
  readonly alarms: readonly ('memory' | 'disk')[]
  /** Nodes that this one has lost sight of. */
  readonly partitions: readonly string[]
}

export interface Observed {
  /** By the node's name; empty when no node answers. */
  readonly nodes: ReadonlyMap<string, ObservedNode>
  /** Null when no node answers. */
  readonly isAlarmed: boolean | null
}

interface NodeStatistics {
  readonly name: string
  readonly type?: 'disc' | 'ram'
  readonly mem_used?: number
  readonly mem_limit?: number
  readonly mem_alarm?: boolean
  readonly disk_free_alarm?: boolean
  readonly partitions?: readonly string[]
}

// While one node is frozen the others answer everything but health checks only when they have given it up (measured on
// 3.10: more than 8 s). What the processes tell should not wait for that.
const TIMEOUT_MS = 1500

/** Asks the first node that answers how all of them are. */
export async function observe(cluster: Cluster, running: readonly ClusterNode[]): Promise<Observed> {
  const columns = 'name,type,mem_used,mem_limit,mem_alarm,disk_free_alarm,partitions'
  const [statistics, isAlarmed] = await Promise.all([
    ask<readonly NodeStatistics[]>(cluster, `nodes?columns=${columns}`),
    alarmed(cluster),
  ])
  const observed = running.map(async (node) => {
    const seen = statistics?.find(({ name }) => name === node.erlangName)
    if (seen === undefined) return null
    const told: ObservedNode = {
      type: seen.type ?? null,
      memoryBytes: seen.mem_used ?? (await memoryOf(cluster, node)),
      memoryLimitBytes: seen.mem_limit ?? null,
      alarms: [
        ...(seen.mem_alarm === true ? ['memory' as const] : []),
        ...(seen.disk_free_alarm === true ? ['disk' as const] : []),
      ],
      partitions: seen.partitions ?? [],
    }
    return [node.name, told] as const
  })
  return { nodes: new Map((await Promise.all(observed)).filter((each) => each !== null)), isAlarmed }
}

/** Nodes publish statistics every 5 s: a node that has just started has none yet. This asks the node itself. */
async function memoryOf(cluster: Cluster, node: ClusterNode): Promise<number | null> {
  const path = `nodes/${encodeURIComponent(node.erlangName)}/memory`
  const answer = await ask<{ memory?: { total?: { rss?: number } } }>(cluster, path)
  return answer?.memory?.total?.rss ?? null
}

/** Unlike the statistics, the health check knows at once. */
async function alarmed(cluster: Cluster): Promise<boolean | null> {
  try {
    await cluster.management('health/checks/alarms', { timeoutMs: TIMEOUT_MS })
    return false
  } catch (error) {
    if (isManagementError(error)) return error.details['status'] === 503 ? true : null
    throw error
  }
}

async function ask<Answer>(cluster: Cluster, path: string): Promise<Answer | undefined> {
  try {
    return await cluster.management<Answer>(path, { timeoutMs: TIMEOUT_MS })
  } catch (error) {
    // The processes can still be told of.
    if (isManagementError(error)) return undefined
    throw error
  }
}
