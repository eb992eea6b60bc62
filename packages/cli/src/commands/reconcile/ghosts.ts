import type { Ghost } from '@warren/bus'
import { readStores } from '@warren/bus/operate'
import type { StoreRow } from '@warren/bus/operate'
import type { Command } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import { limitOption, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import { withStoreColumn } from '../../store-rows.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'
import { showTime } from '../../times.ts'

interface GhostOptions extends StoreOptions {
  readonly subscription?: string
  readonly limit: number
}

export function addReconcileGhosts(parent: Command): void {
  parent
    .command('ghosts')
    .summary('what was received and never published')
    .description(
      'Lists messages that a subscription has received as events of a service whose ledger does not have them, newest first. Exits 2 when there are any.',
    )
    .option('--subscription <name>', 'at this subscription')
    .addOption(limitOption('rows of each store'))
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren reconcile ghosts --subscription order.crm')
    .action(ghosts)
}

async function ghosts({ subscription, limit, ...options }: GhostOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const filter = { limit, ...(subscription === undefined ? {} : { subscription }) }
  await withStores(session, options, async (stores) => {
    const read = await readStores(stores, (store) => store.reconciliation.missing.ghosts(filter))
    const found = read.map(({ foundMs, ...ghost }) => ({ ...ghost, foundAt: new Date(foundMs) }))
    session.output.result({ ghosts: found }, () =>
      read.length === 0 ? 'no ghosts' : table(withStoreColumn(columns, stores), read),
    )
    if (read.length > 0) process.exitCode = exitCodes.findings
  })
}

const columns: readonly Column<StoreRow<Ghost>>[] = [
  { heading: 'id', cell: (row) => row.id },
  { heading: 'event', cell: (row) => row.name },
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'found', cell: (row) => showTime(new Date(row.foundMs)) },
]
