import type { Failure, FailureFilter, FailureGroup } from '@warren/bus'
import type { Command } from 'commander'
import { payloadValue } from '../../json.ts'
import { limitOption, storeOption } from '../../options.ts'
import type { Session } from '../../session.ts'
import { sessionOf } from '../../session.ts'
import type { StoreRow } from '../../store-rows.ts'
import { readStores, withStoreColumn } from '../../store-rows.ts'
import type { NamedStore, StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { clipped, table } from '../../table.ts'
import { showTime } from '../../times.ts'
import type { FailureOptions } from './filter.ts'
import { addFailureOptions, failureFilter } from './filter.ts'

interface ListOptions extends StoreOptions, FailureOptions {
  readonly all?: true
  readonly limit: number
}

export function addFailuresList(parent: Command): void {
  const command = parent
    .command('list')
    .summary('failures by their cause, or one by one')
    .description('Shows failures grouped by subscription and cause, the most frequent first; with --all one by one.')
    .option('-a, --all', 'one row for each failure, the newest first')
  addFailureOptions(command)
    .addOption(limitOption('rows of --all'))
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
  await withStores(session, options, (stores) =>
    options.all === true ? listAll(session, stores, filter, options.limit) : listGroups(session, stores, filter),
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
  limit: number,
): Promise<void> {
  const read = await readStores(stores, (store) => store.failures.list({ ...filter, limit: limit + 1 }))
  const newestFirst = [...read].sort((a, b) => b.lastFailedAt.getTime() - a.lastFailedAt.getTime())
  const failures = newestFirst.slice(0, limit)
  const document = failures.map((failure) => ({
    ...failure,
    payload: failure.encoding === 'base64' ? failure.payload : payloadValue(failure.payload),
  }))
  session.output.result({ failures: document, isComplete: read.length <= limit }, () =>
    failures.length === 0 ? 'no failures' : table(withStoreColumn(columns, stores), failures),
  )
  if (read.length > limit) session.output.note(`There are more than ${limit}; narrow the filter or raise --limit`)
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
