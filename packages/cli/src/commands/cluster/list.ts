import type { ClusterStatus } from '@warren/cluster/local'
import { listClusters } from '@warren/cluster/local'
import type { Command } from 'commander'
import { sessionOf } from '../../session.ts'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'
import { showTime } from '../../times.ts'
import { clusterHome } from './home.ts'

export function addClusterList(parent: Command): void {
  parent
    .command('list')
    .summary('which clusters there are')
    .description('Shows the clusters of this project, also those whose nodes have stopped.')
    .addHelpText('after', '\nExample:\n  $ warren cluster list')
    .action(list)
}

interface Row extends Omit<ClusterStatus, 'nodes' | 'sides'> {
  readonly sides: readonly (readonly string[])[] | null
  readonly nodes: number
  readonly running: number
}

async function list(_options: unknown, command: Command): Promise<void> {
  const session = sessionOf(command)
  const found = await listClusters({ home: await clusterHome(session) })
  const clusters = (await Promise.all(found.map((cluster) => cluster.status()))).map(
    ({ nodes, sides, ...rest }): Row => ({
      ...rest,
      sides: sides ?? null,
      nodes: nodes.length,
      running: nodes.filter(({ state }) => state === 'running').length,
    }),
  )
  session.output.result({ clusters }, () => (clusters.length === 0 ? 'no clusters' : table(columns, clusters)))
}

const columns: readonly Column<Row>[] = [
  { heading: 'cluster', cell: (row) => row.name },
  { heading: 'running', cell: (row) => `${row.running} of ${row.nodes}` },
  { heading: 'addresses', cell: (row) => (row.kind === 'hosts' ? `hosts in ${row.addresses}` : row.addresses) },
  { heading: 'version', cell: (row) => row.version },
  { heading: 'created', cell: (row) => showTime(row.createdAt) },
  { heading: 'folder', cell: (row) => row.folder },
]
