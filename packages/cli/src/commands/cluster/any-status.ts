import { brokenLinks } from '@warren/cluster'
import type { LinkReading, NodeReading, StatusReading } from '@warren/cluster'
import { visible } from '../../output.ts'
import type { Column } from '../../table.ts'
import { emphasised, section, table } from '../../table.ts'

/** Nodes and links of any cluster, as its management API tells of them. */
export interface AnyClusterReport {
  readonly name: string
  readonly product: string
  readonly version: string
  /** Null when neither the version nor a feature flag that the user may see tells. */
  readonly metadataStore: string | null
  readonly endpoint: string
  /** Null when the user may not look at nodes. */
  readonly nodes: readonly NodeReport[] | null
  /** Null when no plugin tells of links. */
  readonly links: readonly LinkReading[] | null
  readonly notRead: StatusReading['notRead']
}

interface NodeReport extends NodeReading {
  readonly version: string | null
}

export function reportAny({ endpoint, broker, nodes, links, notRead }: StatusReading): AnyClusterReport {
  const versions = new Map(broker.nodes.map(({ name, version }) => [name, version]))
  return {
    name: broker.clusterName,
    product: broker.product,
    version: broker.version,
    metadataStore: broker.metadataStore ?? null,
    endpoint,
    nodes: nodes?.map((node) => ({ ...node, version: versions.get(node.name) ?? null })) ?? null,
    links: links ?? null,
    notRead,
  }
}

/** True when every node is known to run, without an alarm, and sees the others, and every link runs. */
export function isWell({ nodes, links }: AnyClusterReport): boolean {
  return (
    nodes !== null &&
    nodes.every((node) => node.isRunning && troubles(node).length === 0) &&
    brokenLinks(links ?? []).length === 0
  )
}

export function describeAny(report: AnyClusterReport): string {
  const { name, product, version, metadataStore, nodes, links, notRead } = report
  const store = metadataStore === null ? '' : `, metadata in ${metadataStore}`
  // A plugin that is not enabled has no links to tell of.
  const refused = notRead.filter(({ kind }) => kind !== 'absent')
  return [
    `${emphasised('Cluster')} ${visible(name)}, ${product} ${version}${store}`,
    ...(nodes === null ? [] : ['', table(nodeColumns, nodes)]),
    ...(links === null || links.length === 0 ? [] : ['', section('Links', table(linkColumns, links))]),
    ...(refused.length === 0
      ? []
      : ['', ...refused.map(({ part, reason }) => visible(`not read: ${part}: ${reason}`))]),
  ].join('\n')
}

function troubles(node: NodeReading): readonly string[] {
  return [
    ...(node.hasMemoryAlarm ? ['memory'] : []),
    ...(node.hasDiskAlarm ? ['disk'] : []),
    ...node.partitions.map((other) => `lost ${other}`),
  ]
}

const nodeColumns: readonly Column<NodeReport>[] = [
  { heading: 'node', cell: ({ name }) => name },
  { heading: 'type', cell: ({ type }) => type ?? '' },
  { heading: 'state', cell: (node) => (node.isRunning ? (node.isInMaintenance ? 'maintenance' : 'running') : 'down') },
  { heading: 'version', cell: ({ version }) => version ?? '' },
  {
    heading: 'memory',
    cell: ({ memory }) => (memory === undefined ? '' : of(memory.used, memory.limit)),
    align: 'right',
  },
  { heading: 'disk free', cell: ({ disk }) => (disk === undefined ? '' : megabytes(disk.freeBytes)), align: 'right' },
  { heading: 'alarms', cell: (node) => troubles(node).join(' ') },
]

const linkColumns: readonly Column<LinkReading>[] = [
  { heading: 'kind', cell: ({ kind }) => kind },
  { heading: 'vhost', cell: ({ vhost }) => vhost },
  { heading: 'name', cell: ({ name }) => name },
  { heading: 'node', cell: ({ node }) => node ?? '' },
  { heading: 'state', cell: ({ state }) => state },
  { heading: 'reason', cell: ({ reason }) => reason ?? '' },
]

function of(used: number, limit: number): string {
  return `${megabytes(used)} of ${megabytes(limit)}`
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
