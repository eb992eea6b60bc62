import type { AnnouncedSubscription, RegisteredSubscription, SubscriptionTally } from '@warren/bus'
import { readStores } from '@warren/bus/operate'
import type { NamedStore, StoreRow } from '@warren/bus/operate'
import type { Command } from 'commander'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import { withStoreColumn } from '../../store-rows.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { section, table } from '../../table.ts'
import { showTime } from '../../times.ts'

export function addSubscriptionsList(subscriptions: Command): void {
  subscriptions
    .command('list')
    .summary('subscriptions with their patterns, queues and counts')
    .description(
      'Shows the subscriptions of the services whose stores these are, with what became of their messages; and those that publishers know of, with the patterns that they have now.',
    )
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren subscriptions list --store crm --store warehouse')
    .action(list)
}

async function list(options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const read = await readStores(stores, readCounted)
    const subscriptions = [...read].sort((a, b) => a.name.localeCompare(b.name, 'en'))
    const registered = await readStores(stores, (store) => store.reconciliation.registry.list())
    session.output.result({ subscriptions, registered: registered.map(documentOf) }, () =>
      [
        subscriptions.length === 0 ? 'no subscriptions' : table(withStoreColumn(columns, stores), subscriptions),
        ...(registered.length === 0
          ? []
          : [section('Known to publishers', table(withStoreColumn(registeredColumns, stores), registered))]),
      ].join('\n\n'),
    )
  })
}

interface CountedSubscription extends AnnouncedSubscription, SubscriptionTally {
  readonly handled: number
}

async function readCounted({ subscriptions }: NamedStore['store']): Promise<readonly CountedSubscription[]> {
  const rows: CountedSubscription[] = []
  for (const row of await subscriptions.list())
    rows.push({ ...row, handled: await subscriptions.countHandled(row.name), ...(await subscriptions.tally(row.name)) })
  return rows
}

/** None for one that is retired. */
function presentPatterns({ periods }: RegisteredSubscription): readonly string[] {
  return periods.findLast(({ toMs }) => toMs === null)?.patterns ?? []
}

function documentOf(row: StoreRow<RegisteredSubscription>): unknown {
  const { store, name, service, queue, hasInbox, firstSeenMs, lastSeenMs, retired, paused } = row
  return {
    store,
    name,
    service,
    queue,
    hasInbox,
    patterns: presentPatterns(row),
    firstSeenAt: new Date(firstSeenMs),
    lastSeenAt: new Date(lastSeenMs),
    paused: paused === null ? null : { at: new Date(paused.atMs), by: paused.by },
    retired: retired === null ? null : { at: new Date(retired.atMs), by: retired.by },
  }
}

const registeredColumns: readonly Column<StoreRow<RegisteredSubscription>>[] = [
  { heading: 'subscription', cell: (row) => row.name },
  { heading: 'patterns', cell: (row) => presentPatterns(row).join(' ') },
  { heading: 'service', cell: (row) => row.service },
  { heading: 'inbox', cell: (row) => (row.hasInbox ? 'yes' : 'no') },
  { heading: 'last seen', cell: (row) => showTime(new Date(row.lastSeenMs)) },
  { heading: 'retired', cell: ({ retired }) => (retired === null ? '' : showTime(new Date(retired.atMs))) },
]

const columns: readonly Column<StoreRow<CountedSubscription>>[] = [
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
  { heading: 'paused', cell: ({ paused }) => (paused === null ? '' : `${showTime(paused.at)} by ${paused.by}`) },
]
