import { drizzle as drizzleOnPg } from 'drizzle-orm/node-postgres'
import { pgTable, text } from 'drizzle-orm/pg-core'
import { drizzle as drizzleOnPostgresJs } from 'drizzle-orm/postgres-js'
import pg from 'pg'
import postgres from 'postgres'

import { drizzleTx } from '../../src/adapters/drizzle.ts'
import { describeAdapter } from './contract.ts'

const effect = pgTable('effect', { id: text('id').primaryKey() })

describeAdapter('Drizzle on pg', (url) => {
  const pool = new pg.Pool({ connectionString: url })
  const db = drizzleOnPg(pool)
  return {
    transaction: (work) => db.transaction((tx) => work(drizzleTx(tx), (id) => tx.insert(effect).values({ id }))),
    adaptOutside: () => drizzleTx(db as never),
    close: () => pool.end(),
  }
})

describeAdapter('Drizzle on postgres.js', (url) => {
  const client = postgres(url)
  const db = drizzleOnPostgresJs(client)
  return {
    transaction: (work) => db.transaction((tx) => work(drizzleTx(tx), (id) => tx.insert(effect).values({ id }))),
    adaptOutside: () => drizzleTx(db as never),
    close: () => client.end(),
  }
})
