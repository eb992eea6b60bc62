import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import { leastIdAt } from '../../../src/store/ids.ts'
import type { Store } from '../../../src/store/store.ts'
import { event, failure, message } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeMessages(subject: Subject): void {
  const { append, claim, fail, receive, actions } = subject
  describe('messages', () => {
    test('the ledger is read newest first, page by page, filtered', async () => {
      const paid = Array.from({ length: 5 }, (_, n) => event({ entityId: `order-${n}` }))
      const delivered = event({ name: 'order.delivery.onDelivered', entityId: 'order-2' })
      await append(...paid, delivered)
      await subject.store.outbox.confirm([paid[0]!.id, delivered.id])
      await subject.store.outbox.reschedule([{ id: paid[1]!.id, state: 'unroutable', delayMs: 0, error: 'NO_ROUTE' }])
      const ids = async (filter: Parameters<Store['messages']['sent']>[0]) =>
        (await subject.store.messages.sent(filter)).map(({ id }) => id)

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
      expect((await subject.store.messages.sent({ state: 'unroutable' }))[0]).toMatchObject({
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
      expect((await subject.store.messages.sent(range)).map(({ id }) => id)).toEqual([at(1)])
      expect((await subject.store.messages.received(range)).map(({ messageId }) => messageId)).toEqual([at(1)])
    })

    test('the inbox is read newest first over all subscriptions, and a page does not tear a message apart', async () => {
      const messages = Array.from({ length: 4 }, () => message())
      await receive('order.crm', ...messages)
      await receive('loyalty', ...messages.slice(0, 2))
      const parked = failure('order.crm', { state: 'parked', name: 'order.delivery.onDelivered' })
      await fail(parked)
      const newestFirst = [parked.messageId, ...messages.map(({ id }) => id).toReversed()]
      const ids = async (filter: Parameters<Store['messages']['received']>[0]) =>
        (await subject.store.messages.received(filter)).map(({ messageId }) => messageId)

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
      const [entry] = await subject.store.messages.received({ status: 'parked' })
      expect(entry).toMatchObject({
        subscription: 'order.crm',
        source: 'shop',
        settledAt: null,
        failure: { state: 'parked' },
      })
      const [handled] = await subject.store.messages.received({ subscription: 'loyalty' })
      expect(handled).toMatchObject({ status: 'handled', failure: null })
      expect(handled!.settledAt).not.toBeNull()
    })

    test('a trace shows one event on both sides', async () => {
      const traced = event()
      await append(traced)
      await receive('order.crm', message({ id: traced.id }))
      await fail(failure('loyalty', { messageId: traced.id }))
      const { sent, received } = await subject.store.messages.trace(traced.id)
      expect(sent).toMatchObject({ id: traced.id, state: 'pending' })
      expect(received).toMatchObject([
        { subscription: 'loyalty', status: 'retrying', failure: { subscription: 'loyalty' } },
        { subscription: 'order.crm', status: 'handled', failure: null },
      ])
      expect(await subject.store.messages.trace(newId())).toEqual({ sent: null, received: [] })
    })

    test('a retry makes what waits pending at once and says in the action log who it was', async () => {
      const [refused, unroutable, later, sent] = [
        event(),
        event(),
        event({ name: 'order.delivery.onDelivered' }),
        event(),
      ]
      await append(refused, unroutable, later, sent)
      await subject.store.outbox.confirm([sent.id])
      await subject.store.outbox.reschedule([
        { id: refused.id, state: 'unpublishable', delayMs: 0, error: 'EVENT_UNPUBLISHABLE: 406' },
        { id: unroutable.id, state: 'unroutable', delayMs: 60_000, error: 'EVENT_UNROUTABLE: NO_ROUTE' },
        { id: later.id, state: 'unroutable', delayMs: 60_000, error: 'EVENT_UNROUTABLE: NO_ROUTE' },
      ])
      expect(await subject.store.messages.retry({ name: later.name }, 'ann')).toBe(1)
      expect((await claim()).map(({ id }) => id)).toEqual([later.id])
      expect(await subject.store.messages.retry({ ids: [refused.id, unroutable.id, sent.id, newId()] }, 'bob')).toBe(2)
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
      await subject.store.outbox.reschedule([{ id: refused.id, state: 'unpublishable', delayMs: 0, error: 'no' }])
      const nobody = null as unknown as string
      await expect(subject.store.messages.retry({ ids: [refused.id] }, nobody)).rejects.toThrow()
      expect(await claim()).toEqual([])
    })
  })
}
