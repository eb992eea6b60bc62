import type { Command } from 'commander'
import { addStoreMigrate } from './store/migrate.ts'
import { addStoreSql } from './store/sql.ts'
import { addStoreStatus } from './store/status.ts'

export function addStore(store: Command): void {
  addStoreMigrate(store)
  addStoreStatus(store)
  addStoreSql(store)
}
