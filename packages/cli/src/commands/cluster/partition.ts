import type { Command } from 'commander'
import { sessionOf } from '../../session.ts'
import type { ClusterNameOptions } from './home.ts'
import { addNameOption, chosenCluster } from './home.ts'
import { describeCluster, reportCluster } from './report.ts'

/** `partition` and `heal`: both show the cluster afterwards, as it is at that moment. */
export function addClusterPartition(parent: Command): void {
  const partitionCommand = parent
    .command('partition')
    .summary('part hosts from each other')
    .description(
      'Parts the hosts of a cluster that was started with --hosts. Each argument is a side: nodes with commas between them; nodes that no argument names are one more side. What one side sends to another is dropped in silence, both ways; this machine still reaches all of them. Replaces an earlier partition. Nodes notice after net_ticktime (60 s; --set net_ticktime=5 for less).',
    )
    .argument('<sides...>', 'n3, or n1,n2 n3')
  addNameOption(partitionCommand)
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren cluster partition n3          # cut n3 off from all others\n  $ warren cluster partition n1,n2 n3    # the same, of three',
    )
    .action(partition)

  const healCommand = parent
    .command('heal')
    .summary('let hosts reach each other again')
    .description(
      'Ends a partition of hosts. Nodes that ran on apart (cluster_partition_handling = ignore) tell so now and stay apart until those of one side are restarted.',
    )
  addNameOption(healCommand).addHelpText('after', '\nExample:\n  $ warren cluster heal').action(heal)
}

async function partition(sides: readonly string[], options: ClusterNameOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const cluster = await chosenCluster(session, options)
  const parted = await cluster.partition(...sides.map((side) => side.split(',').filter(Boolean)))
  session.output.note(`parting ${parted.map((side) => side.join(' ')).join(' | ')}`)
  const report = await reportCluster(cluster)
  session.output.result(report, () => describeCluster(report))
}

async function heal(options: ClusterNameOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const cluster = await chosenCluster(session, options)
  session.output.note('letting all hosts reach each other again')
  await cluster.heal()
  const report = await reportCluster(cluster)
  session.output.result(report, () => describeCluster(report))
}
