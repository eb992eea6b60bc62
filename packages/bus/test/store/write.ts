// Run as a process of its own: makes COUNT transactions, each with an effect and an event.
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import { event } from './fixtures.ts'

const { DATABASE = '', NAME = '', COUNT = '0' } = process.env
const store = sqliteStore({ path: DATABASE })
await store.start()
await Promise.all(
  Array.from({ length: Number(COUNT) }, (_, n) =>
    store.transaction(async (tx) => {
      await tx.query('insert into effect (process, n) values ($1, $2)', [NAME, n])
      await store.outbox.append(tx, [event()])
    }),
  ),
)
await store.stop()
