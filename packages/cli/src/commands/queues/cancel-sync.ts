import { cancelSync, listQueues } from '@warren/cluster'
import type { Command } from 'commander'
import { counted } from '../../counted.ts'
import { sessionOf } from '../../session.ts'
import { addQueuesOptions, brokerFor, filterOf, type QueuesOptions } from './chosen.ts'

export function addQueuesCancelSync(parent: Command): void {
  const command = parent
    .command('cancel-sync')
    .summary('end a synchronisation that is going on')
    .description(
      'Ends the synchronisation of the queues that are at it, or of those that are named: they serve again at once. What was copied is dropped, and their mirrors stay unsynchronised.',
    )
    .argument('[queues...]', 'names of queues (default: all that synchronise; the broker tells of them every 5 s)')
  addQueuesOptions(command)
    .addHelpText('after', '\nExample:\n  $ warren queues cancel-sync qu.order.crm --vhost shop')
    .action(run)
}

async function run(names: readonly string[], options: QueuesOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const client = await brokerFor(session, options)
  const found = await listQueues(client, filterOf(options, names))
  const queues = names.length > 0 ? found : found.filter(({ state }) => state === 'syncing')
  await cancelSync(client, queues)
  const told = queues.map(({ vhost, name }) => ({ vhost, name }))
  session.output.result({ queues: told }, () =>
    queues.length === 0
      ? 'no queue is synchronising'
      : `asked ${counted(queues.length, 'queue')} to end the synchronisation; "warren queues list --unsynchronised" shows what is left`,
  )
}
