import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { testDatabase } from '../../../../test/support/postgres.ts'
import { newId } from '../../src/envelope/uuid.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import type { PostgresStore } from '../../src/store/postgres/index.ts'
import type { Sql } from '../../src/store/store.ts'
import { codeOf, event, gate, message } from './fixtures.ts'
import { proxyTo, untilBlocked } from './postgres-fixtures.ts'

let url: string
let store: PostgresStore
beforeAll(async () => {
  url = (await testDatabase()).url
  store = postgresStore({ connectionString: url })
  await store.start()
  await store.query('create table effect (id text, parent text, primary key (id))')
  await store.query('alter table effect add foreign key (parent) references effect deferrable initially deferred')
})
afterAll(() => store.stop())

const write = (tx: Sql, id: string, parent: string | null = null) =>
  tx.query('insert into effect (id, parent) values ($1, $2)', [id, parent])
const isWritten = async (id: string) => (await store.query('select 1 from effect where id = $1', [id])).rows.length > 0
const isInLedger = async (id: string) => (await store.messages.trace(id)).sent !== null

describe('what PostgreSQL would pass over in silence', () => {
  test('a caught error does not let the transaction commit nothing and call it done', async () => {
    const id = newId()
    const run = store.transaction(async (tx) => {
      await write(tx, id)
      await tx.query('insert into no_such_table values (1)').catch(() => undefined)
    })
    const error = await run.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect((error as Error).message).toContain('no_such_table')
    expect(await isWritten(id)).toBe(false)
  })

  test('a caught error behind a savepoint fails that savepoint alone', async () => {
    const [before, inside, after] = [newId(), newId(), newId()]
    await store.transaction(async (tx) => {
      await write(tx, before)
      const part = store.savepoint(tx, async (inner) => {
        await write(inner, inside)
        await inner.query('insert into no_such_table values (1)').catch(() => undefined)
      })
      expect(await codeOf(part)).toBe('TRANSACTION_ABORTED')
      await write(tx, after)
    })
    expect(await Promise.all([before, inside, after].map(isWritten))).toEqual([true, false, true])
  })

  test('a statement that nobody awaited and that fails, fails the transaction', async () => {
    const id = newId()
    const run = store.transaction(async (tx) => {
      await write(tx, id)
      void tx.query('insert into no_such_table values (1)').catch(() => undefined)
    })
    expect(await codeOf(run)).toBe('TRANSACTION_ABORTED')
    expect(await isWritten(id)).toBe(false)
  })

  test('a statement that pg refuses to send fails the transaction too, if nobody cared', async () => {
    const id = newId()
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    const run = store.transaction(async (tx) => {
      await write(tx, id)
      await tx.query('select $1::json', [circular]).catch(() => undefined)
    })
    expect(await codeOf(run)).toBe('TRANSACTION_ABORTED')
    expect(await isWritten(id)).toBe(false)
  })

  test('savepoints that went well do not pile up', async () => {
    const run = store.transaction(async (tx) => {
      await store.savepoint(tx, (inner) => write(inner, newId()))
      await store.savepoint(tx, (inner) => inner.query('rollback to savepoint warren_1'))
    })
    // no such savepoint: it was released
    expect(await codeOf(run)).toBe('3B001')
  })

  test('statements started at once: the error of the first that failed is the one that is thrown', async () => {
    const run = store.transaction((tx) =>
      Promise.all([tx.query('select 1'), tx.query('insert into no_such_table values (1)'), tx.query('select 2')]),
    )
    await expect(run).rejects.toThrow('no_such_table')
  })

  test('an event that the database refuses fails the transaction with the database’s reason', async () => {
    const id = newId()
    const taken = event()
    await store.transaction((tx) => store.outbox.append(tx, [taken]))
    const run = store.transaction(async (tx) => {
      await write(tx, id)
      await store.outbox.append(tx, [taken])
      await write(tx, newId())
    })
    await expect(run).rejects.toThrow('duplicate key')
    expect(await isWritten(id)).toBe(false)

    const last = store.transaction(async (tx) => {
      await write(tx, id)
      await store.outbox.append(tx, [taken])
    })
    await expect(last).rejects.toThrow('duplicate key')
    expect(await isWritten(id)).toBe(false)
  })

  test('an event that is refused behind a savepoint fails that savepoint alone', async () => {
    const [id, good] = [newId(), event()]
    await store.transaction(async (tx) => {
      await store.outbox.append(tx, [good])
      const part = store.savepoint(tx, (inner) => store.outbox.append(inner, [good]))
      await expect(part).rejects.toThrow('duplicate key')
      await write(tx, id)
    })
    expect(await isWritten(id)).toBe(true)
    expect(await isInLedger(good.id)).toBe(true)
  })

  test('a handler that ends the transaction itself is told', async () => {
    const id = newId()
    const run = store.transaction(async (tx) => {
      await write(tx, id)
      await tx.query('rollback')
    })
    // PostgreSQL answers the COMMIT with a warning only, and the rows are gone.
    expect(await codeOf(run)).toBe('TRANSACTION_ABORTED')
    expect(await isWritten(id)).toBe(false)
  })

  test('a constraint that is checked at the commit fails it with its own error', async () => {
    const id = newId()
    const run = store.transaction((tx) => write(tx, id, 'nobody'))
    expect(await codeOf(run)).toBe('23503')
    expect(await isWritten(id)).toBe(false)
  })
})

describe('timeouts and locks', () => {
  test('a message that another transaction holds for too long makes receive() busy, not broken', async () => {
    const held = message()
    const [begun, finish] = [gate(), gate()]
    const holder = store.transaction(async (tx) => {
      await store.inbox.receive(tx, 'order.crm', [held])
      begun.open()
      await finish.opened
    })
    await begun.opened
    const second = store.transaction((tx) => store.inbox.receive(tx, 'order.crm', [held]), {
      statementTimeoutMs: 2_000,
    })
    const error = await second.catch((reason: unknown) => reason)
    // lock_timeout, and not statement_timeout, which is a tenth later: it was a lock.
    expect(error).toMatchObject({ code: 'STORE_BUSY', cause: { code: '55P03' } })
    expect(store.isUnavailable(error)).toBe(false)
    finish.open()
    await holder
  })

  test('a statement that takes too long fails with the database’s error', async () => {
    const run = store.transaction((tx) => tx.query('select pg_sleep(30)'), { statementTimeoutMs: 100 })
    expect(await codeOf(run)).toBe('57014')
  })

  test('the timeouts end with the transaction', async () => {
    const single = postgresStore({ connectionString: url, maxConnections: 1 })
    onTestFinished(() => single.stop())
    const setting = async () =>
      (await single.query<{ statement_timeout: string }>('show statement_timeout')).rows[0]!.statement_timeout
    const before = await setting()
    await single.transaction((tx) => tx.query('select 1'), { statementTimeoutMs: 100 })
    expect(await setting()).toBe(before)
  })

  test('a transaction inside another one has a connection of its own', async () => {
    const [inner, outer] = [newId(), newId()]
    const run = store.transaction(async (tx) => {
      await write(tx, outer)
      await store.transaction((other) => write(other, inner))
      throw new Error('no')
    })
    await expect(run).rejects.toThrow('no')
    expect(await isWritten(inner)).toBe(true)
    expect(await isWritten(outer)).toBe(false)
  })

  test('Warren’s own statement that loses a deadlock is tried again', async () => {
    const [a, b] = [event(), event()]
    await store.transaction((tx) => store.outbox.append(tx, [a, b]))
    const [first, second] = [a.id, b.id].toSorted()
    const locked = gate()
    const lock = (tx: Sql, id: string) => tx.query('select 1 from warren.outbox_pending where id = $1 for update', [id])
    const rival = store.transaction(async (tx) => {
      // Never the victim: PostgreSQL picks the one whose deadlock_timeout runs out first.
      await tx.query(`set local deadlock_timeout = '60s'`)
      await lock(tx, second!)
      locked.open()
      await untilBlocked(store)
      await lock(tx, first!)
    })
    await locked.opened
    await store.outbox.confirm([first!, second!])
    await rival
    expect((await store.messages.trace(a.id)).sent?.state).toBe('sent')
  })
})

describe('a barrier and a confirm', () => {
  const name = 'order.crm'
  const isSent = async (id: string) => {
    const rows = await store.reconciliation.ledger.sent({ fromMs: 0, toMs: Date.now() + 60_000 })
    return rows.some((row) => row.id === id)
  }
  const late = async () =>
    (await store.query<{ id: string }>('select id from warren.late_event')).rows.map(({ id }) => id)
  const ask = () => store.reconciliation.proof.asked(name, { id: newId(), throughMs: Date.now() + 1 })
  beforeAll(async () => {
    const subscription = { name, service: 'crm', queue: 'qu.order.crm', hasInbox: true, timeoutMs: 30_000 }
    const begin = { closeMs: 0, fromMs: Date.now() - 1_000, patterns: ['order.#'] }
    await store.reconciliation.registry.register(
      { ...subscription, queueCreatedMs: null, patternsSinceMs: 0 },
      begin,
      null,
    )
  })

  test('that began before it: the barrier is noted when it has ended, and sees it', async () => {
    const sent = event()
    await store.transaction((tx) => store.outbox.append(tx, [sent]))
    const [held, free] = [gate(), gate()]
    const holding = store.transaction(async (tx) => {
      await tx.query('select 1 from warren.outbox_pending where id = $1 for update', [sent.id])
      held.open()
      await free.opened
    })
    await held.opened
    const confirming = store.outbox.confirm([sent.id])
    await untilBlocked(store)
    const asking = ask().then(() => isSent(sent.id))
    await untilBlocked(store, 2)
    free.open()
    expect(await asking).toBe(true)
    await Promise.all([holding, confirming])
    expect(await late()).not.toContain(sent.id)
  })

  test('that begins after it: the event is late', async () => {
    const sent = event()
    await store.transaction((tx) => store.outbox.append(tx, [sent]))
    await ask()
    await store.outbox.confirm([sent.id])
    expect(await late()).toContain(sent.id)
  })
})

describe('round trips', () => {
  async function countRoundTrips(work: (store: PostgresStore) => Promise<unknown>): Promise<number> {
    const proxy = await proxyTo(url)
    const own = postgresStore({ connectionString: proxy.url, maxConnections: 1 })
    onTestFinished(() => own.stop())
    await own.ping()
    const before = proxy.roundTrips
    await work(own)
    return proxy.roundTrips - before
  }

  test('BEGIN goes with the first statement, and an event with the COMMIT', async () => {
    const count = await countRoundTrips((own) =>
      own.transaction(
        async (tx) => {
          await write(tx, newId())
          await own.outbox.append(tx, [event()])
        },
        { statementTimeoutMs: 5_000 },
      ),
    )
    expect(count).toBe(2)
  })

  test('a transaction without a statement makes none', async () => {
    expect(await countRoundTrips((own) => own.transaction((tx) => own.savepoint(tx, () => Promise.resolve())))).toBe(0)
  })

  test('a savepoint makes none of its own while all goes well, and one when it is undone', async () => {
    const count = await countRoundTrips((own) =>
      own.transaction(async (tx) => {
        await own.inbox.receive(tx, 'order.crm', [message()])
        for (let n = 0; n < 10; n++) await own.savepoint(tx, (inner) => write(inner, newId()))
        const undone = own.savepoint(tx, async (inner) => {
          await write(inner, newId())
          throw new Error('no')
        })
        await undone.catch(() => undefined)
      }),
    )
    // receive, ten effects, one effect and its undoing, COMMIT
    expect(count).toBe(14)
  })
})
