import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { testDatabase } from '../../../../test/support/postgres.ts'
import { newId } from '../../src/envelope/uuid.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import type { PostgresStore } from '../../src/store/postgres/index.ts'
import type { Sql } from '../../src/store/store.ts'
import { codeOf, event, failure, gate, message } from './fixtures.ts'

let url: string
let store: PostgresStore
beforeAll(async () => {
  url = (await testDatabase()).url
  store = postgresStore({ connectionString: url })
  await store.start()
  await store.query('create table effect (id text primary key)')
})
afterAll(() => store.stop())

const write = (tx: Sql, id: string) => tx.query('insert into effect (id) values ($1)', [id])
const isWritten = async (id: string) => (await store.query('select 1 from effect where id = $1', [id])).rows.length > 0
const isInLedger = async (id: string) => (await store.messages.trace(id)).sent !== null

describe('connections of the service’s own', () => {
  const connected = async () => {
    const client = new pg.Client(url)
    await client.connect()
    onTestFinished(() => client.end())
    return client
  }

  test('a pg client inside BEGIN … COMMIT is a transaction', async () => {
    const client = await connected()
    const [kept, lost] = [event(), event()]
    for (const [each, end] of [
      [kept, 'commit'],
      [lost, 'rollback'],
    ] as const) {
      await client.query('begin')
      await client.query('insert into effect (id) values ($1)', [each.id])
      await store.outbox.append(client, [each])
      await store.outbox.append(client, [event(), event()])
      await client.query(end)
    }
    expect([await isInLedger(kept.id), await isWritten(kept.id)]).toEqual([true, true])
    expect([await isInLedger(lost.id), await isWritten(lost.id)]).toEqual([false, false])
  })

  test('a pg client outside a transaction and a pool are refused', async () => {
    const client = await connected()
    const pool = new pg.Pool({ connectionString: url })
    onTestFinished(() => pool.end())
    const refused = event()
    for (const tx of [client, pool]) {
      const error = await store.outbox.append(tx, [refused]).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'TRANSACTION_INVALID' })
    }
    await expect(store.outbox.append(pool, [refused])).rejects.toThrow('pool')
    await expect(store.outbox.append(client, [refused])).rejects.toThrow('BEGIN')
    expect(await isInLedger(refused.id)).toBe(false)
  })

  test('the inbox takes only a handle of its store', async () => {
    const client = await connected()
    await client.query('begin')
    for (const tx of [client, store] as unknown as Parameters<typeof store.inbox.receive>[0][]) {
      expect(await codeOf(store.inbox.receive(tx, 'order.crm', [message()]))).toBe('TRANSACTION_INVALID')
      expect(await codeOf(store.savepoint(tx, () => Promise.resolve()))).toBe('TRANSACTION_INVALID')
    }
  })

  test('a store on a pool of the service leaves it open, and works without pipelining', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 3 })
    onTestFinished(() => pool.end())
    const own = postgresStore({ pool })
    await own.start()
    const [sent, received, bad] = [event(), message(), newId()]
    await own.transaction(
      async (tx) => {
        await own.outbox.append(tx, [sent])
        await own.inbox.receive(tx, 'order.crm', [received])
        await own.savepoint(tx, (inner) => Promise.all([write(inner, sent.id), inner.query('select 1')]))
        const part = own.savepoint(tx, async (inner) => {
          await write(inner, bad)
          throw new Error('no')
        })
        await part.catch(() => undefined)
      },
      { statementTimeoutMs: 5_000 },
    )
    expect([await isInLedger(sent.id), await isWritten(sent.id), await isWritten(bad)]).toEqual([true, true, false])
    const [begun, finish] = [gate(), gate()]
    const last = own.transaction(async (tx) => {
      begun.open()
      await finish.opened
      await write(tx, newId())
    })
    await begun.opened
    let isStopped = false
    const stopped = own.stop().then(() => {
      isStopped = true
    })
    await new Promise(setImmediate)
    expect(isStopped).toBe(false)
    finish.open()
    await last
    await stopped
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('an error on an idle connection of the service’s pool does not end the process', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    onTestFinished(() => pool.end())
    const own = postgresStore({ pool })
    const { rows } = await own.query<{ pid: number }>('select pg_backend_pid() as pid')
    const removed = new Promise((resolve) => pool.once('remove', resolve))
    await store.query('select pg_terminate_backend($1)', [rows[0]!.pid])
    await removed
    await own.ping()
    await own.stop()
  })

  test('libraries that work on a pg client can use that of a handle, and it dies with the handle', async () => {
    const [id, undone] = [newId(), newId()]
    let leaked: { query(text: string): Promise<unknown> } | undefined
    await store.transaction(async (tx) => {
      leaked = tx.client
      await tx.client.query({ text: 'insert into effect (id) values ($1)', values: [id] })
      const part = store.savepoint(tx, async (inner) => {
        await inner.client.query('insert into effect (id) values ($1)', [undone])
        throw new Error('no')
      })
      await part.catch(() => undefined)
    })
    expect([await isWritten(id), await isWritten(undone)]).toEqual([true, false])
    expect(await codeOf(leaked!.query('select 1'))).toBe('TRANSACTION_CLOSED')
  })

  test('type parsers that a service has set in pg do not reach Warren’s own values', async () => {
    const { builtins, getTypeParser, setTypeParser } = pg.types
    const oids = [builtins.INT8, builtins.INT4, builtins.FLOAT8, builtins.TIMESTAMPTZ, builtins.JSON, builtins.UUID]
    const before: unknown[] = oids.map((oid) => getTypeParser(oid) as unknown)
    for (const oid of oids) setTypeParser(oid, (value: string) => value as never)
    onTestFinished(() => oids.forEach((oid, n) => setTypeParser(oid, before[n] as never)))
    const parsed = event({ bucket: 31, headers: { a: 'b' } })
    await store.transaction((tx) => store.outbox.append(tx, [parsed]))
    await store.transaction((tx) => store.inbox.fail(tx, [failure('types', { messageId: parsed.id })]))
    const [claimed] = await store.outbox.claim({ buckets: [31], exclude: [], limit: 1 })
    expect(claimed).toMatchObject({ ...parsed, attempts: 0 })
    expect(claimed!.createdAt).toBeInstanceOf(Date)
    expect(Number.isNaN(claimed!.createdAt.getTime())).toBe(false)
    expect(await store.inbox.claimRetries('types', { limit: 1, leaseMs: 1_000 })).toMatchObject([{ attempts: 2 }])
    expect(await store.outbox.backlog()).toMatchObject({ unroutable: 0 })
  })

  test('an INSERT that a handler runs often is prepared, and an ALTER TABLE fails it once at most', async () => {
    const { url: own } = await testDatabase()
    const single = postgresStore({ connectionString: own, maxConnections: 1 })
    onTestFinished(() => single.stop())
    await single.start()
    await single.query('create table note (text text)')
    const add = (value: unknown) =>
      single.transaction((tx) => tx.query('insert into note (text) values ($1)', [value]).then(() => undefined))
    for (let round = 0; round < 6; round++) await add('a')
    const prepared = async () =>
      (await single.query(`select 1 from pg_prepared_statements where statement like 'insert into note%'`)).rows.length
    expect(await prepared()).toBe(1)

    await single.query('alter table note alter column text type integer using 1')
    const failures = (await Promise.allSettled([1, 2, 3].map(add))).filter(({ status }) => status === 'rejected')
    expect(failures.length).toBeLessThanOrEqual(1)
    const { rows } = await single.query<{ count: string }>('select count(*) as count from note')
    expect(Number(rows[0]?.count)).toBe(6 + 3 - failures.length)
  })

  test('without prepared statements nothing is prepared', async () => {
    const own = postgresStore({ connectionString: url, maxConnections: 1, preparedStatements: false })
    onTestFinished(() => own.stop())
    await own.transaction(async (tx) => {
      await own.outbox.append(tx, [event()])
      await own.inbox.receive(tx, 'order.crm', [message()])
    })
    await own.inbox.countStart('order.crm', newId())
    expect((await own.query('select name from pg_prepared_statements')).rows).toEqual([])
  })
})
