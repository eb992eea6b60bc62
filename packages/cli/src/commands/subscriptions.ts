import type { SubscriptionSummary } from '@warren/bus'
import type { Command } from 'commander'
import { storeOption } from '../options.ts'
import { sessionOf } from '../session.ts'
import type { StoreRow } from '../store-rows.ts'
import { readStores, withStoreColumn } from '../store-rows.ts'
import type { StoreOptions } from '../stores.ts'
import { withStores } from '../stores.ts'
import type { Column } from '../table.ts'
import { table } from '../table.ts'
import { showTime } from '../times.ts'

export function addSubscriptions(subscriptions: Command): void {
  subscriptions
    .command('list')
    .summary('subscriptions with their patterns, queues and counts')
    .description(
      'Shows the subscriptions that services have announced in the stores, with what became of their messages.',
    )
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren subscriptions list --store crm --store warehouse')
    .action(list)
}

async function list(options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const read = await readStores(stores, (store) => store.subscriptions.list())
    const subscriptions = [...read].sort((a, b) => a.name.localeCompare(b.name, 'en'))
    session.output.result({ subscriptions }, () =>
      subscriptions.length === 0 ? 'no subscriptions' : table(withStoreColumn(columns, stores), subscriptions),
    )
  })
}

const columns: readonly Column<StoreRow<SubscriptionSummary>>[] = [
  { heading: 'subscription', cell: (row) => row.name },
  { heading: 'patterns', cell: (row) => row.patterns.join(' ') },
  { heading: 'queue', cell: (row) => row.queue },
  { heading: 'service', cell: (row) => row.service },
  { heading: 'handled', cell: (row) => row.handled, align: 'right' },
  { heading: 'retrying', cell: (row) => row.retrying, align: 'right' },
  { heading: 'parked', cell: (row) => row.parked, align: 'right' },
  { heading: 'discarded', cell: (row) => row.discarded, align: 'right' },
  { heading: 'last handled', cell: (row) => showTime(row.lastHandledAt) },
  { heading: 'last seen', cell: (row) => showTime(row.lastSeenAt) },
]
