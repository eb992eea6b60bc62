import type { Cluster, NodeState } from '@warren/cluster/local'
import { isClusterError } from '@warren/cluster/local'
import { maskPasswords } from '../../mask.ts'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'

/** One node as its process and the management API see it. */
export interface NodeReport {
  readonly name: string
  readonly state: NodeState
  readonly pid: number | null
  readonly version: string
  readonly amqpUrl: string
  readonly amqpsUrl: string | null
  readonly managementUrl: string
  /** Null where no node tells, because it is away. */
  readonly memoryBytes: number | null
  readonly memoryLimitBytes: number | null
  readonly alarms: readonly ('memory' | 'disk')[]
  /** Nodes that this one has lost sight of. */
  readonly partitions: readonly string[]
}

export interface ClusterReport {
  readonly name: string
  readonly version: string
  readonly folder: string
  readonly createdAt: Date
  /** The user of the nodes and their management pages; the password only when it was asked for. */
  readonly credentials: { readonly username: string; readonly password?: string }
  readonly nodes: readonly NodeReport[]
}

/** What the management API tells of a node. */
interface ManagedNode {
  readonly name: string
  readonly running: boolean
  readonly mem_used?: number
  readonly mem_limit?: number
  readonly mem_alarm?: boolean
  readonly disk_free_alarm?: boolean
  readonly partitions?: readonly string[]
}

const MANAGEMENT_TIMEOUT_MS = 5000

export async function reportCluster(
  cluster: Cluster,
  options: { readonly showPasswords?: true } = {},
): Promise<ClusterReport> {
  const shown = options.showPasswords === true ? (url: string) => url : maskPasswords
  const [status, managed] = await Promise.all([cluster.status(), managedNodes(cluster)])
  const { username, password } = cluster.credentials
  return {
    name: status.name,
    version: status.version,
    folder: status.folder,
    createdAt: status.createdAt,
    credentials: { username, ...(options.showPasswords === true ? { password } : {}) },
    nodes: status.nodes.map((node) => {
      const seen = node.state === 'running' ? managed.find(({ name }) => name === node.erlangName) : undefined
      return {
        name: node.name,
        state: node.state,
        pid: node.pid ?? null,
        version: status.version,
        amqpUrl: shown(node.amqpUrl),
        amqpsUrl: node.amqpsUrl === undefined ? null : shown(node.amqpsUrl),
        managementUrl: node.managementUrl,
        memoryBytes: seen?.mem_used ?? null,
        memoryLimitBytes: seen?.mem_limit ?? null,
        alarms: [
          ...(seen?.mem_alarm === true ? ['memory' as const] : []),
          ...(seen?.disk_free_alarm === true ? ['disk' as const] : []),
        ],
        partitions: seen?.partitions ?? [],
      }
    }),
  }
}

/** Empty when no node answers: the processes can still be told of. */
async function managedNodes(cluster: Cluster): Promise<readonly ManagedNode[]> {
  const columns = 'name,running,mem_used,mem_limit,mem_alarm,disk_free_alarm,partitions'
  try {
    return await cluster.management<ManagedNode[]>(`nodes?columns=${columns}`, { timeoutMs: MANAGEMENT_TIMEOUT_MS })
  } catch (error) {
    if (isClusterError(error, 'MANAGEMENT_FAILED')) return []
    throw error
  }
}

/** True when every node serves, without an alarm, and sees the others. */
export function isHealthy(report: ClusterReport): boolean {
  return report.nodes.every(
    ({ state, alarms, partitions }) => state === 'running' && alarms.length === 0 && partitions.length === 0,
  )
}

export function describeCluster(report: ClusterReport): string {
  const { password } = report.credentials
  const login = password === undefined ? '' : `\n\nuser ${report.credentials.username}, password ${password}`
  return table(columns, report.nodes) + login
}

const columns: readonly Column<NodeReport>[] = [
  { heading: 'node', cell: (node) => node.name },
  { heading: 'state', cell: (node) => node.state },
  { heading: 'pid', cell: (node) => node.pid ?? '', align: 'right' },
  { heading: 'version', cell: (node) => node.version },
  { heading: 'amqp', cell: (node) => node.amqpUrl },
  { heading: 'management', cell: (node) => node.managementUrl },
  { heading: 'memory', cell: (node) => megabytes(node.memoryBytes), align: 'right' },
  { heading: 'alarms', cell: (node) => [...node.alarms, ...node.partitions.map((other) => `lost ${other}`)].join(' ') },
]

function megabytes(bytes: number | null): string {
  return bytes === null ? '' : `${Math.round(bytes / 2 ** 20)} MiB`
}
