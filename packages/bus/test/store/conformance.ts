import { beforeEach, describe, expect, test } from 'vitest'

import { newId } from '../../src/envelope/uuid.ts'
import { leastIdAt } from '../../src/store/ids.ts'
import type { NewFailure, Sql, Store } from '../../src/store/store.ts'
import { codeOf, event, failure, gate, message, until } from './fixtures.ts'

/** An empty, migrated database and what the suite needs to know of it beyond the contract. */
export interface StoreUnderTest {
  /** A started store on this test's database, stopped when the test ends; called again, another one on the same. */
  open(): Promise<Store>
  /** Resolves when this many statements are waiting for locks that other transactions hold. */
  untilBlocked(count: number): Promise<void>
}

/** The contract of store.ts, for every implementation. */
export function describeStore(dialect: string, prepare: () => Promise<StoreUnderTest>): void {
  describe(`a ${dialect} store`, () => {
    let database: StoreUnderTest
    let store: Store

    beforeEach(async () => {
      database = await prepare()
      store = await database.open()
      await store.transaction(async (tx) => {
        await tx.query('create table if not exists effect (id text)')
        await tx.query('delete from effect')
      })
    })

    const write = (tx: Sql, id: string) => tx.query('insert into effect (id) values ($1)', [id])
    const effects = async () =>
      (await store.query<{ id: string }>('select id from effect order by id')).rows.map(({ id }) => id)
    const append = (...events: Parameters<Store['outbox']['append']>[1]) =>
      store.transaction((tx) => store.outbox.append(tx, events))
    const claim = (request: Partial<Parameters<Store['outbox']['claim']>[0]> = {}) =>
      store.outbox.claim({ buckets: [0], exclude: [], limit: 100, ...request })
    const fail = (...failures: NewFailure[]) => store.transaction((tx) => store.inbox.fail(tx, failures))
    const receive = (subscription: string, ...messages: ReturnType<typeof message>[]) =>
      store.transaction((tx) => store.inbox.receive(tx, subscription, messages))
    const statusOf = async (id: string) => (await store.messages.trace(id)).received[0]?.status
    /** The action log, oldest first. */
    const actions = async () => {
      const table = store.kind === 'postgres' ? 'warren.action_log' : 'warren_action_log'
      const { rows } = await store.query<
        Record<'actor' | 'action' | 'subscription' | 'message_id' | 'details', unknown>
      >(`select actor, action, subscription, message_id, details from ${table} order by id`)
      return rows.map(({ actor, action, subscription, message_id, details }) => [
        ...[actor, action, subscription, message_id],
        typeof details === 'string' ? (JSON.parse(details) as unknown) : details,
      ])
    }
    const claimRetries = (limit = 100, leaseMs = 60_000) => store.inbox.claimRetries('order.crm', { limit, leaseMs })

    describe('transactions', () => {
      test('a transaction commits when its work resolves, and resolves with its value', async () => {
        const value = await store.transaction(async (tx) => {
          await write(tx, 'a')
          return 42
        })
        expect(value).toBe(42)
        expect(await effects()).toEqual(['a'])
      })

      test('a transaction whose work rejects leaves nothing and rethrows', async () => {
        const id = newId()
        const run = store.transaction(async (tx) => {
          await write(tx, 'a')
          await store.outbox.append(tx, [event()])
          await store.inbox.receive(tx, 'order.crm', [message({ id })])
          throw new Error('no')
        })
        await expect(run).rejects.toThrow('no')
        expect(await effects()).toEqual([])
        expect(await claim()).toEqual([])
        expect(await store.messages.sent({})).toEqual([])
        expect(await statusOf(id)).toBeUndefined()
      })

      test('a handle is dead once its transaction is over, whichever way it ended', async () => {
        const handles: Sql[] = []
        await store.transaction((tx) => Promise.resolve(handles.push(tx)))
        await store.transaction((tx) => Promise.reject(new Error(String(handles.push(tx))))).catch(() => undefined)
        for (const handle of handles) expect(await codeOf(write(handle, 'late'))).toBe('TRANSACTION_CLOSED')
        expect(await effects()).toEqual([])
      })

      test('a failed statement fails the transaction', async () => {
        const run = store.transaction(async (tx) => {
          await write(tx, 'a')
          await tx.query('insert into no_such_table values (1)')
        })
        await expect(run).rejects.toThrow('no_such_table')
        expect(await effects()).toEqual([])
      })

      test('transactions of one store run while others wait', async () => {
        await Promise.all(
          Array.from({ length: 20 }, (_, n) => store.transaction((tx) => write(tx, String(n).padStart(2, '0')))),
        )
        expect(await effects()).toHaveLength(20)
      })

      test('query() reads what is committed', async () => {
        const { rows } = await store.query<{ sum: number }>('select 1 + cast($1 as integer) as sum', [2])
        expect(rows).toEqual([{ sum: 3 }])
      })
    })

    describe('savepoints', () => {
      test('a savepoint whose work rejects undoes its own effects alone', async () => {
        await store.transaction(async (tx) => {
          await write(tx, 'before')
          await store.savepoint(tx, (inner) => write(inner, 'kept'))
          const failed = store.savepoint(tx, async (inner) => {
            await write(inner, 'undone')
            throw new Error('no')
          })
          await expect(failed).rejects.toThrow('no')
          await store.savepoint(tx, (inner) => write(inner, 'kept too'))
          await write(tx, 'last')
        })
        expect(await effects()).toEqual(['before', 'kept', 'kept too', 'last'])
      })

      test('a failed statement behind a savepoint leaves the transaction usable', async () => {
        await store.transaction(async (tx) => {
          for (let n = 0; n < 3; n++) {
            const failed = store.savepoint(tx, async (inner) => {
              await write(inner, 'undone')
              await inner.query('insert into no_such_table values (1)')
            })
            await expect(failed).rejects.toThrow('no_such_table')
          }
          await write(tx, 'kept')
        })
        expect(await effects()).toEqual(['kept'])
      })

      test('savepoints nest, and an outer one takes the inner ones with it', async () => {
        await store.transaction(async (tx) => {
          const failed = store.savepoint(tx, async (outer) => {
            await store.savepoint(outer, (inner) => write(inner, 'inner'))
            await store.savepoint(outer, (inner) => write(inner, 'inner 2'))
            throw new Error('no')
          })
          await expect(failed).rejects.toThrow('no')
          await store.savepoint(tx, async (outer) => {
            await store
              .savepoint(outer, async (inner) => {
                await write(inner, 'undone')
                throw new Error('no')
              })
              .catch(() => undefined)
            await write(outer, 'kept')
          })
        })
        expect(await effects()).toEqual(['kept'])
      })

      test('savepoints without a statement, with a value, and started at once', async () => {
        const values = await store.transaction(async (tx) => {
          await store.savepoint(tx, () => Promise.resolve())
          await store.savepoint(tx, () => Promise.reject(new Error('no'))).catch(() => undefined)
          return Promise.all(
            [1, 2, 3, 4].map((n) =>
              store
                .savepoint(tx, async (inner) => {
                  await write(inner, String(n))
                  if (n % 2 === 0) throw new Error('even')
                  return n
                })
                .catch(() => null),
            ),
          )
        })
        expect(values).toEqual([1, null, 3, null])
        expect(await effects()).toEqual(['1', '3'])
      })

      test('the handle of a savepoint is dead once its work has settled', async () => {
        await store.transaction(async (tx) => {
          const handles: Sql[] = []
          await store.savepoint(tx, (inner) => Promise.resolve(handles.push(inner)))
          await store
            .savepoint(tx, (inner) => Promise.reject(new Error(String(handles.push(inner)))))
            .catch(() => undefined)
          expect(handles).toHaveLength(2)
          for (const handle of handles) expect(await codeOf(write(handle, 'late'))).toBe('TRANSACTION_CLOSED')
        })
        expect(await effects()).toEqual([])
      })
    })

    describe('the outbox', () => {
      test('events are claimed in the order of their ids, as they were written', async () => {
        const events = [
          event({
            payload: '{"n":1.000,"a":"\\u0000é😀","b":12345678901234567890}',
            headers: { 'correlation-id': 'ä' },
          }),
          event({ isOptional: true, entityId: "o'1", name: 'product.price.onChanged' }),
          event({ payload: 'null' }),
        ]
        await append(events[2]!, events[0]!)
        await append(events[1]!)
        const claimed = await claim()
        expect(claimed).toMatchObject(events)
        expect(claimed.map(({ state, attempts }) => [state, attempts])).toEqual(Array(3).fill(['pending', 0]))
        expect(Math.abs(claimed[0]!.createdAt.getTime() - Date.now())).toBeLessThan(5_000)
      })

      test('a claim leaves out other buckets and excluded ids, and takes no more than its limit', async () => {
        const events = Array.from({ length: 10 }, (_, n) => event({ bucket: n % 2 }))
        await append(...events)
        const even = events.filter(({ bucket }) => bucket === 0).map(({ id }) => id)
        expect((await claim()).map(({ id }) => id)).toEqual(even)
        expect((await claim({ limit: 2 })).map(({ id }) => id)).toEqual(even.slice(0, 2))
        expect((await claim({ exclude: even.slice(0, 3), limit: 2 })).map(({ id }) => id)).toEqual(even.slice(3))
        expect(await claim({ buckets: [0, 1], exclude: [newId()] })).toHaveLength(10)
        expect(await claim({ buckets: [] })).toEqual([])
        // Takes no lock and changes nothing.
        expect(await claim()).toHaveLength(5)
      })

      test('more events than fit into one statement are appended at once', async () => {
        const events = Array.from({ length: 2_345 }, () => event())
        await append(...events)
        expect((await claim({ limit: 5_000 })).map(({ id }) => id)).toEqual(events.map(({ id }) => id))
        await append()
      })

      test('an event whose id is taken fails, and nothing of its transaction stays', async () => {
        const taken = event()
        await append(taken)
        await expect(append(event(), taken)).rejects.toThrow()
        expect(await claim()).toHaveLength(1)
      })

      test('confirmed events stay in the ledger and are pending no more', async () => {
        const events = [event(), event(), event()]
        await append(...events)
        await store.outbox.confirm([events[0]!.id, events[2]!.id, newId()])
        await store.outbox.confirm([])
        expect((await claim()).map(({ id }) => id)).toEqual([events[1]!.id])
        expect((await store.messages.sent({})).map(({ state }) => state)).toEqual(['sent', 'pending', 'sent'])
      })

      test('a rescheduled event is counted, and is claimed again when it is due', async () => {
        const [now, later] = [event(), event()]
        await append(now, later)
        await store.outbox.reschedule([
          { id: now.id, state: 'pending', delayMs: 0, error: 'PUBLISH_UNCONFIRMED: nack' },
          { id: later.id, state: 'pending', delayMs: 60_000, error: 'PUBLISH_UNCONFIRMED: nack' },
          { id: newId(), state: 'pending', delayMs: 0, error: 'unknown' },
        ])
        await store.outbox.reschedule([])
        expect((await claim()).map(({ id, attempts }) => [id, attempts])).toEqual([[now.id, 1]])
        expect((await store.messages.trace(later.id)).sent).toMatchObject({
          attempts: 1,
          error: 'PUBLISH_UNCONFIRMED: nack',
        })
      })

      test('unroutable and unpublishable events are not claimed until they are released', async () => {
        const [unroutable, unpublishable, other] = [event(), event(), event({ name: 'order.delivery.onDelivered' })]
        await append(unroutable, unpublishable, other)
        await store.outbox.reschedule([
          { id: unroutable.id, state: 'unroutable', delayMs: 0, error: 'EVENT_UNROUTABLE: NO_ROUTE' },
          { id: other.id, state: 'unroutable', delayMs: 60_000, error: 'EVENT_UNROUTABLE: NO_ROUTE' },
          { id: unpublishable.id, state: 'unpublishable', delayMs: 0, error: 'EVENT_UNPUBLISHABLE: 406' },
        ])
        expect(await claim()).toEqual([])
        expect(await store.outbox.backlog()).toEqual({
          pending: 0,
          unroutable: 2,
          unpublishable: 1,
          oldestPendingAt: null,
        })

        expect(await store.outbox.release({ name: unroutable.name })).toBe(1)
        expect((await claim()).map(({ id, state }) => [id, state])).toEqual([[unroutable.id, 'pending']])
        expect(await store.outbox.release({ ids: [other.id, unpublishable.id, newId()] })).toBe(2)
        expect(await claim()).toHaveLength(3)
      })

      test('probes are the oldest due unroutable event of each name in these buckets', async () => {
        const a = [event({ name: 'a.a.onA' }), event({ name: 'a.a.onA' }), event({ name: 'a.a.onA' })]
        const b = [event({ name: 'b.b.onB', bucket: 7 }), event({ name: 'b.b.onB' })]
        const c = [event({ name: 'c.c.onC' })]
        await append(...a, ...b, ...c, event({ name: 'd.d.onD' }))
        const reschedule = (id: string, delayMs: number) => ({
          id,
          state: 'unroutable' as const,
          delayMs,
          error: 'NO_ROUTE',
        })
        await store.outbox.reschedule([
          reschedule(a[0]!.id, 60_000),
          ...[a[1]!, a[2]!, ...b].map(({ id }) => reschedule(id, 0)),
          reschedule(c[0]!.id, 60_000),
        ])
        const probes = await store.outbox.probes([0, 1])
        expect(probes.map(({ id }) => id)).toEqual([a[1]!.id, b[1]!.id])
        expect(probes[0]).toMatchObject({ ...a[1]!, state: 'unroutable', attempts: 1 })
        expect((await store.outbox.probes([7])).map(({ id }) => id)).toEqual([b[0]!.id])
        expect(await store.outbox.probes([3])).toEqual([])
      })

      test('present() tells which ids are in the ledger, sent or not', async () => {
        const [sent, pending] = [event(), event()]
        await append(sent, pending)
        await store.outbox.confirm([sent.id])
        const ids = [sent.id, newId(), pending.id]
        expect(await store.outbox.present(ids)).toEqual([sent.id, pending.id])
        expect(await store.outbox.present(ids)).toEqual([sent.id, pending.id])
        expect(await store.outbox.present([])).toEqual([])
      })

      test('the backlog counts by state and knows the oldest pending event', async () => {
        expect(await store.outbox.backlog()).toMatchObject({ pending: 0, oldestPendingAt: null })
        const first = event()
        await append(first)
        await append(event(), event())
        const { pending, oldestPendingAt } = await store.outbox.backlog()
        expect(pending).toBe(3)
        expect(oldestPendingAt).toEqual((await claim())[0]!.createdAt)
      })

      test('what is not a transaction is refused before anything is written', async () => {
        for (const tx of [store, {}, null, { query: 1 }]) {
          expect(await codeOf(store.outbox.append(tx as unknown as Sql, [event()]))).toBe('TRANSACTION_INVALID')
        }
        expect(await claim()).toEqual([])
      })
    })

    describe('the inbox', () => {
      test('a message is received once by each subscription', async () => {
        const [a, b] = [message(), message()]
        expect(await receive('order.crm', a)).toEqual(new Set([a.id]))
        expect(await receive('order.crm', b, a, b)).toEqual(new Set([b.id]))
        expect(await receive('order.crm', b, a)).toEqual(new Set())
        expect(await receive('loyalty', b, a)).toEqual(new Set([a.id, b.id]))
        expect(await receive('loyalty')).toEqual(new Set())
      })

      test('a message is received again after its transaction was rolled back', async () => {
        const a = message()
        await store
          .transaction(async (tx) => {
            await store.inbox.receive(tx, 'order.crm', [a])
            throw new Error('no')
          })
          .catch(() => undefined)
        expect(await receive('order.crm', a)).toEqual(new Set([a.id]))
      })

      for (const outcome of ['commits', 'aborts'] as const) {
        test(`a concurrent receive of the same message waits until the other transaction ${outcome}`, async () => {
          const other = await database.open()
          const a = message()
          const [received, finish] = [gate(), gate()]
          const first = store.transaction(async (tx) => {
            await store.inbox.receive(tx, 'order.crm', [a])
            received.open()
            await finish.opened
            if (outcome === 'aborts') throw new Error('no')
          })
          await received.opened
          let hasSecond = false
          const second = other
            .transaction((tx) => other.inbox.receive(tx, 'order.crm', [a]))
            .finally(() => {
              hasSecond = true
            })
          await database.untilBlocked(1)
          expect(hasSecond).toBe(false)
          finish.open()
          await first.catch(() => undefined)
          expect(await second).toEqual(outcome === 'commits' ? new Set() : new Set([a.id]))
        })
      }

      test('batches that arrive in opposite orders do not deadlock', async () => {
        const other = await database.open()
        const batch = Array.from({ length: 9 }, () => message())
        const [held, letGo] = [gate(), gate()]
        // Both batches come as far as the one in the middle, which somebody else has: whoever came from the other end
        // would hold by then what this one needs next.
        const holder = store.transaction(async (tx) => {
          await store.inbox.receive(tx, 'order.crm', [batch[4]!])
          held.open()
          await letGo.opened
          throw new Error('no')
        })
        await held.opened
        const batches = [
          store.transaction((tx) => store.inbox.receive(tx, 'order.crm', batch)),
          other.transaction((tx) => other.inbox.receive(tx, 'order.crm', batch.toReversed())),
        ]
        await database.untilBlocked(2)
        letGo.open()
        await holder.catch(() => undefined)
        const sizes = (await Promise.all(batches)).map(({ size }) => size)
        expect(sizes.toSorted()).toEqual([0, 9])
      })

      test('forgotten messages are received again; what was received before is not forgotten', async () => {
        const [before, a, b] = [message(), message(), message()]
        await receive('order.crm', before)
        await store.transaction(async (tx) => {
          await store.inbox.receive(tx, 'order.crm', [before, a, b])
          await store.inbox.forget(tx, 'order.crm', [before.id, b.id, newId()])
        })
        expect(await receive('order.crm', before, a, b)).toEqual(new Set([b.id]))
      })

      test('a failure is recorded in the transaction that received the message', async () => {
        const [good, bad] = [message(), message()]
        await store.transaction(async (tx) => {
          await store.inbox.receive(tx, 'order.crm', [good, bad])
          await store.inbox.fail(tx, [failure('order.crm', { messageId: bad.id, delayMs: 60_000 })])
        })
        expect(await statusOf(good.id)).toBe('handled')
        const { received } = await store.messages.trace(bad.id)
        expect(received).toMatchObject([
          { status: 'retrying', settledAt: null, failure: { messageId: bad.id, attempts: 1 } },
        ])
        expect(received[0]!.failure!.dueAt!.getTime()).toBeGreaterThan(Date.now() + 50_000)
      })

      test('a failure is kept as it was given', async () => {
        const given = failure('order.crm', {
          payload: '{"a":"\\u0000 é"}',
          headers: { a: 'ä', b: '' },
          error: { code: 'X', type: 'T', message: 'm\n"\'', stack: 's', fingerprint: 'f' },
        })
        await fail(given)
        const [kept] = await store.failures.list({})
        const { delayMs: _, ...rest } = given
        expect(kept).toMatchObject(rest)
        expect(kept!.firstFailedAt).toEqual(kept!.lastFailedAt)
      })

      test('a body with NUL bytes keeps every byte', async () => {
        const given = failure('order.crm', { payload: 'a\u0000é' })
        await fail({ ...given, name: 'x\u0000y', error: { ...given.error, message: 'z\u0000' } })
        const [kept] = await store.failures.list({})
        const body = kept!.encoding === 'base64' ? Buffer.from(kept!.payload, 'base64') : Buffer.from(kept!.payload)
        expect(body).toEqual(Buffer.from('a\u0000é'))
      })

      test('the first time of a failure is kept when it fails again', async () => {
        const first = failure('order.crm')
        await fail(first)
        const before = (await store.failures.list({}))[0]!
        await until(() => Date.now() > before.lastFailedAt.getTime() + 5)
        await fail({ ...first, attempts: 2, state: 'parked', error: { ...first.error, message: 'again' } })
        const [after] = await store.failures.list({})
        expect(after).toMatchObject({ attempts: 2, state: 'parked', dueAt: null, error: { message: 'again' } })
        expect(after!.firstFailedAt).toEqual(before.firstFailedAt)
        expect(after!.lastFailedAt.getTime()).toBeGreaterThan(before.lastFailedAt.getTime())
        expect(await statusOf(first.messageId)).toBe('parked')
      })

      test('what is handled or discarded stays so when a failure of it comes late', async () => {
        const [handled, discarded] = [message(), message()]
        await receive('order.crm', handled)
        await fail(failure('order.crm', { messageId: discarded.id, fingerprint: 'x' } as Partial<NewFailure>))
        await store.failures.discard({ messageId: discarded.id }, 'ann')
        await fail(
          failure('order.crm', { messageId: handled.id }),
          failure('order.crm', { messageId: discarded.id, state: 'parked' }),
        )
        expect(await statusOf(handled.id)).toBe('handled')
        expect(await statusOf(discarded.id)).toBe('discarded')
        expect(await store.failures.list({})).toEqual([])
      })

      test('a message that was received in an undone savepoint is not taken for the own one', async () => {
        const a = message()
        await store.transaction(async (tx) => {
          await store
            .savepoint(tx, async (inner) => {
              await store.inbox.receive(inner, 'order.crm', [a])
              throw new Error('no')
            })
            .catch(() => undefined)
          await store.savepoint(tx, (inner) => store.inbox.receive(inner, 'order.crm', [a]))
          await store.inbox.fail(tx, [failure('order.crm', { messageId: a.id })])
        })
        expect(await statusOf(a.id)).toBe('retrying')
      })

      test('starts are counted though the handler’s transaction is lost, and forgotten with the one that settles', async () => {
        const id = newId()
        expect(await store.inbox.countStart('order.crm', id)).toBe(1)
        expect(await store.inbox.countStart('order.crm', id)).toBe(2)
        expect(await store.inbox.countStart('loyalty', id)).toBe(1)
        const clear = (isLost: boolean) =>
          store
            .transaction(async (tx) => {
              await store.inbox.clearStarts(tx, 'order.crm', [id, newId()])
              if (isLost) throw new Error('no')
            })
            .catch(() => undefined)
        await clear(true)
        expect(await store.inbox.countStart('order.crm', id)).toBe(3)
        await clear(false)
        expect(await store.inbox.countStart('order.crm', id)).toBe(1)
        expect(await store.inbox.countStart('loyalty', id)).toBe(2)
      })

      test('the first start of many is counted at once, and not of those that have one', async () => {
        const [known, ...fresh] = [newId(), newId(), newId()]
        await store.inbox.countStart('order.crm', known)
        const all = [...fresh, known]
        expect(await store.inbox.countFirstStarts('order.crm', all)).toEqual(new Set(fresh))
        expect(await store.inbox.countFirstStarts('order.crm', all)).toEqual(new Set())
        expect(await store.inbox.countFirstStarts('loyalty', all)).toEqual(new Set(all))
        expect(await store.inbox.countStart('order.crm', known)).toBe(2)
      })
    })

    describe('retries', () => {
      test('due failures are claimed by due time, counted, and then left alone until the claim runs out', async () => {
        const [late, early, notYet, parked, other] = [
          failure('order.crm', { delayMs: -1_000 }),
          failure('order.crm', { delayMs: -2_000, attempts: 4 }),
          failure('order.crm', { delayMs: 60_000 }),
          failure('order.crm', { state: 'parked', delayMs: -1_000 }),
          failure('loyalty', { delayMs: -1_000 }),
        ]
        await fail(late, early, notYet, parked, other)
        expect(await store.inbox.nextRetryInMs('order.crm')).toBe(0)
        expect((await claimRetries(1)).map(({ messageId, attempts }) => [messageId, attempts])).toEqual([
          [early.messageId, 5],
        ])
        expect((await claimRetries()).map(({ messageId, attempts }) => [messageId, attempts])).toEqual([
          [late.messageId, 2],
        ])
        expect(await claimRetries()).toEqual([])
        const nextMs = await store.inbox.nextRetryInMs('order.crm')
        expect(nextMs).toBeGreaterThan(50_000)
        expect(nextMs).toBeLessThanOrEqual(60_000)
      })

      test('there is no next retry when nothing retries', async () => {
        await fail(failure('order.crm', { state: 'parked' }))
        expect(await store.inbox.nextRetryInMs('order.crm')).toBeNull()
      })

      test('a claim that its owner never settles is due again and was counted', async () => {
        const crashing = failure('order.crm')
        await fail(crashing)
        expect(await claimRetries(10, 20)).toMatchObject([{ attempts: 2 }])
        let again = await claimRetries(10, 20)
        await until(async () => {
          if (again.length === 0) again = await claimRetries(10, 20)
          return again.length > 0
        })
        expect(again).toMatchObject([{ messageId: crashing.messageId, attempts: 3 }])
      })

      test('two instances claim different failures', async () => {
        const other = await database.open()
        await fail(...Array.from({ length: 40 }, () => failure('order.crm', { delayMs: -1 })))
        const claims = await Promise.all(
          Array.from({ length: 8 }, (_, n) =>
            (n % 2 === 0 ? store : other).inbox.claimRetries('order.crm', { limit: 5, leaseMs: 60_000 }),
          ),
        )
        const ids = claims.flat().map(({ messageId }) => messageId)
        expect(new Set(ids).size).toBe(ids.length)
        const rest = await claimRetries(40)
        expect(new Set([...ids, ...rest.map(({ messageId }) => messageId)]).size).toBe(40)
      })

      test('a claim that is given back is due after the delay and was not counted', async () => {
        const given = failure('order.crm')
        await fail(given)
        await claimRetries()
        await store.inbox.unclaim('order.crm', [given.messageId], 0)
        expect(await claimRetries()).toMatchObject([{ attempts: 2 }])
        await store.inbox.unclaim('order.crm', [given.messageId, newId()], 60_000)
        expect(await claimRetries()).toEqual([])
        await store.inbox.unclaim('order.crm', [], 0)
      })

      test('a retry that succeeds is handled in the handler’s transaction', async () => {
        const given = failure('order.crm')
        await fail(given)
        await claimRetries()
        const resolve = (isLost: boolean) =>
          store.transaction(async (tx) => {
            const isResolved = await store.inbox.resolve(tx, 'order.crm', given.messageId)
            if (isLost) throw new Error('no')
            return isResolved
          })
        await resolve(true).catch(() => undefined)
        expect(await statusOf(given.messageId)).toBe('retrying')
        expect(await resolve(false)).toBe(true)
        expect(await statusOf(given.messageId)).toBe('handled')
        expect(await store.failures.list({})).toEqual([])
        expect(await resolve(false)).toBe(false)
      })

      test('a retry that was discarded, parked or resolved meanwhile is not resolved', async () => {
        const [discarded, parked] = [failure('order.crm'), failure('order.crm')]
        await fail(discarded, parked)
        await claimRetries()
        await store.failures.discard({ messageId: discarded.messageId }, 'ann')
        await fail({ ...parked, state: 'parked' })
        for (const { messageId } of [discarded, parked, failure('order.crm')]) {
          expect(await store.transaction((tx) => store.inbox.resolve(tx, 'order.crm', messageId))).toBe(false)
        }
        expect(await statusOf(discarded.messageId)).toBe('discarded')
        expect(await statusOf(parked.messageId)).toBe('parked')
      })
    })

    describe('leases', () => {
      test('a lease is held by one owner, renewed by it, and free when it is released', async () => {
        const { leases } = store
        expect((await leases.acquire('relay', ['2', '1', '1'], 'a', 60_000)).toSorted()).toEqual(['1', '2'])
        expect(await leases.acquire('relay', ['1', '3'], 'b', 60_000)).toEqual(['3'])
        expect(await leases.acquire('other', ['1'], 'b', 60_000)).toEqual(['1'])
        expect(await leases.acquire('relay', ['1'], 'a', 60_000)).toEqual(['1'])
        expect(await leases.acquire('relay', [], 'a', 60_000)).toEqual([])
        await leases.release('relay', ['1', '3'], 'a')
        expect(await leases.acquire('relay', ['1', '2', '3'], 'c', 60_000)).toEqual(['1'])
        expect(await leases.list('relay')).toEqual([
          { name: '1', owner: 'c', epoch: 2, isExpired: false },
          { name: '2', owner: 'a', epoch: 1, isExpired: false },
          { name: '3', owner: 'b', epoch: 1, isExpired: false },
        ])
      })

      test('a lease that its owner stops renewing is taken over with the next epoch', async () => {
        await store.leases.acquire('relay', ['1'], 'a', 20)
        await until(async () => (await store.leases.list('relay'))[0]!.isExpired)
        expect(await store.leases.acquire('relay', ['1'], 'b', 60_000)).toEqual(['1'])
        expect(await store.leases.acquire('relay', ['1'], 'a', 60_000)).toEqual([])
        expect(await store.leases.list('relay')).toEqual([{ name: '1', owner: 'b', epoch: 2, isExpired: false }])
      })

      test('of many who want the same leases at once, one gets each', async () => {
        const other = await database.open()
        const names = Array.from({ length: 32 }, (_, n) => String(n))
        const results = await Promise.all(
          Array.from({ length: 8 }, (_, n) =>
            (n % 2 === 0 ? store : other).leases.acquire(
              'relay',
              n % 3 === 0 ? names.toReversed() : names,
              `owner-${n}`,
              60_000,
            ),
          ),
        )
        expect(results.flat().toSorted()).toEqual(names.toSorted())
      })
    })

    describe('subscriptions', () => {
      const crm = { name: 'order.crm', service: 'crm', patterns: ['order.#'], queue: 'qu.order.crm' }

      test('a subscription is found as it was announced last, active since the first time', async () => {
        expect(await store.subscriptions.find('order.crm')).toBeNull()
        await store.subscriptions.announce(crm)
        const [before] = await store.subscriptions.list()
        await until(() => Date.now() > before!.lastSeenAt.getTime() + 5)
        await store.subscriptions.announce({ ...crm, patterns: ['order.#', 'product.#'] })
        expect(await store.subscriptions.find('order.crm')).toEqual({ ...crm, patterns: ['order.#', 'product.#'] })
        const [after] = await store.subscriptions.list()
        expect(after!.activeFrom).toEqual(before!.activeFrom)
        expect(after!.lastSeenAt.getTime()).toBeGreaterThan(before!.lastSeenAt.getTime())
      })

      test('the list counts what became of the messages of each', async () => {
        await store.subscriptions.announce(crm)
        await store.subscriptions.announce({ ...crm, name: 'loyalty' })
        await receive('order.crm', message(), message(), message())
        const discarded = failure('order.crm')
        await fail(
          failure('order.crm'),
          failure('order.crm', { state: 'parked' }),
          failure('order.crm', { state: 'parked' }),
          discarded,
        )
        await store.failures.discard({ messageId: discarded.messageId }, 'ann')
        const [loyalty, order] = await store.subscriptions.list()
        expect(order).toMatchObject({ ...crm, handled: 3, retrying: 1, parked: 2, discarded: 1 })
        expect(Math.abs(order!.lastHandledAt!.getTime() - Date.now())).toBeLessThan(5_000)
        expect(loyalty).toMatchObject({
          name: 'loyalty',
          handled: 0,
          retrying: 0,
          parked: 0,
          discarded: 0,
          lastHandledAt: null,
        })
      })
    })

    describe('messages', () => {
      test('the ledger is read newest first, page by page, filtered', async () => {
        const paid = Array.from({ length: 5 }, (_, n) => event({ entityId: `order-${n}` }))
        const delivered = event({ name: 'order.delivery.onDelivered', entityId: 'order-2' })
        await append(...paid, delivered)
        await store.outbox.confirm([paid[0]!.id, delivered.id])
        await store.outbox.reschedule([{ id: paid[1]!.id, state: 'unroutable', delayMs: 0, error: 'NO_ROUTE' }])
        const ids = async (filter: Parameters<Store['messages']['sent']>[0]) =>
          (await store.messages.sent(filter)).map(({ id }) => id)

        const all = [...paid, delivered].map(({ id }) => id).toReversed()
        expect(await ids({})).toEqual(all)
        expect(await ids({ limit: 2 })).toEqual(all.slice(0, 2))
        expect(await ids({ limit: 2, before: all[1]! })).toEqual(all.slice(2, 4))
        expect(await ids({ name: delivered.name })).toEqual([delivered.id])
        expect(await ids({ entityId: 'order-2' })).toEqual([delivered.id, paid[2]!.id])
        expect(await ids({ entityId: 'order-2', name: paid[2]!.name })).toEqual([paid[2]!.id])
        expect(await ids({ state: 'sent' })).toEqual([delivered.id, paid[0]!.id])
        expect(await ids({ state: 'pending' })).toEqual([paid[4]!.id, paid[3]!.id, paid[2]!.id])
        expect(await ids({ state: 'unroutable' })).toEqual([paid[1]!.id])
        expect(await ids({ state: 'unpublishable' })).toEqual([])
        expect(await ids({ name: "'; drop table effect; --" })).toEqual([])
        expect((await store.messages.sent({ state: 'unroutable' }))[0]).toMatchObject({
          ...{ id: paid[1]!.id, entityId: 'order-1', payload: paid[1]!.payload, source: 'shop', headers: {} },
          ...{ state: 'unroutable', attempts: 1, error: 'NO_ROUTE' },
        })
      })

      test('time filters go by the time in the id', async () => {
        const noon = Date.parse('2026-03-01T12:00:00Z')
        const at = (minutes: number) => leastIdAt(noon + minutes * 60_000)
        await append(event({ id: at(0) }), event({ id: at(1) }), event({ id: at(2) }))
        await receive('order.crm', message({ id: at(0) }), message({ id: at(1) }), message({ id: at(2) }))
        const range = { since: new Date(noon + 60_000), until: new Date(noon + 120_000) }
        expect((await store.messages.sent(range)).map(({ id }) => id)).toEqual([at(1)])
        expect((await store.messages.received(range)).map(({ messageId }) => messageId)).toEqual([at(1)])
      })

      test('the inbox is read newest first over all subscriptions, and a page does not tear a message apart', async () => {
        const messages = Array.from({ length: 4 }, () => message())
        await receive('order.crm', ...messages)
        await receive('loyalty', ...messages.slice(0, 2))
        const parked = failure('order.crm', { state: 'parked', name: 'order.delivery.onDelivered' })
        await fail(parked)
        const newestFirst = [parked.messageId, ...messages.map(({ id }) => id).toReversed()]
        const ids = async (filter: Parameters<Store['messages']['received']>[0]) =>
          (await store.messages.received(filter)).map(({ messageId }) => messageId)

        const all = await ids({})
        expect(all).toHaveLength(7)
        expect([...new Set(all)]).toEqual(newestFirst)
        expect(await ids({ limit: 2 })).toEqual(newestFirst.slice(0, 2))
        expect(await ids({ limit: 1, before: messages[2]!.id })).toEqual([messages[1]!.id, messages[1]!.id])
        expect(await ids({ subscription: 'order.crm' })).toEqual(newestFirst)
        expect(await ids({ subscription: 'order.crm', limit: 1, before: messages[2]!.id })).toEqual([messages[1]!.id])
        expect(await ids({ subscription: 'nobody' })).toEqual([])
        expect(await ids({ status: 'handled', subscription: 'loyalty' })).toEqual([messages[1]!.id, messages[0]!.id])
        expect(await ids({ status: 'parked' })).toEqual([parked.messageId])
        expect(await ids({ status: 'discarded' })).toEqual([])
        expect(await ids({ name: 'order.delivery.onDelivered' })).toEqual([parked.messageId])
        const [entry] = await store.messages.received({ status: 'parked' })
        expect(entry).toMatchObject({
          subscription: 'order.crm',
          source: 'shop',
          settledAt: null,
          failure: { state: 'parked' },
        })
        const [handled] = await store.messages.received({ subscription: 'loyalty' })
        expect(handled).toMatchObject({ status: 'handled', failure: null })
        expect(handled!.settledAt).not.toBeNull()
      })

      test('a trace shows one event on both sides', async () => {
        const traced = event()
        await append(traced)
        await receive('order.crm', message({ id: traced.id }))
        await fail(failure('loyalty', { messageId: traced.id }))
        const { sent, received } = await store.messages.trace(traced.id)
        expect(sent).toMatchObject({ id: traced.id, state: 'pending' })
        expect(received).toMatchObject([
          { subscription: 'loyalty', status: 'retrying', failure: { subscription: 'loyalty' } },
          { subscription: 'order.crm', status: 'handled', failure: null },
        ])
        expect(await store.messages.trace(newId())).toEqual({ sent: null, received: [] })
      })

      test('a retry makes what waits pending at once and says in the action log who it was', async () => {
        const [refused, unroutable, later, sent] = [
          event(),
          event(),
          event({ name: 'order.delivery.onDelivered' }),
          event(),
        ]
        await append(refused, unroutable, later, sent)
        await store.outbox.confirm([sent.id])
        await store.outbox.reschedule([
          { id: refused.id, state: 'unpublishable', delayMs: 0, error: 'EVENT_UNPUBLISHABLE: 406' },
          { id: unroutable.id, state: 'unroutable', delayMs: 60_000, error: 'EVENT_UNROUTABLE: NO_ROUTE' },
          { id: later.id, state: 'unroutable', delayMs: 60_000, error: 'EVENT_UNROUTABLE: NO_ROUTE' },
        ])
        expect(await store.messages.retry({ name: later.name }, 'ann')).toBe(1)
        expect((await claim()).map(({ id }) => id)).toEqual([later.id])
        expect(await store.messages.retry({ ids: [refused.id, unroutable.id, sent.id, newId()] }, 'bob')).toBe(2)
        expect(await claim()).toHaveLength(3)
        expect(await actions()).toEqual([
          [
            'ann',
            'retry',
            null,
            later.id,
            { name: later.name, state: 'unroutable', attempts: 1, error: 'EVENT_UNROUTABLE: NO_ROUTE' },
          ],
          ['bob', 'retry', null, refused.id, expect.objectContaining({ state: 'unpublishable' })],
          ['bob', 'retry', null, unroutable.id, expect.objectContaining({ state: 'unroutable' })],
        ])
      })

      test('a retry whose action cannot be written down changes nothing', async () => {
        const refused = event()
        await append(refused)
        await store.outbox.reschedule([{ id: refused.id, state: 'unpublishable', delayMs: 0, error: 'no' }])
        const nobody = null as unknown as string
        await expect(store.messages.retry({ ids: [refused.id] }, nobody)).rejects.toThrow()
        expect(await claim()).toEqual([])
      })
    })

    describe('failures', () => {
      const withFingerprint = (subscription: string, fingerprint: string, changes: Partial<NewFailure> = {}) =>
        failure(subscription, {
          ...changes,
          error: {
            code: 'X',
            type: `Type of ${fingerprint}`,
            message: changes.entityId ?? 'm',
            stack: '',
            fingerprint,
          },
        })

      test('failures are grouped by subscription and fingerprint, the largest group first', async () => {
        await fail(
          withFingerprint('order.crm', 'f1'),
          withFingerprint('order.crm', 'f1', { state: 'parked' }),
          withFingerprint('order.crm', 'f2'),
        )
        await until(async () => Date.now() > (await store.failures.list({}))[0]!.lastFailedAt.getTime() + 5)
        await fail(withFingerprint('order.crm', 'f1', { entityId: 'newest' }), withFingerprint('loyalty', 'f1'))
        const groups = await store.failures.groups({})
        expect(
          groups.map(({ subscription, fingerprint, retrying, parked }) => [
            subscription,
            fingerprint,
            retrying,
            parked,
          ]),
        ).toEqual([
          ['order.crm', 'f1', 2, 1],
          ['loyalty', 'f1', 1, 0],
          ['order.crm', 'f2', 1, 0],
        ])
        expect(groups[0]).toMatchObject({ type: 'Type of f1', message: 'newest' })
        expect(groups[0]!.firstFailedAt.getTime()).toBeLessThan(groups[0]!.lastFailedAt.getTime())
        expect(await store.failures.groups({ state: 'parked' })).toMatchObject([{ retrying: 0, parked: 1 }])
      })

      test('failures are filtered by everything that a person may know', async () => {
        const [a, b] = [
          withFingerprint('order.crm', 'f1', { entityId: 'order-7' }),
          withFingerprint('loyalty', 'f2', { name: 'order.delivery.onDelivered', state: 'parked' }),
        ]
        await fail(a, b)
        const ids = async (filter: Parameters<Store['failures']['list']>[0]) =>
          (await store.failures.list(filter)).map(({ messageId }) => messageId)
        expect(await ids({ subscription: 'order.crm' })).toEqual([a.messageId])
        expect(await ids({ messageId: b.messageId })).toEqual([b.messageId])
        expect(await ids({ name: 'order.delivery.onDelivered' })).toEqual([b.messageId])
        expect(await ids({ entityId: 'order-7' })).toEqual([a.messageId])
        expect(await ids({ fingerprint: 'f1' })).toEqual([a.messageId])
        expect(await ids({ state: 'parked' })).toEqual([b.messageId])
        expect(await ids({ state: 'parked', fingerprint: 'f1' })).toEqual([])
        expect(await ids({ since: new Date(Date.now() - 60_000), until: new Date(Date.now() + 60_000) })).toHaveLength(
          2,
        )
        expect(await ids({ since: new Date(Date.now() + 60_000) })).toEqual([])
        expect(await ids({ until: new Date(Date.now() - 60_000) })).toEqual([])
        expect(await ids({ limit: 1 })).toHaveLength(1)
      })

      test('many failures are read page by page, each once, also while one fails again', async () => {
        const messageIds = Array.from({ length: 700 }, () => newId()).toSorted()
        const rows = messageIds.flatMap((messageId, n) => [
          failure('order.crm', { messageId, state: n % 2 === 0 ? 'parked' : 'retrying' }),
          // Every tenth message failed in two subscriptions.
          ...(n % 10 === 0 ? [failure('loyalty', { messageId, state: 'parked' as const })] : []),
        ])
        await fail(...rows)
        const pages = async (filter: Parameters<Store['failures']['list']>[0]) => {
          const seen: string[] = []
          for (let before: string | undefined; ;) {
            const page = await store.failures.list({
              ...filter,
              limit: 60,
              ...(before === undefined ? {} : { before }),
            })
            if (page.length === 0) return seen
            seen.push(...page.map(({ messageId, subscription }) => `${messageId} ${subscription}`))
            before = page.at(-1)!.messageId
            await fail(failure('order.crm', { messageId: messageIds[0]! }))
          }
        }
        const keys = (chosen: readonly NewFailure[]) => chosen.map((row) => `${row.messageId} ${row.subscription}`)
        const all = await pages({})
        expect(all).toHaveLength(770)
        expect(all.toSorted()).toEqual(keys(rows).toSorted())
        expect(all.slice(0, 2)).toEqual(keys(rows.slice(-1)).concat(keys(rows.slice(-2, -1))))
        expect(await pages({ subscription: 'loyalty' })).toHaveLength(70)
        // A page does not tear a message apart.
        expect((await store.failures.list({ limit: 10 })).map(({ subscription }) => subscription)).toEqual([
          ...Array.from({ length: 9 }, () => 'order.crm'),
          'loyalty',
          'order.crm',
        ])
      })

      test('a retry makes failures due at once with their attempts counted anew', async () => {
        const [parked, waiting, other] = [
          failure('order.crm', { state: 'parked', attempts: 9 }),
          failure('order.crm', { delayMs: 60_000, attempts: 3 }),
          failure('loyalty', { state: 'parked' }),
        ]
        await fail(parked, waiting, other)
        expect(await store.failures.retry({ subscription: 'order.crm' }, 'ann')).toBe(2)
        expect(await statusOf(parked.messageId)).toBe('retrying')
        expect((await claimRetries()).map(({ attempts }) => attempts)).toEqual([1, 1])
        expect(await statusOf(other.messageId)).toBe('parked')
        expect(await store.failures.retry({ fingerprint: 'none' }, 'ann')).toBe(0)
      })

      test('discarded failures are gone, their messages are final, their payloads are in the action log', async () => {
        const given = failure('order.crm', { state: 'parked' })
        await fail(given)
        await store.failures.retry({}, 'ann')
        expect(await store.failures.discard({ messageId: given.messageId }, 'bob')).toBe(1)
        expect(await store.failures.list({})).toEqual([])
        expect((await store.messages.trace(given.messageId)).received).toMatchObject([
          { status: 'discarded', failure: null },
        ])
        expect((await store.messages.trace(given.messageId)).received[0]!.settledAt).not.toBeNull()
        expect(await receive('order.crm', message({ id: given.messageId }))).toEqual(new Set())

        const { payload, entityId, headers } = given
        expect(await actions()).toEqual([
          ['ann', 'retry', 'order.crm', given.messageId, expect.anything()],
          ['bob', 'discard', 'order.crm', given.messageId, expect.objectContaining({ payload, entityId, headers })],
        ])
      })

      test('a discard and a retry that succeeds at the same time agree on one outcome', async () => {
        const other = await database.open()
        for (let round = 0; round < 10; round++) {
          const given = failure('order.crm')
          await fail(given)
          const [isResolved, discarded] = await Promise.all([
            store.transaction((tx) => store.inbox.resolve(tx, 'order.crm', given.messageId)),
            other.failures.discard({ messageId: given.messageId }, 'ann'),
          ])
          expect([isResolved, discarded]).toEqual(isResolved ? [true, 0] : [false, 1])
          expect(await statusOf(given.messageId)).toBe(isResolved ? 'handled' : 'discarded')
        }
      })
    })

    describe('life', () => {
      test('migrations are applied once, and start() finds nothing to do', async () => {
        expect(await store.migrations.migrate()).toEqual([])
        const status = await store.migrations.status()
        expect(status.map(({ name }) => name)).toEqual(['0001_initial'])
        expect(status.every(({ appliedAt }) => appliedAt !== null)).toBe(true)
        await store.start()
        expect(store.migrations.sql()).toContain('0001_initial')
      })

      test('ping() resolves while the database answers, and fails on a stopped store', async () => {
        await store.ping()
        await store.stop()
        await store.stop()
        expect(await codeOf(store.ping())).toBe('STORE_UNAVAILABLE')
        expect(await codeOf(store.transaction((tx) => write(tx, 'late')))).toBe('STORE_UNAVAILABLE')
        await store.start()
        await store.ping()
      })

      test('stop() waits for the transactions that are running', async () => {
        const [started, finish] = [gate(), gate()]
        const run = store.transaction(async (tx) => {
          started.open()
          await finish.opened
          await write(tx, 'a')
        })
        await started.opened
        let isStopped = false
        const stopped = store.stop().then(() => {
          isStopped = true
        })
        await new Promise(setImmediate)
        expect(isStopped).toBe(false)
        finish.open()
        await run
        await stopped
        await store.start()
        expect(await effects()).toEqual(['a'])
      })

      test('isUnavailable() knows the store’s own errors, wrapped or not, and no others', async () => {
        await store.stop()
        const away = await store.ping().catch((error: unknown) => error)
        await store.start()
        expect(store.isUnavailable(away)).toBe(true)
        expect(store.isUnavailable(new Error('wrapped by an ORM', { cause: away }))).toBe(true)
        const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
        for (const error of [refused, new Error('no'), null, 'STORE_UNAVAILABLE'])
          expect(store.isUnavailable(error)).toBe(false)
        const wrong = await store.query('select * from no_such_table').catch((error: unknown) => error)
        expect(wrong).toBeInstanceOf(Error)
        expect(store.isUnavailable(wrong)).toBe(false)
      })

      test('maintenance with nothing to do removes nothing', async () => {
        await append(event())
        await receive('order.crm', message())
        expect(await store.maintain({ outboxDays: 30, inboxDays: 30 })).toMatchObject({ removed: [], kept: [] })
        expect(await store.messages.sent({})).toHaveLength(1)
      })
    })
  })
}
