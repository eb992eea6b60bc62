// Run as a process of its own: receives a message in a transaction that it never ends.
import { postgresStore } from '../../src/store/postgres/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { Store } from '../../src/store/store.ts'

const database = process.env['DATABASE'] ?? ''
const store: Store = database.startsWith('postgres:')
  ? postgresStore({ connectionString: database })
  : sqliteStore({ path: database })

await store.start()
await store.transaction(async (tx) => {
  await store.inbox.receive(tx, 'order.crm', [{ id: process.env['MESSAGE_ID'] ?? '', name: 'a.b.onC', source: 'shop' }])
  process.stdout.write('received\n')
  await new Promise((resolve) => setTimeout(resolve, 600_000))
})
