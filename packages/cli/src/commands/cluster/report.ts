import type { Cluster, NodeState } from '@warren/cluster/local'
import { redactText } from '@warren/cluster/redaction'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'
import type { ObservedNode } from './observed.ts'
import { observe } from './observed.ts'

/** One node as its process and the management API see it. */
export interface NodeReport extends ObservedNode {
  readonly name: string
  readonly state: NodeState
  readonly pid: number | null
  readonly version: string
  readonly amqpUrl: string
  readonly amqpsUrl: string | null
  readonly managementUrl: string
}

export interface ClusterReport {
  readonly name: string
  readonly version: string
  readonly folder: string
  readonly createdAt: Date
  /** The user of the nodes and their management pages; the password only when it was asked for. */
  readonly credentials: { readonly username: string; readonly password?: string }
  /** A memory or disk alarm blocks the publishers of the whole cluster. Null when no node answers. */
  readonly isAlarmed: boolean | null
  readonly nodes: readonly NodeReport[]
}

const unobserved: ObservedNode = { memoryBytes: null, memoryLimitBytes: null, alarms: [], partitions: [] }

export async function reportCluster(
  cluster: Cluster,
  options: { readonly showPasswords?: true } = {},
): Promise<ClusterReport> {
  const shown = options.showPasswords === true ? (url: string) => url : redactText
  const { nodes, ...status } = await cluster.status()
  const running = nodes.filter(({ state }) => state === 'running')
  const observed = await observe(cluster, running)
  const { username, password } = cluster.credentials
  return {
    ...status,
    credentials: { username, ...(options.showPasswords === true ? { password } : {}) },
    isAlarmed: observed.isAlarmed,
    nodes: nodes.map((node) => ({
      name: node.name,
      state: node.state,
      pid: node.pid ?? null,
      version: status.version,
      amqpUrl: shown(node.amqpUrl),
      amqpsUrl: node.amqpsUrl === undefined ? null : shown(node.amqpsUrl),
      managementUrl: node.managementUrl,
      ...(observed.nodes.get(node.name) ?? unobserved),
    })),
  }
}

/** True when every node serves and sees the others, and no alarm is raised. */
export function isHealthy(report: ClusterReport): boolean {
  return (
    report.isAlarmed === false &&
    report.nodes.every(({ state, partitions }) => state === 'running' && partitions.length === 0)
  )
}

export function describeCluster(report: ClusterReport): string {
  const { username, password } = report.credentials
  return [
    table(columns, report.nodes),
    ...(report.isAlarmed === true ? ['', 'An alarm is raised: publishers are blocked.'] : []),
    ...(password === undefined ? [] : ['', `user ${username}, password ${password}`]),
  ].join('\n')
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
