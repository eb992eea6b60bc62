import type { Cluster, ClusterKind, NodeState } from '@warren/cluster/local'
import { redactText } from '@warren/cluster/redaction'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'
import type { ObservedNode } from './observed.ts'
import { observe } from './observed.ts'

/** One node as its process and the management API see it. */
export interface NodeReport extends ObservedNode {
  readonly name: string
  readonly erlangName: string
  readonly address: string
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
  /** Nodes share this machine's loopback interface, or are hosts of their own. */
  readonly kind: ClusterKind
  readonly addresses: string
  /** Set while hosts are parted from each other. */
  readonly sides: readonly (readonly string[])[] | null
  /** The user of the nodes and their management pages; the password only when it was asked for. */
  readonly credentials: { readonly username: string; readonly password?: string }
  readonly users: readonly { readonly username: string; readonly tags: readonly string[]; readonly password?: string }[]
  /** A memory or disk alarm blocks the publishers of the whole cluster. Null when no node answers. */
  readonly isAlarmed: boolean | null
  readonly nodes: readonly NodeReport[]
}

const unobserved: ObservedNode = { type: null, memoryBytes: null, memoryLimitBytes: null, alarms: [], partitions: [] }

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
    sides: status.sides ?? null,
    credentials: { username, ...(options.showPasswords === true ? { password } : {}) },
    users: cluster.users.map((user) => ({
      username: user.username,
      tags: user.tags,
      ...(options.showPasswords === true ? { password: user.password } : {}),
    })),
    isAlarmed: observed.isAlarmed,
    nodes: nodes.map((node) => ({
      name: node.name,
      erlangName: node.erlangName,
      address: node.address,
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

/** True when every node serves and sees the others, nothing parts them, and no alarm is raised. */
export function isHealthy(report: ClusterReport): boolean {
  return (
    report.isAlarmed === false &&
    report.sides === null &&
    report.nodes.every(({ state, partitions }) => state === 'running' && partitions.length === 0)
  )
}

export function describeCluster(report: ClusterReport): string {
  const { username, password } = report.credentials
  return [
    table(report.kind === 'hosts' ? hostColumns : columns, report.nodes),
    ...(report.sides === null
      ? []
      : ['', `Parted: ${report.sides.map((side) => side.join(' ')).join(' | ')}; "warren cluster heal" ends it.`]),
    ...(report.isAlarmed === true ? ['', 'An alarm is raised: publishers are blocked.'] : []),
    ...(password === undefined ? [] : ['', `user ${username}, password ${password}`]),
    ...(password === undefined && report.users.length > 0 ? [''] : []),
    ...report.users.map(
      (user) =>
        `user ${user.username}, ${user.tags.join(' ') || 'no tags'}${user.password === undefined ? '' : `, password ${user.password}`}`,
    ),
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

const hostColumns: readonly Column<NodeReport>[] = [
  ...columns.slice(0, 1),
  { heading: 'erlang name', cell: (node) => node.erlangName },
  { heading: 'type', cell: (node) => node.type ?? '' },
  ...columns.slice(1),
]

function megabytes(bytes: number | null): string {
  return bytes === null ? '' : `${Math.round(bytes / 2 ** 20)} MiB`
}
