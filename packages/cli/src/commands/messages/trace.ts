import type { InboxEntry, SentMessage, SubscriptionSummary } from '@warren/bus'
import { matches } from '@warren/bus'
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
import { showTime } from '../../times.ts'
import { findMessage } from './find.ts'

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

/** What became of the message in one subscription. `not received`: it matches, and its inbox does not know it (yet). */
interface Receipt {
  readonly store: string
  readonly subscription: string
  readonly status: InboxEntry['status'] | 'not received'
  readonly receivedAt: Date | null
  readonly settledAt: Date | null
  readonly attempts: number | null
  readonly dueAt: Date | null
  readonly error: string | null
  readonly fingerprint: string | null
}

async function trace(id: string, options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const found = await findMessage(stores, id)
    const announced = await readStores(stores, (store) => store.subscriptions.list())
    const receipts = [
      ...found.received.map(receiptOf),
      ...found.sent.slice(0, 1).flatMap((sent) => notReceived(sent, found.received, announced)),
    ]
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

function receiptOf(entry: StoreRow<InboxEntry>): Receipt {
  const { store, subscription, status, receivedAt, settledAt, failure } = entry
  return {
    store,
    subscription,
    status,
    receivedAt,
    settledAt,
    attempts: failure?.attempts ?? null,
    dueAt: failure?.dueAt ?? null,
    error: failure === null ? null : `${failure.error.type}: ${failure.error.message}`,
    fingerprint: failure?.error.fingerprint ?? null,
  }
}

/** Subscriptions that were there when it was published and match it. It may still be pending, or in the queue. */
function notReceived(
  sent: SentMessage,
  received: readonly InboxEntry[],
  announced: readonly StoreRow<SubscriptionSummary>[],
): readonly Receipt[] {
  return announced
    .filter(({ name, patterns, activeFrom }) => {
      const isExpected = activeFrom <= sent.createdAt && patterns.some((pattern) => matches(pattern, sent.name))
      return isExpected && !received.some(({ subscription }) => subscription === name)
    })
    .map(({ store, name }) => ({
      store,
      subscription: name,
      status: 'not received',
      receivedAt: null,
      settledAt: null,
      attempts: null,
      dueAt: null,
      error: null,
      fingerprint: null,
    }))
}

function describePublished(sent: readonly StoreRow<SentMessage>[], stores: readonly NamedStore[]): string {
  if (sent.length === 0) return 'in none of these stores'
  return sent
    .map(({ name, entityId, source, createdAt, state, attempts, error, store }) =>
      properties([
        ['event', name],
        ['entity', entityId],
        ['by', stores.length > 1 ? `${source} (store ${store})` : source],
        ['at', showTime(createdAt)],
        ['state', attempts === 0 ? state : `${state} after ${attempts} attempts`],
        ...(error === null ? [] : [['error', error] as const]),
      ]),
    )
    .join('\n\n')
}

const columns: readonly Column<Receipt>[] = [
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'status', cell: (row) => row.status },
  { heading: 'received', cell: (row) => showTime(row.receivedAt) },
  { heading: 'settled', cell: (row) => showTime(row.settledAt) },
  { heading: 'attempts', cell: (row) => row.attempts ?? '', align: 'right' },
  { heading: 'due', cell: (row) => showTime(row.dueAt) },
  { heading: 'error', cell: (row) => clipped(row.error ?? '') },
]
