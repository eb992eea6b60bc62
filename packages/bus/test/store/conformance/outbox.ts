import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import type { Sql } from '../../../src/store/store.ts'
import { codeOf, event } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeOutbox(subject: Subject): void {
  const { append, claim } = subject
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
      await subject.store.outbox.confirm([events[0]!.id, events[2]!.id, newId()])
      await subject.store.outbox.confirm([])
      expect((await claim()).map(({ id }) => id)).toEqual([events[1]!.id])
      expect((await subject.store.messages.sent({})).map(({ state }) => state)).toEqual(['sent', 'pending', 'sent'])
    })

    test('a rescheduled event is counted, and is claimed again when it is due', async () => {
      const [now, later] = [event(), event()]
      await append(now, later)
      await subject.store.outbox.reschedule([
        { id: now.id, state: 'pending', delayMs: 0, error: 'PUBLISH_UNCONFIRMED: nack' },
        { id: later.id, state: 'pending', delayMs: 60_000, error: 'PUBLISH_UNCONFIRMED: nack' },
        { id: newId(), state: 'pending', delayMs: 0, error: 'unknown' },
      ])
      await subject.store.outbox.reschedule([])
      expect((await claim()).map(({ id, attempts }) => [id, attempts])).toEqual([[now.id, 1]])
      expect((await subject.store.messages.trace(later.id)).sent).toMatchObject({
        attempts: 1,
        error: 'PUBLISH_UNCONFIRMED: nack',
      })
    })

    test('unroutable and unpublishable events are not claimed until they are released', async () => {
      const [unroutable, unpublishable, other] = [event(), event(), event({ name: 'order.delivery.onDelivered' })]
      await append(unroutable, unpublishable, other)
      await subject.store.outbox.reschedule([
        { id: unroutable.id, state: 'unroutable', delayMs: 0, error: 'EVENT_UNROUTABLE: NO_ROUTE' },
        { id: other.id, state: 'unroutable', delayMs: 60_000, error: 'EVENT_UNROUTABLE: NO_ROUTE' },
        { id: unpublishable.id, state: 'unpublishable', delayMs: 0, error: 'EVENT_UNPUBLISHABLE: 406' },
      ])
      expect(await claim()).toEqual([])
      expect(await subject.store.outbox.backlog()).toEqual({
        pending: 0,
        unroutable: 2,
        unpublishable: 1,
        oldestPendingAt: null,
      })

      expect(await subject.store.outbox.release({ name: unroutable.name })).toBe(1)
      expect((await claim()).map(({ id, state }) => [id, state])).toEqual([[unroutable.id, 'pending']])
      expect(await subject.store.outbox.release({ ids: [other.id, unpublishable.id, newId()] })).toBe(2)
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
      await subject.store.outbox.reschedule([
        reschedule(a[0]!.id, 60_000),
        ...[a[1]!, a[2]!, ...b].map(({ id }) => reschedule(id, 0)),
        reschedule(c[0]!.id, 60_000),
      ])
      const probes = await subject.store.outbox.probes([0, 1])
      expect(probes.map(({ id }) => id)).toEqual([a[1]!.id, b[1]!.id])
      expect(probes[0]).toMatchObject({ ...a[1]!, state: 'unroutable', attempts: 1 })
      expect((await subject.store.outbox.probes([7])).map(({ id }) => id)).toEqual([b[0]!.id])
      expect(await subject.store.outbox.probes([3])).toEqual([])
    })

    test('present() tells which ids are in the ledger, sent or not', async () => {
      const [sent, pending] = [event(), event()]
      await append(sent, pending)
      await subject.store.outbox.confirm([sent.id])
      const ids = [sent.id, newId(), pending.id]
      expect(await subject.store.outbox.present(ids)).toEqual([sent.id, pending.id])
      expect(await subject.store.outbox.present(ids)).toEqual([sent.id, pending.id])
      expect(await subject.store.outbox.present([])).toEqual([])
    })

    test('the backlog counts by state and knows the oldest pending event', async () => {
      expect(await subject.store.outbox.backlog()).toMatchObject({ pending: 0, oldestPendingAt: null })
      const first = event()
      await append(first)
      await append(event(), event())
      const { pending, oldestPendingAt } = await subject.store.outbox.backlog()
      expect(pending).toBe(3)
      expect(oldestPendingAt).toEqual((await claim())[0]!.createdAt)
    })

    test('what is not a transaction is refused before anything is written', async () => {
      for (const tx of [subject.store, {}, null, { query: 1 }]) {
        expect(await codeOf(subject.store.outbox.append(tx as unknown as Sql, [event()]))).toBe('TRANSACTION_INVALID')
      }
      expect(await claim()).toEqual([])
    })
  })
}
