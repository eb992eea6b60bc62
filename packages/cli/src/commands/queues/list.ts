import { listQueues, type Queue, unsynchronisedMirrors } from '@warren/cluster'
import type { Command } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import { sessionOf } from '../../session.ts'
import { type Column, table } from '../../table.ts'
import { addQueuesOptions, brokerFor, filterOf, type QueuesOptions } from './chosen.ts'

interface ListOptions extends QueuesOptions {
  readonly unsynchronised?: true
}

export function addQueuesList(parent: Command): void {
  const command = parent
    .command('list')
    .summary('where queues are, and which copies of them are well')
    .description(
      'Shows queues with their leader, their mirrors (classic) or members (quorum, stream), messages, consumers, and the policy that holds. A mirror in brackets has not caught up, a member in brackets is not online. Counts and policies are up to 5 s old.',
    )
  addQueuesOptions(command)
    .option('--unsynchronised', 'only mirrored queues with a mirror that has not caught up; exits 2 when there are any')
    .addHelpText('after', '\nExample:\n  $ warren queues list --url http://n1:15672 --vhost shop --unsynchronised')
    .action(run)
}

async function run(options: ListOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const all = await listQueues(await brokerFor(session, options), filterOf(options))
  const queues = options.unsynchronised === true ? all.filter((queue) => unsynchronisedMirrors(queue).length > 0) : all
  session.output.result({ queues: queues.map(documentOf) }, () => {
    if (queues.length > 0) return table(columns, queues)
    return options.unsynchronised === true ? 'every mirror has caught up' : 'no queues'
  })
  if (options.unsynchronised === true && queues.length > 0) process.exitCode = exitCodes.findings
}

/** What is not known is null rather than missing. */
function documentOf(queue: Queue): object {
  const { leader = null, state = null, messages = null, consumers = null } = queue
  const { policy = null, operatorPolicy = null } = queue
  return { ...queue, leader, state, messages, consumers, policy, operatorPolicy }
}

const columns: readonly Column<Queue>[] = [
  { heading: 'vhost', cell: ({ vhost }) => vhost },
  { heading: 'queue', cell: ({ name }) => name },
  { heading: 'type', cell: ({ type }) => type },
  { heading: 'state', cell: ({ state = '' }) => state },
  { heading: 'leader', cell: ({ leader = '' }) => leader },
  { heading: 'mirrors or members', cell: copies },
  { heading: 'messages', cell: ({ messages = '' }) => messages, align: 'right' },
  { heading: 'consumers', cell: ({ consumers = '' }) => consumers, align: 'right' },
  { heading: 'policy', cell: ({ policy, operatorPolicy }) => [policy, operatorPolicy].filter(Boolean).join(' + ') },
]

function copies({ mirrors, members }: Queue): string {
  return [
    ...mirrors.map(({ node, isSynchronised }) => (isSynchronised ? node : `(${node})`)),
    ...members.map(({ node, isOnline }) => (isOnline ? node : `(${node})`)),
  ].join(' ')
}
