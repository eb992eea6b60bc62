import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import type { BackfillRequest } from '../../../src/store/contract/backfill.ts'
import { event } from '../fixtures.ts'
import type { Subject } from './subject.ts'

const created = 'order.creation.onCreated'
const paid = 'order.payment.onPaid'

export function describeBackfill(subject: Subject): void {
  const store = () => subject.store.reconciliation.backfill
  const request = (changes: Partial<BackfillRequest> = {}) =>
    store().request({
      subscription: 'order.loyalty',
      patterns: ['order.#'],
      range: { fromMs: 1_000, toMs: 9_000 },
      rate: null,
      requestedBy: 'ann',
      counted: { names: [paid], total: 3 },
      ...changes,
    })
  /** Sent events, one in each second of 1970, at which their ids say they were made. */
  const sentAt = async (...seconds: readonly number[]) => {
    const events = seconds.map((second) => event({ id: newId(second * 1_000) }))
    await subject.append(...events)
    await subject.store.outbox.confirm(events.map(({ id }) => id))
    return events.map(({ id }) => id)
  }

  describe('backfill', () => {
    test('is found as it was asked for, and written down', async () => {
      const backfill = await request({ rate: 0.5 })
      expect(backfill).toMatchObject({
        subscription: 'order.loyalty',
        patterns: ['order.#'],
        names: [paid],
        range: { fromMs: 1_000, toMs: 9_000 },
        rate: 0.5,
        state: 'running',
        cursor: null,
        total: 3,
        sent: 0,
        pace: null,
        heldBy: null,
        error: null,
        requestedBy: 'ann',
      })
      expect(await store().find(backfill.id)).toEqual(backfill)
      const later = await request({ counted: null })
      expect((await store().list()).map(({ id }) => id)).toEqual([later.id, backfill.id])
      expect(await store().list({ states: ['paused', 'done'] })).toEqual([])
      expect(await store().list({ subscription: 'order.loyalty', limit: 1 })).toEqual([later])
      expect(await store().list({ subscription: 'order.crm', states: ['running'] })).toEqual([])
      expect((await subject.actions())[0]).toEqual([
        'ann',
        'backfill',
        'order.loyalty',
        null,
        {
          backfill: backfill.id,
          patterns: ['order.#'],
          since: '1970-01-01T00:00:01.000Z',
          until: '1970-01-01T00:00:09.000Z',
        },
      ])
      await store().counted(later.id, { names: [created, paid], total: 7 })
      expect(await store().find(later.id)).toMatchObject({ names: [created, paid], total: 7 })
    })

    test('the next events are those of the range behind the cursor, oldest first, which are sent', async () => {
      const ids = await sentAt(1, 3, 5, 7, 9)
      const pending = event({ id: newId(4_000) })
      const other = event({ id: newId(6_000), name: created })
      await subject.append(pending, other)
      await subject.store.outbox.confirm([other.id])
      const backfill = await request()
      const next = async (cursor: string | null, beforeMs = Infinity, limit = 10) =>
        (await store().next({ ...backfill, cursor }, { beforeMs, limit })).map(({ id }) => id)
      expect(await next(null)).toEqual(ids.slice(0, 4))
      expect(await next(ids[1]!)).toEqual(ids.slice(2, 4))
      expect(await next(ids[3]!)).toEqual([])
      expect(await next(null, Infinity, 2)).toEqual(ids.slice(0, 2))
      expect(await next(null, 5_000)).toEqual(ids.slice(0, 2))
      expect(await store().next({ ...backfill, names: null }, { beforeMs: Infinity, limit: 10 })).toEqual([])
      const [first] = await store().next(backfill, { beforeMs: Infinity, limit: 1 })
      expect(first).toMatchObject({ name: paid, entityId: 'order-1', source: 'shop', payload: '{"total":10.50}' })
    })

    test('events are counted by name, sent or not', async () => {
      expect(await store().oldestMs(0)).toBeNull()
      await sentAt(2, 3)
      await subject.append(event({ id: newId(4_000), name: created }), event({ id: newId(5_000) }))
      expect(await store().oldestMs(0)).toBe(2_000)
      expect(await store().oldestMs(2_001)).toBe(3_000)
      expect(await store().oldestMs(6_000)).toBeNull()
      expect(await store().count({ fromMs: 3_000, toMs: 5_000 })).toEqual(
        new Map([
          [paid, 1],
          [created, 1],
        ]),
      )
    })

    test('the cursor moves only from where its sender has left it', async () => {
      const [first, second] = await sentAt(1, 2)
      const backfill = await request()
      const progress = { cursor: first!, sent: 1, pace: 20.5 }
      const advanced = await store().advance(backfill, progress)
      expect(advanced).toMatchObject({ cursor: first, sent: 1, pace: 20.5, state: 'running' })
      expect(await store().advance(backfill, progress)).toBeNull()
      expect(await store().advance(advanced!, { cursor: second!, sent: 2, pace: 10 })).toMatchObject({ sent: 3 })
    })

    test('what is confirmed after a pause counts, and the sender sees the pause', async () => {
      const [first] = await sentAt(1)
      const backfill = await request()
      await store().act(backfill.id, 'pause', 'bob')
      const progress = { cursor: first!, sent: 1, pace: 1 }
      expect(await store().advance(backfill, progress)).toMatchObject({ state: 'paused', sent: 1, cursor: first })
      await store().end(backfill.id, 'done', null)
      expect(await store().hold(backfill.id, 'queue', 'too much')).toMatchObject({ state: 'paused', heldBy: null })
    })

    test('says what it gives way to until the next events are sent', async () => {
      const [first] = await sentAt(1)
      const backfill = await request()
      const held = await store().hold(backfill.id, 'broker', 'no queue took it')
      expect(held).toMatchObject({ state: 'running', heldBy: 'broker', error: 'no queue took it' })
      const progress = { cursor: first!, sent: 1, pace: 1 }
      expect(await store().advance(backfill, progress)).toMatchObject({ heldBy: null, error: null })
      expect(await store().hold(newId(), 'queue', null)).toBeNull()
    })

    test('is paused, resumed and cancelled where its state allows it, and by whom is written down', async () => {
      const { id } = await request()
      const act = async (action: 'pause' | 'resume' | 'cancel') => {
        const result = await store().act(id, action, 'bob')
        return [result?.isChanged, result?.backfill.state]
      }
      expect(await act('resume')).toEqual([false, 'running'])
      expect(await act('pause')).toEqual([true, 'paused'])
      expect(await act('pause')).toEqual([false, 'paused'])
      expect(await act('resume')).toEqual([true, 'running'])
      await store().end(id, 'failed', 'refused')
      expect(await store().find(id)).toMatchObject({ state: 'failed', error: 'refused' })
      expect(await act('resume')).toEqual([true, 'running'])
      expect(await act('cancel')).toEqual([true, 'cancelled'])
      expect(await act('resume')).toEqual([false, 'cancelled'])
      expect(await store().act(newId(), 'pause', 'bob')).toBeNull()
      const actions = (await subject.actions()).map(([actor, action]) => [actor, action])
      expect(actions).toEqual([
        ['ann', 'backfill'],
        ['bob', 'backfill-pause'],
        ['bob', 'backfill-resume'],
        ['bob', 'backfill-resume'],
        ['bob', 'backfill-cancel'],
      ])
    })

    test('a subscription that is new to the publisher begins one, once', async () => {
      const { registry } = subject.store.reconciliation
      const crm = {
        name: 'order.crm',
        service: 'crm',
        queue: 'qu.order.crm',
        hasInbox: true,
        timeoutMs: 30_000,
        queueCreatedMs: null,
        patternsSinceMs: 0,
      }
      const begin = { closeMs: 0, fromMs: 9_000, patterns: ['order.#'] }
      const range = { fromMs: 1_000, toMs: 9_000 }
      await registry.register(crm, begin, range)
      await registry.register(crm, { ...begin, closeMs: 10_000, fromMs: 10_000 }, range)
      expect(await store().list()).toMatchObject([
        { subscription: 'order.crm', patterns: ['order.#'], range, requestedBy: 'crm', names: null, total: null },
      ])
      await registry.register({ ...crm, name: 'order.mail' }, begin, null)
      expect(await store().list()).toHaveLength(1)
    })
  })
}
