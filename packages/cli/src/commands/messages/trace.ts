import type { SentMessage } from '@warren/bus'
import { readDeliveries, readTimeline } from '@warren/bus/operate'
import type { Delivery, NamedStore, Step, StoreRow } from '@warren/bus/operate'
import type { Command } from 'commander'
import { Argument } from 'commander'
import { messageId, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { clipped, properties, section, table } from '../../table.ts'
import { showDuration, showMoment } from '../../times.ts'
import { findMessage } from './find.ts'

export function addMessagesTrace(parent: Command): void {
  addTraceTo(parent.command('trace').summary('where one message has been'))
}

/** For `warren trace`, too. */
export function addTraceTo(command: Command): void {
  const path = command.parent?.name() === 'messages' ? 'messages trace' : 'trace'
  command
    .description(
      'Follows one message through all stores given: when and by whom it was published, what became of it at each subscription that it was for, by the store of the subscriber or by what it has proved to the publisher, and step by step how it came to that, with each attempt that failed.',
    )
    .addArgument(new Argument('<id>', 'the message id').argParser(messageId))
    .addOption(storeOption())
    .addHelpText(
      'after',
      `\nExample:\n  $ warren ${path} 0197c2f0-5a1e-7b34-9f00-2d9c1f3a77aa --store orders --store crm`,
    )
    .action(trace)
}

async function trace(id: string, options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const found = await findMessage(stores, id)
    const deliveries = (await readDeliveries(stores, found)).filter(({ state }) => state !== 'not-expected')
    const timeline = await readTimeline(stores, found, deliveries)
    const published = found.sent.map(({ payload: _, headers: __, ...sent }) => sent)
    session.output.result({ id, published, deliveries, timeline }, () =>
      [
        section('Published', describePublished(found.sent, stores)),
        section(
          'Delivered',
          deliveries.length === 0 ? 'to no subscription' : table(columnsFor(stores, columns), deliveries),
        ),
        section('Time line', table(columnsFor(stores, steps), timeline)),
      ].join('\n\n'),
    )
    const parked = deliveries.find(({ state }) => state === 'parked')
    if (parked !== undefined) session.output.note(`Why it is parked: warren failures show ${parked.subscription} ${id}`)
    if (deliveries.some(({ missed }) => missed !== null && missed.state !== 'recovered'))
      session.output.note(`Why it is missing: warren reconcile explain ${id}`)
  })
}

export function describePublished(sent: readonly StoreRow<SentMessage>[], stores: readonly NamedStore[]): string {
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

function columnsFor<Row extends { readonly store: string | null }>(
  stores: readonly NamedStore[],
  columns: readonly Column<Row>[],
): readonly Column<Row>[] {
  return stores.length > 1 ? [...columns, { heading: 'store', cell: (row) => row.store ?? '' }] : columns
}

const columns: readonly Column<Delivery>[] = [
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'state', cell: (row) => row.state },
  { heading: 'received', cell: (row) => showMoment(row.receivedAt) },
  { heading: 'settled', cell: (row) => showMoment(row.settledAt) },
  { heading: 'attempts', cell: (row) => row.attempts ?? '', align: 'right' },
  { heading: 'due', cell: (row) => showMoment(row.dueAt ?? row.missed?.dueAt ?? null) },
  { heading: 'resends', cell: (row) => row.missed?.resends ?? '', align: 'right' },
  { heading: 'why', cell: (row) => clipped(row.error ?? row.missed?.error ?? row.missed?.cause ?? '') },
]

const steps: readonly Column<Step>[] = [
  { heading: 'at', cell: ({ at }) => showMoment(at) },
  { heading: 'step', cell: ({ kind, code }) => (kind === 'acted' ? (code ?? kind) : kind) },
  { heading: 'subscription', cell: ({ subscription }) => subscription ?? '' },
  { heading: 'attempt', cell: ({ attempt }) => attempt ?? '', align: 'right' },
  { heading: 'took', cell: took, align: 'right' },
  { heading: 'by', cell: ({ by }) => by ?? '' },
  // What a person did is the step.
  { heading: 'why', cell: ({ by, code, error }) => clipped(error ?? (by === null ? (code ?? '') : '')) },
]

/** How long an attempt ran; nothing for one that never ended. */
function took({ kind, at, beganAt }: Step): string {
  if (kind === 'lost' || at === null || beganAt === null) return ''
  return showDuration(at.getTime() - beganAt.getTime())
}
