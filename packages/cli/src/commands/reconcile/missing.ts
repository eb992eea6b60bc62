import type { MissingEvent, MissingState } from '@warren/bus'
import { missedOf, readStores, withHolders } from '@warren/bus/operate'
import type { StoreRow } from '@warren/bus/operate'
import type { Command } from 'commander'
import { Option } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import { limitOption, messageId, sinceOption, storeOption, untilOption } from '../../options.ts'
import { cutPage } from '../../page.ts'
import { sessionOf } from '../../session.ts'
import { withStoreColumn } from '../../store-rows.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { clipped, table } from '../../table.ts'
import { showTime } from '../../times.ts'

interface MissingOptions extends StoreOptions {
  readonly all?: true
  readonly state?: MissingState
  readonly subscription?: string
  readonly name?: string
  readonly since?: Date
  readonly until?: Date
  readonly before?: string
  readonly limit: number
}

const states: readonly MissingState[] = ['suspect', 'missing', 'gave-up', 'recovered', 'waived']
const unsettled: readonly MissingState[] = ['suspect', 'missing', 'gave-up']

export function addReconcileMissing(parent: Command): void {
  parent
    .command('missing')
    .summary('events that did not reach a subscription')
    .description(
      'Lists what is missing, newest first: suspected, confirmed, and given up on; with --all what was recovered or waived, too. Exits 2 when anything is missing.',
    )
    .option('-a, --all', 'what was recovered or waived, too')
    .addOption(new Option('--state <state>', 'in this state').choices(states).conflicts('all'))
    .option('--subscription <name>', 'at this subscription')
    .option('--name <event>', 'this event, in full')
    .addOption(sinceOption('published'))
    .addOption(untilOption('published'))
    .addOption(limitOption('rows'))
    .addOption(new Option('--before <id>', 'the page behind this message').argParser(messageId))
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren reconcile missing --subscription order.crm --since 2h')
    .action(missing)
}

async function missing(options: MissingOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { subscription, name, since, until, before, limit } = options
  const chosen = options.state === undefined ? (options.all === true ? states : unsettled) : [options.state]
  const filter = {
    states: chosen,
    published: {
      ...(since === undefined ? {} : { fromMs: since.getTime() }),
      ...(until === undefined ? {} : { toMs: until.getTime() }),
    },
    // One more than is shown tells whether there is a page behind.
    limit: limit + 1,
    ...(subscription === undefined ? {} : { subscription }),
    ...(name === undefined ? {} : { name }),
    ...(before === undefined ? {} : { before }),
  }
  await withStores(session, options, async (stores) => {
    const read = await readStores(stores, (store) => store.reconciliation.missing.list(filter))
    const { rows: cut, next } = cutPage(read, (row) => row.id, limit)
    const rows = await withHolders(stores, cut)
    session.output.result({ missing: rows.map(documentOf), next }, () =>
      rows.length === 0 ? 'nothing is missing' : table(withStoreColumn(columns, stores), rows),
    )
    if (next !== null) session.output.note(`There is more; the next page: --before ${next}`)
    if (rows.some(({ state }) => state === 'missing' || state === 'gave-up')) process.exitCode = exitCodes.findings
  })
}

type Row = StoreRow<MissingEvent> & { readonly heldBy: string | null }

function documentOf(row: Row): unknown {
  const { store, subscription, id, name } = row
  return { store, subscription, id, name, ...missedOf(row, row.heldBy) }
}

const columns: readonly Column<Row>[] = [
  { heading: 'id', cell: (row) => row.id },
  { heading: 'event', cell: (row) => row.name },
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'state', cell: (row) => row.state },
  { heading: 'cause', cell: (row) => row.cause ?? '' },
  { heading: 'resends', cell: (row) => row.attempts, align: 'right' },
  { heading: 'suspected', cell: (row) => showTime(new Date(row.suspectedMs)) },
  {
    heading: 'error',
    cell: (row) => clipped(row.heldBy === null ? (row.error ?? '') : `held by the watch ${row.heldBy}`),
  },
]
