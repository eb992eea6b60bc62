import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { testDatabase } from '../../../../test/support/postgres.ts'
import { newId } from '../../src/envelope/uuid.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import type { PostgresStore } from '../../src/store/postgres/index.ts'
import type { Sql } from '../../src/store/store.ts'
import { event } from '../store/fixtures.ts'

/** A library with a database that has a table `effect (id text primary key)`. */
export interface Library {
  /**
   * Runs the work in a transaction of the library, with the adapter around it, and with a way to write an effect through
   * the library itself. Commits when the work resolves, rolls back and rethrows when it rejects.
   */
  transaction(work: (tx: Sql, write: (id: string) => Promise<unknown>) => Promise<void>): Promise<void>
  /** The adapter around what is no transaction. */
  adaptOutside(): Sql
  close(): Promise<unknown>
}

/** What every adapter must do, with the real library on a real PostgreSQL. */
export function describeAdapter(name: string, open: (url: string) => Library | Promise<Library>): void {
  describe(`a transaction of ${name}`, () => {
    let url: string
    beforeAll(async () => {
      url = (await testDatabase()).url
      const setUp = postgresStore({ connectionString: url })
      await setUp.start()
      await setUp.query('create table effect (id text primary key)')
      await setUp.stop()
    })

    async function prepare(): Promise<{ library: Library; store: PostgresStore }> {
      const library = await open(url)
      const store = postgresStore({ connectionString: url })
      onTestFinished(async () => {
        await library.close()
        await store.stop()
      })
      return { library, store }
    }
    const isWritten = async (store: PostgresStore, id: string) =>
      (await store.query('select 1 from effect where id = $1', [id])).rows.length > 0

    test('that commits: the row and its event are there, the payload as it was', async () => {
      const { library, store } = await prepare()
      const sent = event({
        payload: String.raw`{"a":"\u0000 'quoted' \"twice\" \\ ? ?? $1 :name %s é😀","n":1.000,"nested":[null,true,{}]}`,
        headers: { 'correlation-id': `it's ? a \\ "header"` },
        entityId: `o'1 ? $2 \\`,
        isOptional: true,
        bucket: 17,
      })
      await library.transaction(async (tx, write) => {
        await write(sent.id)
        await store.outbox.append(tx, [sent])
      })
      expect(await isWritten(store, sent.id)).toBe(true)
      const claimed = await store.outbox.claim({ buckets: [17], exclude: [], limit: 10 })
      expect(claimed).toMatchObject([sent])
    })

    test('that is rolled back leaves neither', async () => {
      const { library, store } = await prepare()
      const lost = event()
      const run = library.transaction(async (tx, write) => {
        await write(lost.id)
        await store.outbox.append(tx, [lost])
        throw new Error('rolled back')
      })
      await expect(run).rejects.toThrow('rolled back')
      expect(await isWritten(store, lost.id)).toBe(false)
      expect(await store.messages.trace(lost.id)).toEqual({ sent: null, received: [] })
      expect(await store.outbox.claim({ buckets: [0], exclude: [], limit: 10 })).toEqual([])
    })

    test('takes several events at once, and one event after the other', async () => {
      const { library, store } = await prepare()
      const events = Array.from({ length: 30 }, () => event({ bucket: 5 }))
      await library.transaction(async (tx) => {
        await store.outbox.append(tx, events.slice(0, 20))
        for (const each of events.slice(20)) await store.outbox.append(tx, [each])
      })
      expect(await store.outbox.claim({ buckets: [5], exclude: [], limit: 100 })).toMatchObject(events)
    })

    test('gives the events of an ordered entity their places', async () => {
      const { library, store } = await prepare()
      const key = `order/it's ? ${newId()}`
      const [paid, shipped] = ['order.payment.onPaid', 'order.delivery.onShipped']
      const taken: unknown[] = []
      await library.transaction(async (tx) => {
        for (const name of [paid, shipped, paid]) taken.push(await store.order.next(tx, key, name))
      })
      expect(taken).toMatchObject([{ sequence: 1, previous: '{}' }, { sequence: 2 }, { sequence: 3 }])
      const { previous } = taken[2] as { previous: string }
      expect(JSON.parse(previous)).toMatchObject({
        [paid]: [1, expect.any(Number)],
        [shipped]: [2, expect.any(Number)],
      })
    })

    test('answers with rows, whatever the statement', async () => {
      const { library } = await prepare()
      const id = newId()
      await library.transaction(async (tx, write) => {
        await write(id)
        expect(
          (await tx.query('select id, $2::text as b, $2::text as c from effect where id = $1', [id, 'x'])).rows,
        ).toEqual([{ id, b: 'x', c: 'x' }])
        expect((await tx.query('select id from effect where id = $1', ['nobody'])).rows).toEqual([])
        expect((await tx.query('select 1 as one')).rows).toEqual([{ one: 1 }])
        const other = newId()
        expect((await tx.query('insert into effect (id) values ($1)', [other])).rows).toEqual([])
        expect((await tx.query('update effect set id = id where id = $1 returning id', [other])).rows).toEqual([
          { id: other },
        ])
        expect((await tx.query('delete from effect where id = $1', [other])).rows).toEqual([])
      })
    })

    test('is refused when it is none', async () => {
      const { library } = await prepare()
      expect(() => library.adaptOutside()).toThrow(expect.objectContaining({ code: 'TRANSACTION_INVALID' }))
    })
  })
}
