import type { Command } from 'commander'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { chosenStores, openStore } from '../../stores.ts'

export function addStoreMigrate(parent: Command): void {
  parent
    .command('migrate')
    .summary('apply what is missing')
    .description('Applies the migrations that a store lacks, under a lock; creates the file of a SQLite store.')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren store migrate --store sqlite:./orders.db')
    .action(migrate)
}

async function migrate(options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const results: { store: string; applied: readonly string[] }[] = []
  for (const chosen of await chosenStores(session, options)) {
    const store = await openStore(chosen, { mayCreate: true })
    try {
      results.push({ store: chosen.label, applied: await store.migrations.migrate() })
    } finally {
      await store.stop()
    }
  }
  session.output.result({ stores: results }, () =>
    results
      .map(
        ({ store, applied }) => `${store}: ${applied.length === 0 ? 'nothing to do' : `applied ${applied.join(', ')}`}`,
      )
      .join('\n'),
  )
}
