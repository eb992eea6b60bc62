import { listClusters } from '@warren/cluster/local'
import type { Command } from 'commander'
import { sessionOf } from '../../session.ts'
import type { ClusterNameOptions } from './home.ts'
import { addNameOption, chosenCluster, clusterHome } from './home.ts'

interface DownOptions extends ClusterNameOptions {
  readonly all?: true
}

export function addClusterDown(parent: Command): void {
  const command = parent
    .command('down')
    .summary('end a cluster and remove its data')
    .description('Ends all nodes of a cluster and removes their data.')
    .option('-a, --all', 'all clusters of this project')
  addNameOption(command).addHelpText('after', '\nExample:\n  $ warren cluster down').action(down)
}

async function down(options: DownOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const clusters =
    options.all === true
      ? await listClusters({ home: await clusterHome(session) })
      : [await chosenCluster(session, options)]
  for (const cluster of clusters) {
    session.output.note(`ending cluster "${cluster.name}"`)
    await cluster.down()
  }
  const removed = clusters.map(({ name }) => name)
  session.output.result({ removed }, () =>
    removed.length === 0 ? 'no clusters' : removed.map((name) => `cluster "${name}" is gone`).join('\n'),
  )
}
