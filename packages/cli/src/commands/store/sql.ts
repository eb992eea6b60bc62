import type { Command } from 'commander'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { chosenStore, openStore } from '../../stores.ts'

export function addStoreSql(parent: Command): void {
  parent
    .command('sql')
    .summary('the migrations as SQL')
    .description(
      'Prints the SQL of all migrations, for those who apply it with a tool of their own. Nothing is connected to.',
    )
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren store sql --store postgres://localhost/shop > warren.sql')
    .action(sql)
}

async function sql(options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const chosen = await chosenStore(session, options)
  const store = await openStore(chosen, { mayCreate: true })
  const text = store.migrations.sql()
  session.output.result({ kind: store.kind, sql: text }, () => text.trimEnd())
}
