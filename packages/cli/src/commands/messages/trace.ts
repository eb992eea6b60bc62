import type { SentMessage } from '@warren/bus'
import type { Command } from 'commander'
import { Argument } from 'commander'
import { messageId, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreRow } from '../../store-rows.ts'
import { readStores, withStoreColumn } from '../../store-rows.ts'
import type { NamedStore, StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { clipped, properties, section, table } from '../../table.ts'
import { showMoment } from '../../times.ts'
import { findMessage } from './find.ts'
import type { Receipt } from './receipts.ts'
import { receiptsOf } from './receipts.ts'

export function addMessagesTrace(parent: Command): void {
  parent
    .command('trace')
    .summary('where one message has been')
    .description(
      'Follows one message through all stores given: when and by whom it was published, and what became of it in each subscription.',
    )
    .addArgument(new Argument('<id>', 'the message id').argParser(messageId))
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ warren messages trace 0197c2f0-5a1e-7b34-9f00-2d9c1f3a77aa --store orders --store crm',
    )
    .action(trace)
}

async function trace(id: string, options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  // Loaded here, for it brings the broker's client along.
  const { matches } = await import('@warren/bus')
  await withStores(session, options, async (stores) => {
    const found = await findMessage(stores, id)
    const announced = await readStores(stores, (store) => store.subscriptions.list())
    const [first] = found.sent
    const expected = announced.filter(
      ({ activeFrom, patterns }) =>
        first !== undefined &&
        activeFrom <= first.createdAt &&
        patterns.some((pattern) => matches(pattern, first.name)),
    )
    const receipts = receiptsOf(found.received, expected)
    const published = found.sent.map(({ payload: _, headers: __, ...sent }) => sent)
    session.output.result({ id, published, received: receipts }, () =>
      [
        section('Published', describePublished(found.sent, stores)),
        section(
          'Received',
          receipts.length === 0
            ? 'by no subscription of these stores'
            : table(withStoreColumn(columns, stores), receipts),
        ),
      ].join('\n\n'),
    )
    const parked = receipts.find(({ status }) => status === 'parked')
    if (parked !== undefined) session.output.note(`Why it is parked: warren failures show ${parked.subscription} ${id}`)
  })
}

function describePublished(sent: readonly StoreRow<SentMessage>[], stores: readonly NamedStore[]): string {
  if (sent.length === 0) return 'in none of these stores'
  return sent
    .map(({ name, entityId, source, createdAt, state, attempts, error, store }) =>
      properties([
        ['event', name],
        ['entity', entityId],
        ['by', stores.length > 1 ? `${source} (store ${store})` : source],
        ['at', showMoment(createdAt)],
        ['state', attempts === 0 ? state : `${state} after ${attempts} attempts`],
        ...(error === null ? [] : [['error', error] as const]),
      ]),
    )
    .join('\n\n')
}

const columns: readonly Column<Receipt>[] = [
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'status', cell: (row) => row.status },
  { heading: 'received', cell: (row) => showMoment(row.receivedAt) },
  { heading: 'settled', cell: (row) => showMoment(row.settledAt) },
  { heading: 'attempts', cell: (row) => row.attempts ?? '', align: 'right' },
  { heading: 'due', cell: (row) => showMoment(row.dueAt) },
  { heading: 'error', cell: (row) => clipped(row.error ?? '') },
]
