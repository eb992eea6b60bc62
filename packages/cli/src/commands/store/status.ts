import type { MigrationStatus } from '@warren/bus'
import type { Command } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { chosenStores, openStore } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'
import { showTime } from '../../times.ts'

export function addStoreStatus(parent: Command): void {
  parent
    .command('status')
    .summary('which migrations are applied')
    .description('Shows which migrations are applied; exits 2 when one is missing.')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren store status --store sqlite:./orders.db')
    .action(status)
}

interface Row extends MigrationStatus {
  readonly store: string
}

async function status(options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const rows: Row[] = []
  for (const chosen of await chosenStores(session, options)) {
    const store = await openStore(chosen)
    try {
      for (const migration of await store.migrations.status()) rows.push({ store: chosen.label, ...migration })
    } finally {
      await store.stop()
    }
  }
  session.output.result({ migrations: rows }, () => table(columns, rows))
  if (rows.some(({ appliedAt }) => appliedAt === null)) {
    session.output.note('Run warren store migrate to apply what is missing')
    process.exitCode = exitCodes.findings
  }
}

const columns: readonly Column<Row>[] = [
  { heading: 'store', cell: (row) => row.store },
  { heading: 'migration', cell: (row) => row.name },
  { heading: 'applied', cell: (row) => (row.appliedAt === null ? 'no' : showTime(row.appliedAt)) },
]
