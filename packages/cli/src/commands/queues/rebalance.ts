import { ClusterError, leadersOf, type NodeLeaders, rebalanceQueues } from '@warren/cluster'
import { type Command, Option } from 'commander'
import { confirm } from '../../confirm.ts'
import { counted } from '../../counted.ts'
import { wholeFromOne } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import { table } from '../../table.ts'
import type { TargetOptions } from '../plan/target.ts'
import { addBrokerOptions, brokerFor } from './chosen.ts'

interface RebalanceCommandOptions extends TargetOptions {
  readonly timeout: number
  readonly yes?: true
  readonly dryRun?: true
}

export function addQueuesRebalance(parent: Command): void {
  const command = parent
    .command('rebalance')
    .summary('spread the leaders of queues over the nodes')
    .description(
      'Lets the broker spread the leaders of mirrored queues, quorum queues and streams over its nodes, and returns when none has moved for 10 s. Publishers and consumers of a queue that moves are interrupted for a moment. Concerns all vhosts.',
    )
  addBrokerOptions(command)
    .addOption(
      new Option('--timeout <seconds>', 'wait so long for leaders to stand still').argParser(wholeFromOne).default(300),
    )
    .option('--dry-run', 'only show how many queues each node leads')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ warren queues rebalance --url http://n1:15672 --yes')
    .action(run)
}

async function run(options: RebalanceCommandOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { output } = session
  const client = await brokerFor(session, options)
  const before = await leadersOf(client)
  if (options.dryRun === true) {
    output.result({ isDryRun: true, before }, () => leadersTable(before))
    return
  }
  output.aside(leadersTable(before))
  await confirm('Let the broker move leaders between nodes?', options)
  output.note('rebalancing; waiting until no leader has moved for 10 s')
  const result = await rebalanceQueues(client, {
    timeoutMs: options.timeout * 1000,
    onMove: (moved) => output.note(`${counted(moved, 'leader')} moved so far`),
  })
  output.result({ isDryRun: false, ...result }, () =>
    [leadersTable(result.before, result.after), '', `${counted(result.moved, 'leader')} moved`].join('\n'),
  )
  if (!result.isSettled) {
    throw new ClusterError(
      'QUEUE_REBALANCE_UNFINISHED',
      `leaders were still moving after ${options.timeout} s; the broker goes on: see "warren queues rebalance --dry-run"`,
    )
  }
}

function leadersTable(before: readonly NodeLeaders[], after?: readonly NodeLeaders[]): string {
  const now = new Map(after?.map(({ node, leaders }) => [node, leaders]))
  const node = { heading: 'node', cell: (row: NodeLeaders) => row.node }
  const leads = { heading: 'leads', cell: (row: NodeLeaders) => row.leaders, align: 'right' as const }
  if (after === undefined) return table([node, leads], before)
  const then = { heading: 'now', cell: (row: NodeLeaders) => now.get(row.node) ?? 0, align: 'right' as const }
  return table([node, { ...leads, heading: 'led' }, then], before)
}
