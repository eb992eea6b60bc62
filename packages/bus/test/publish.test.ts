import { describe, expect, it } from 'vitest'
import { eventually, makeService, storeKinds } from './support/service.ts'

describe.each(storeKinds)('publishing with a %s store', (kind) => {
  it('delivers the events of a committed transaction and none of one that was rolled back', async () => {
    const { bus, store } = await makeService({ kind })
    const received: string[] = []
    await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event.data.orderId))
    await bus.start()

    const rolledBack = bus.transaction(async (tx) => {
      await bus.publish(tx, 'order.payment.onPaid', { orderId: 'rolled-back' })
      throw new Error('the card was refused')
    })
    await expect(rolledBack).rejects.toThrow('the card was refused')
    await bus.transaction(async (tx) => {
      await bus.publish(tx, 'order.creation.onCreated', { orderId: 'committed' })
      await bus.publish(tx, 'order.viporder.payment.onPaid', { orderId: 'committed' })
    })

    await eventually(() => received.length === 2)
    expect(received).toEqual(['committed', 'committed'])
    await eventually(async () => (await store.outbox.backlog()).pending === 0)
    expect((await store.messages.sent({})).map(({ state }) => state)).toEqual(['sent', 'sent'])
  })

  it('calls an event that no queue took unroutable, and sends it when a subscription appears', async () => {
    const { bus, store } = await makeService({ kind })
    await bus.start()
    const { id } = await bus.publish('order.payment.onPaid', { orderId: '1' })

    await eventually(async () => (await store.outbox.backlog()).unroutable === 1)
    expect((await store.messages.trace(id)).sent).toMatchObject({
      state: 'unroutable',
      error: expect.stringContaining('EVENT_UNROUTABLE') as string,
    })

    const received: string[] = []
    await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event.id))
    await eventually(() => received.includes(id))
    await eventually(async () => (await store.messages.trace(id)).sent?.state === 'sent')
  })

  it('lets an optional event go when nobody listens', async () => {
    const { bus, store } = await makeService({ kind })
    await bus.start()
    const { id } = await bus.publish('order.audit.onViewed', { orderId: '1' })
    await eventually(async () => (await store.messages.trace(id)).sent?.state === 'sent')
  })

  it('keeps a row that the broker refuses aside, and sends the others', async () => {
    const { bus, store } = await makeService({ kind })
    const received: string[] = []
    await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event.data.orderId))
    await bus.start()
    const poison = {
      id: '01900000-0000-7000-8000-000000000001',
      name: `order.${'x'.repeat(300)}.onPaid`,
      entityId: '0',
      source: 'shop',
      payload: '{}',
      headers: {},
      isOptional: false,
      bucket: 0,
    }
    await bus.transaction(async (tx) => {
      await store.outbox.append(tx, [poison])
      for (let number = 1; number <= 20; number++) {
        await bus.publish(tx, 'order.payment.onPaid', { orderId: String(number) }, { entityId: '0' })
      }
    })
    await eventually(() => received.length === 20)
    await eventually(async () => (await store.outbox.backlog()).unpublishable === 1)
    expect(await store.outbox.backlog()).toMatchObject({ pending: 0, unroutable: 0 })
  })

  it('shares the events among several relays of one store, each sent once', async () => {
    const first = await makeService({ kind })
    const second = await makeService({ kind, store: first.store, endpoints: first.endpoints })
    const received: string[] = []
    await first.bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event.id))
    const relayed = { first: 0, second: 0 }
    first.bus.signals.relayed.on(() => relayed.first++)
    second.bus.signals.relayed.on(() => relayed.second++)
    await first.bus.start()
    await second.bus.start()

    const published: string[] = []
    await eventually(async () => {
      const { id } = await first.bus.publish('order.payment.onPaid', { orderId: String(published.length) })
      published.push(id)
      return relayed.first > 0 && relayed.second > 0
    })
    // The subscriber may have an event before the relay has heard of its confirm.
    await eventually(() => received.length >= published.length && relayed.first + relayed.second >= published.length)
    expect(received.toSorted()).toEqual(published.toSorted())
    expect(relayed.first + relayed.second).toBe(published.length)
  })
})
