import type { BackfillState } from '@warren/bus'
import { readStores } from '@warren/bus/operate'
import { Option } from 'commander'
import type { Command } from 'commander'
import { collected, limitOption, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import { withStoreColumn } from '../../store-rows.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { table } from '../../table.ts'
import { backfillColumns, backfillDocument } from './columns.ts'

interface ListOptions extends StoreOptions {
  readonly state?: readonly BackfillState[]
  readonly limit: number
}

export function addBackfillList(parent: Command): void {
  parent
    .command('list')
    .summary('backfills with their progress, the latest first')
    .description(
      'Shows the backfills of the stores, the latest first: how far each is, how fast, and how long it will take.',
    )
    .addOption(
      new Option('--state <state>', 'only these; repeatable: running, paused, done, cancelled, failed').argParser(
        collected,
      ),
    )
    .addOption(limitOption('backfills of each store'))
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren backfill list --state running')
    .action(list)
}

async function list(options: ListOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const filter = { limit: options.limit, ...(options.state === undefined ? {} : { states: options.state }) }
  await withStores(session, options, async (stores) => {
    const read = await readStores(stores, (store) => store.reconciliation.backfill.list(filter))
    const backfills = [...read].sort((a, b) => (a.id < b.id ? 1 : -1))
    session.output.result({ backfills: backfills.map(backfillDocument) }, () =>
      backfills.length === 0 ? 'no backfills' : table(withStoreColumn(backfillColumns, stores), backfills),
    )
  })
}
