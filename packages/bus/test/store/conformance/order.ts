import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import type { EntityPosition } from '../../../src/store/contract/order.ts'
import { reach } from '../../../src/store/order/position.ts'
import type { NewFailure, Store } from '../../../src/store/store.ts'
import { event, failure } from '../fixtures.ts'
import type { Subject } from './subject.ts'

const key = 'order/4711'
const paid = 'order.payment.onPaid'
const entity = { source: 'shop', orderKey: key }

/** A failure of the event with this sequence, which needs the one before. */
function failed(sequence: number, changes: Partial<NewFailure> = {}): NewFailure {
  return failure('order.crm', {
    entityId: '4711',
    state: 'parked',
    order: { orderKey: key, sequence, needs: sequence - 1 },
    ...changes,
  })
}

function waiting(sequence: number): NewFailure {
  const { error } = failed(sequence)
  return failed(sequence, {
    state: 'retrying',
    attempts: 0,
    delayMs: 600_000,
    error: { ...error, code: 'ORDER_BLOCKED' },
  })
}

export function describeOrder(subject: Subject): void {
  const { fail, claimRetries } = subject
  const next = (orderKey = key, name = paid) =>
    subject.store.transaction((tx) => subject.store.order.next(tx, orderKey, name))
  const position = async () => {
    const [locked] = await subject.store.transaction((tx) => subject.store.order.lock(tx, 'order.crm', [entity]))
    return locked!.position
  }
  const advanceTo = (sequence: number, store: Store = subject.store) =>
    store.transaction(async (tx) => {
      const locked = await store.order.lock(tx, 'order.crm', [entity])
      const moved: EntityPosition[] = locked.map((each) => ({ ...each, position: reach(each.position, sequence) }))
      return store.order.advance(tx, 'order.crm', moved)
    })
  const due = async () => (await claimRetries()).map(({ order }) => order?.sequence)

  describe('sequences', () => {
    test('count from 1 for each entity, with what was published before by name', async () => {
      const first = await next()
      expect(first).toMatchObject({ sequence: 1, previous: '{}' })
      const second = await next(key, 'order.delivery.onDelivered')
      expect(JSON.parse(second.previous)).toEqual({ [paid]: [1, first.atMs] })
      const third = await next()
      expect(third.sequence).toBe(3)
      expect(JSON.parse(third.previous)).toEqual({
        [paid]: [1, first.atMs],
        'order.delivery.onDelivered': [2, second.atMs],
      })
      expect([first.atMs, second.atMs, third.atMs]).toEqual(
        [...new Set([first.atMs, second.atMs, third.atMs])].toSorted((a, b) => a - b),
      )
      expect(await next('order/4712')).toMatchObject({ sequence: 1 })
    })

    test('leave no gap when a transaction or a savepoint is rolled back', async () => {
      const { store } = subject
      await store
        .transaction(async (tx) => {
          await store.order.next(tx, key, paid)
          throw new Error('no')
        })
        .catch(() => undefined)
      await store.transaction(async (tx) => {
        await store
          .savepoint(tx, async (inner) => {
            await store.order.next(inner, key, paid)
            throw new Error('no')
          })
          .catch(() => undefined)
        expect(await store.order.next(tx, key, paid)).toMatchObject({ sequence: 1 })
      })
    })

    test('of transactions at the same time are the order of their commits', async () => {
      const other = await subject.database.open()
      const committed: number[] = []
      const publish = async (store: Store) => {
        const { sequence } = await store.transaction((tx) => store.order.next(tx, key, paid))
        committed.push(sequence)
      }
      await Promise.all(Array.from({ length: 20 }, (_, n) => publish(n % 2 === 0 ? subject.store : other)))
      expect(committed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
    })
  })

  describe('pending events of an ordered entity', () => {
    const ordered = () => event({ id: newId(), orderKey: key })

    test('are claimed in their order, unless the entity is left out', async () => {
      const [one, two, other] = [ordered(), ordered(), event()]
      await subject.append(one, two, other)
      const claimed = await subject.claim()
      expect(claimed.map(({ id, orderKey }) => [id, orderKey])).toEqual([
        [one.id, key],
        [two.id, key],
        [other.id, undefined],
      ])
      expect((await subject.claim({ excludeOrders: [key] })).map(({ id }) => id)).toEqual([other.id])
    })

    test('wait behind an earlier one that waits for another attempt, and not behind one that no queue took', async () => {
      const [one, two, other] = [ordered(), ordered(), event()]
      await subject.append(one, two, other)
      const reschedule = (state: 'pending' | 'unroutable') =>
        subject.store.outbox.reschedule([{ id: one.id, state, delayMs: 60_000, error: 'X: y' }])
      await reschedule('pending')
      expect((await subject.claim()).map(({ id }) => id)).toEqual([other.id])
      await reschedule('unroutable')
      expect((await subject.claim()).map(({ id }) => id)).toEqual([two.id, other.id])
    })
  })

  describe('positions', () => {
    test('begin at nothing and hold others off until the transaction ends', async () => {
      const other = await subject.database.open()
      const order: string[] = []
      const { promise: entered, resolve: enter } = Promise.withResolvers<undefined>()
      const first = subject.store.transaction(async (tx) => {
        const locked = await subject.store.order.lock(tx, 'order.crm', [entity])
        expect(locked).toEqual([{ ...entity, position: { handled: 0, skipped: new Map() } }])
        enter(undefined)
        if (subject.store.kind === 'postgres') await subject.database.untilBlocked(1)
        order.push('first')
        await subject.store.order.advance(tx, 'order.crm', [
          { ...entity, position: { handled: 3, skipped: new Map([[7, 5]]) } },
        ])
      })
      await entered
      const second = other.transaction(async (tx) => {
        const [locked] = await other.order.lock(tx, 'order.crm', [entity])
        order.push('second')
        return locked?.position
      })
      const [, seen] = await Promise.all([first, second])
      expect(order).toEqual(['first', 'second'])
      expect(seen).toEqual({ handled: 3, skipped: new Map([[7, 5]]) })
    })

    test('make the first that waits due when they move, and no other', async () => {
      await fail(waiting(2), waiting(3), { ...waiting(2), messageId: newId(), subscription: 'loyalty' })
      expect(await due()).toEqual([])
      expect(await advanceTo(1)).toBe(1)
      expect(await due()).toEqual([2])
    })

    test('an event that must still wait is given back uncounted', async () => {
      const given = waiting(2)
      await fail(given)
      await advanceTo(1)
      await claimRetries()
      await subject.store.transaction((tx) => subject.store.order.hold(tx, 'order.crm', given.messageId, 600_000))
      expect(await due()).toEqual([])
      expect(await subject.store.failures.list({})).toMatchObject([
        { attempts: 0, order: { orderKey: key, sequence: 2, needs: 1 } },
      ])
    })

    test('tell what waits behind an event, in its order, without what failed', async () => {
      await fail(waiting(5), waiting(3), failed(4), { ...waiting(6), entityId: '4712' }, waiting(2))
      const behind = await subject.store.transaction((tx) =>
        subject.store.order.waiting(tx, 'order.crm', entity, { behind: 2, limit: 2 }),
      )
      expect(behind.map(({ order, payload }) => [order?.sequence, payload])).toEqual([
        [3, '{"total":10.50}'],
        [5, '{"total":10.50}'],
      ])
    })

    test('tell whether an earlier event of the entity failed or waits', async () => {
      await fail(failed(2))
      const hasEarlier = (sequence: number) =>
        subject.store.transaction((tx) => subject.store.order.hasEarlier(tx, 'order.crm', entity, sequence))
      expect([await hasEarlier(2), await hasEarlier(3)]).toEqual([false, true])
    })
  })

  describe('interests', () => {
    test('keep the time since when a pattern stands, and forget those that are gone', async () => {
      const { order } = subject.store
      const [first] = await order.stand('order.crm', ['order.#'])
      const both = await order.stand('order.crm', ['order.#', 'product.#'])
      expect(both).toHaveLength(2)
      expect(both.find(({ pattern }) => pattern === 'order.#')).toEqual(first)
      expect(await order.stand('order.crm', ['product.#'])).toMatchObject([{ pattern: 'product.#' }])
      expect(await order.interests('order.crm')).toHaveLength(1)
      expect(await order.stand('order.crm', [])).toEqual([])
    })
  })

  describe('blocked entities', () => {
    const blocked = () => subject.store.failures.blocked({})

    test('are listed with what blocks them and how many wait', async () => {
      const blocker = failed(2)
      await advanceTo(1)
      await fail(blocker, waiting(3), waiting(4))
      expect(await blocked()).toMatchObject([
        {
          ...{ subscription: 'order.crm', source: 'shop', entity: 'order', entityId: '4711', waiting: 2 },
          blocker: { kind: 'parked', sequence: 2, messageId: blocker.messageId, name: paid, error: 'no such customer' },
          oldestWaiting: { name: paid },
        },
      ])
      expect(await subject.store.failures.blocked({ subscription: 'loyalty' })).toEqual([])
      expect(await subject.store.failures.blocked({ entityId: '4711' })).toHaveLength(1)
    })

    test('a discarded failure lets those behind it go on', async () => {
      const blocker = failed(2)
      await advanceTo(1)
      await fail(blocker, waiting(3), waiting(4))
      expect(await subject.store.failures.discard({ messageId: blocker.messageId }, 'ann')).toBe(1)
      expect(await position()).toMatchObject({ handled: 2 })
      expect(await blocked()).toMatchObject([{ blocker: { kind: 'released' } }])
      expect(await due()).toEqual([3])
    })

    test('one that is discarded while earlier ones fail is stepped over when its turn has come', async () => {
      const second = failed(3)
      await advanceTo(1)
      await fail(failed(2), second, waiting(4))
      await subject.store.failures.discard({ messageId: second.messageId }, 'ann')
      expect(await position()).toEqual({ handled: 1, skipped: new Map([[3, 2]]) })
      expect(await blocked()).toMatchObject([{ blocker: { kind: 'parked', sequence: 2 }, waiting: 1 }])
    })

    test('a released failure stays parked with no place in the order, and those behind it go on', async () => {
      const blocker = failed(2, { state: 'retrying', delayMs: 600_000 })
      await advanceTo(1)
      await fail(blocker, waiting(3))
      expect(await subject.store.failures.release({ entityId: '4711' }, 'ann')).toBe(1)
      expect(await subject.statusOf(blocker.messageId)).toBe('parked')
      expect(await subject.store.failures.list({ messageId: blocker.messageId })).toMatchObject([
        { state: 'parked', order: null, dueAt: null },
      ])
      expect(await due()).toEqual([3])
      expect((await subject.actions()).at(-1)).toEqual([
        ...['ann', 'release', 'order.crm', blocker.messageId],
        expect.objectContaining({ sequence: 2 }),
      ])
    })

    test('the first that waits for an event that never came goes on without it when it is released', async () => {
      const first = waiting(3)
      await advanceTo(1)
      await fail(first, waiting(4))
      expect(await blocked()).toMatchObject([{ blocker: { kind: 'absent', sequence: 2 }, waiting: 2 }])
      expect(await subject.store.failures.release({ messageId: first.messageId }, 'ann')).toBe(1)
      expect(await position()).toMatchObject({ handled: 2 })
      expect(await due()).toEqual([3])
    })

    test('one behind a failure cannot be released past it', async () => {
      const second = waiting(3)
      await advanceTo(1)
      await fail(failed(2), second)
      expect(await subject.store.failures.release({ messageId: second.messageId }, 'ann')).toBe(0)
      expect(await position()).toMatchObject({ handled: 1 })
    })
  })
}
