import type { Command } from 'commander'
import { addStoreMigrate } from './store/migrate.ts'
import { addStoreSql } from './store/sql.ts'
import { addStoreStatus } from './store/status.ts'

export function addStore(program: Command): void {
  const store = program.command('store').description("The tables that Warren keeps in a service's database.")
  addStoreMigrate(store)
  addStoreStatus(store)
  addStoreSql(store)
}
