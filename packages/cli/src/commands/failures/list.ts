import type { Failure, FailureFilter, FailureGroup } from '@warren/bus'
import { readStores } from '@warren/bus/operate'
import type { NamedStore, StoreRow } from '@warren/bus/operate'
import type { Command } from 'commander'
import { Option } from 'commander'
import { CliError } from '../../errors.ts'
import { payloadValue } from '../../json.ts'
import { limitOption, messageId, storeOption } from '../../options.ts'
import { cutPage } from '../../page.ts'
import type { Session } from '../../session.ts'
import { sessionOf } from '../../session.ts'
import { withStoreColumn } from '../../store-rows.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { clipped, table } from '../../table.ts'
import { showTime } from '../../times.ts'
import type { FailureOptions } from './filter.ts'
import { addFailureOptions, failureFilter } from './filter.ts'

interface ListOptions extends StoreOptions, FailureOptions {
  readonly all?: true
  readonly before?: string
  readonly limit: number
}

export function addFailuresList(parent: Command): void {
  const command = parent
    .command('list')
    .summary('failures by their cause, or one by one')
    .description('Shows failures grouped by subscription and cause, the most frequent first; with --all one by one.')
    .option('-a, --all', 'one row for each failure, the newest message first')
  addFailureOptions(command)
    .addOption(limitOption('rows of --all'))
    .addOption(new Option('--before <id>', 'with --all: the page behind this message').argParser(messageId))
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren failures list\n  $ warren failures list --all --subscription order.crm --state parked --since 1d',
    )
    .action(list)
}

async function list(options: ListOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const filter = failureFilter(options)
  if (options.before !== undefined && options.all !== true) {
    throw new CliError('USAGE_INVALID', '--before goes on behind a page of --all; groups have no pages')
  }
  await withStores(session, options, (stores) =>
    options.all === true ? listAll(session, stores, filter, options) : listGroups(session, stores, filter),
  )
}

async function listGroups(session: Session, stores: readonly NamedStore[], filter: FailureFilter): Promise<void> {
  const groups = await failureGroups(stores, filter)
  session.output.result({ groups }, () => (groups.length === 0 ? 'no failures' : groupTable(groups, stores)))
}

/** The failures that the filter chooses, by subscription and cause. */
export async function failureGroups(
  stores: readonly NamedStore[],
  filter: FailureFilter,
): Promise<readonly StoreRow<FailureGroup>[]> {
  const groups = await readStores(stores, (store) => store.failures.groups(filter))
  return [...groups].sort((a, b) => sizeOf(b) - sizeOf(a))
}

export function sizeOf(group: FailureGroup): number {
  return group.retrying + group.parked
}

export function groupTable(groups: readonly StoreRow<FailureGroup>[], stores: readonly NamedStore[]): string {
  return table(withStoreColumn(groupColumns, stores), groups)
}

async function listAll(
  session: Session,
  stores: readonly NamedStore[],
  filter: FailureFilter,
  { before, limit }: ListOptions,
): Promise<void> {
  // One more than is shown tells whether there is a page behind.
  const page = { ...filter, limit: limit + 1, ...(before === undefined ? {} : { before }) }
  const read = await readStores(stores, (store) => store.failures.list(page))
  const { rows, next } = cutPage(read, (row) => row.messageId, limit)
  const failures = rows.map((failure) => ({
    ...failure,
    payload: failure.encoding === 'base64' ? failure.payload : payloadValue(failure.payload),
  }))
  session.output.result({ failures, next }, () =>
    rows.length === 0 ? 'no failures' : table(withStoreColumn(columns, stores), rows),
  )
  if (next !== null) session.output.note(`There is more; the next page: --before ${next}`)
}

const groupColumns: readonly Column<StoreRow<FailureGroup>>[] = [
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'fingerprint', cell: (row) => row.fingerprint },
  { heading: 'parked', cell: (row) => row.parked, align: 'right' },
  { heading: 'retrying', cell: (row) => row.retrying, align: 'right' },
  { heading: 'first failed', cell: (row) => showTime(row.firstFailedAt) },
  { heading: 'last failed', cell: (row) => showTime(row.lastFailedAt) },
  { heading: 'last error', cell: (row) => clipped(`${row.type}: ${row.message}`) },
]

const columns: readonly Column<StoreRow<Failure>>[] = [
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'id', cell: (row) => row.messageId },
  { heading: 'event', cell: (row) => row.name },
  { heading: 'entity', cell: (row) => row.entityId },
  { heading: 'state', cell: (row) => row.state },
  { heading: 'attempts', cell: (row) => row.attempts, align: 'right' },
  { heading: 'last failed', cell: (row) => showTime(row.lastFailedAt) },
  { heading: 'due', cell: (row) => showTime(row.dueAt) },
  { heading: 'error', cell: (row) => clipped(`${row.error.type}: ${row.error.message}`) },
]
