import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { expect, test } from 'vitest'

import { testDatabase } from '../../../../test/support/postgres.ts'
import { kyselyTx } from '../../src/adapters/kysely.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import { event } from '../store/fixtures.ts'
import { describeAdapter } from './contract.ts'

interface Tables {
  effect: { id: string }
}

const connect = (url: string) =>
  new Kysely<Tables>({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) })

describeAdapter('Kysely', (url) => {
  const db = connect(url)
  return {
    transaction: (work) =>
      db.transaction().execute((trx) => work(kyselyTx(trx), (id) => trx.insertInto('effect').values({ id }).execute())),
    adaptOutside: () => kyselyTx(db),
    close: () => db.destroy(),
  }
})

test('a Kysely instance with plugins, and a transaction that is controlled by hand', async () => {
  const { url } = await testDatabase()
  const store = postgresStore({ connectionString: url })
  await store.start()
  const db = connect(url).withPlugin(new CamelCasePlugin())
  for (const end of ['commit', 'rollback'] as const) {
    const trx = await db.startTransaction().execute()
    const sent = event()
    await store.outbox.append(kyselyTx(trx), [sent])
    await trx[end]().execute()
    expect((await store.messages.trace(sent.id)).sent === null).toBe(end === 'rollback')
  }
  await db.destroy()
  await store.stop()
})
