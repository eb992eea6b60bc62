import type { InboxEntry, MessageFilter, SentMessage } from '@warren/bus'
import { readStores } from '@warren/bus/operate'
import type { NamedStore, StoreRow } from '@warren/bus/operate'
import type { Command } from 'commander'
import { Option } from 'commander'
import { payloadValue } from '../../json.ts'
import { limitOption, messageId, sinceOption, storeOption, untilOption } from '../../options.ts'
import { cutPage } from '../../page.ts'
import type { Page } from '../../page.ts'
import { sessionOf } from '../../session.ts'
import { withStoreColumn } from '../../store-rows.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { clipped, section, table } from '../../table.ts'
import { showTime } from '../../times.ts'
import { decideSides, inboxStatuses, isOneOf, sentStates } from './sides.ts'
import type { SideOptions } from './sides.ts'

interface ListOptions extends StoreOptions, SideOptions {
  readonly name?: string
  readonly since?: Date
  readonly until?: Date
  readonly before?: string
  readonly limit: number
}

export function addMessagesList(parent: Command): void {
  parent
    .command('list')
    .summary('what was published and received, newest first')
    .description('Shows what the stores know of messages, newest first: published events, received messages, or both.')
    .option('--sent', 'published events only')
    .option('--received', 'received messages only')
    .option('--name <event>', 'this event, in full')
    .option('--entity <id>', 'published events of this entity')
    .option('--subscription <name>', 'messages that this subscription received')
    .addOption(
      new Option('--state <state>', 'published events or received messages in this state').choices([
        ...sentStates,
        ...inboxStatuses,
      ]),
    )
    .addOption(sinceOption('published'))
    .addOption(untilOption('published'))
    .addOption(limitOption('rows of each side'))
    .addOption(new Option('--before <id>', 'the page behind this message').argParser(messageId))
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren messages list --sent --entity o-1001 --since 2h')
    .action(list)
}

async function list(options: ListOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const sides = decideSides(options)
  await withStores(session, options, async (stores) => {
    const sent = sides.sent ? await sentPage(stores, options) : null
    const received = sides.received ? await receivedPage(stores, options) : null
    const document = {
      ...(sent === null ? {} : { sent: sent.rows.map((row) => ({ ...row, payload: payloadValue(row.payload) })) }),
      ...(received === null ? {} : { received: received.rows.map(withPayloadValue) }),
      next: { sent: sent?.next ?? null, received: received?.next ?? null },
    }
    session.output.result(document, () =>
      [
        ...(sent === null ? [] : [section('Published', rowsOrNone(sent, withStoreColumn(sentColumns, stores)))]),
        ...(received === null
          ? []
          : [section('Received', rowsOrNone(received, withStoreColumn(receivedColumns, stores)))]),
      ].join('\n\n'),
    )
    if (sent !== null && sent.next !== null) {
      session.output.note(`There is more; the next page: ${received === null ? '' : '--sent '}--before ${sent.next}`)
    }
    if (received !== null && received.next !== null) {
      session.output.note(
        `There is more; the next page: ${sent === null ? '' : '--received '}--before ${received.next}`,
      )
    }
  })
}

async function sentPage(stores: readonly NamedStore[], options: ListOptions): Promise<Page<StoreRow<SentMessage>>> {
  const { entity, state } = options
  const filter = {
    ...messageFilter(options),
    ...(entity === undefined ? {} : { entityId: entity }),
    ...(isOneOf(sentStates, state) ? { state } : {}),
  }
  const rows = await readStores(stores, (store) => store.messages.sent(filter))
  return cutPage(rows, (row) => row.id, options.limit)
}

async function receivedPage(stores: readonly NamedStore[], options: ListOptions): Promise<Page<StoreRow<InboxEntry>>> {
  const { subscription, state } = options
  const filter = {
    ...messageFilter(options),
    ...(subscription === undefined ? {} : { subscription }),
    ...(isOneOf(inboxStatuses, state) ? { status: state } : {}),
  }
  const rows = await readStores(stores, (store) => store.messages.received(filter))
  return cutPage(rows, (row) => row.messageId, options.limit)
}

function messageFilter({ name, since, until, before, limit }: ListOptions): MessageFilter {
  return {
    // One more than is shown tells whether there is a page behind.
    limit: limit + 1,
    ...(name === undefined ? {} : { name }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(before === undefined ? {} : { before }),
  }
}

function withPayloadValue(entry: StoreRow<InboxEntry>): unknown {
  const { failure } = entry
  return failure === null ? entry : { ...entry, failure: { ...failure, payload: payloadValue(failure.payload) } }
}

const sentColumns: readonly Column<StoreRow<SentMessage>>[] = [
  { heading: 'id', cell: (row) => row.id },
  { heading: 'event', cell: (row) => row.name },
  { heading: 'entity', cell: (row) => row.entityId },
  { heading: 'state', cell: (row) => row.state },
  { heading: 'published', cell: (row) => showTime(row.createdAt) },
  { heading: 'error', cell: (row) => clipped(row.error ?? '') },
]

const receivedColumns: readonly Column<StoreRow<InboxEntry>>[] = [
  { heading: 'id', cell: (row) => row.messageId },
  { heading: 'event', cell: (row) => row.name },
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'status', cell: (row) => row.status },
  { heading: 'received', cell: (row) => showTime(row.receivedAt) },
  { heading: 'error', cell: (row) => clipped(row.failure?.error.message ?? '') },
]

function rowsOrNone<Row>(page: Page<Row>, columns: readonly Column<Row>[]): string {
  return page.rows.length === 0 ? 'none' : table(columns, page.rows)
}
