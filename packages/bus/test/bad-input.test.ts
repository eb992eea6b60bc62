import { describe, expect, it } from 'vitest'
import { privateCluster, testVhost } from '../../../test/support/broker.ts'
import { startProxy } from '../../../test/support/proxy.ts'
import { createBus } from '../src/index.ts'
import type { Logger } from '../src/index.ts'
import { rawChannel, rawPublish } from './support/raw.ts'
import { eventually, makeService } from './support/service.ts'
import { shop } from './support/shop.ts'

const paid = 'order.payment.onPaid'

/** Everything that is logged, as text. */
function recordingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = []
  const log = (fields: object, message: string): void => {
    const plain = JSON.stringify(fields, (_key, value: unknown) =>
      value instanceof Error ? `${value.message} ${value.stack ?? ''}` : value,
    )
    lines.push(`${message} ${plain}`)
  }
  return { lines, debug: log, info: log, warn: log, error: log }
}

describe('what cannot be published', () => {
  it('is refused in the caller transaction, which can still be rolled back or committed without it', async () => {
    const { bus, store } = await makeService()
    await bus.start()
    const atLimit = 'x'.repeat(1024 * 1024 - '{"orderId":"1","note":""}'.length)
    await expect(bus.publish(paid, { orderId: '1', note: atLimit + 'x' })).rejects.toMatchObject({
      code: 'EVENT_TOO_LARGE',
      details: { bodyBytes: 1024 * 1024 + 1 },
    })
    await bus.publish(paid, { orderId: '1', note: atLimit })
    await bus.transaction(async (tx) => {
      await bus.publish(tx, paid, { orderId: '2', note: atLimit + 'x' }).catch(() => undefined)
      await bus.publish(tx, paid, { orderId: '3' })
    })
    expect((await store.messages.sent({})).map(({ entityId }) => entityId)).toEqual(['3', '1'])
  })

  it('names the field of a payload that its schema refuses, and never its value', async () => {
    const { bus, store } = await makeService()
    await bus.start()
    const wrong = { sku: 'A', price: -5, secret: 'hunter2' }
    const refusal = bus.publish('product.price.onChanged', wrong)
    await expect(refusal).rejects.toMatchObject({
      code: 'EVENT_INVALID',
      message: expect.stringContaining('price') as string,
    })
    await expect(refusal).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') as string })
    expect(await store.messages.sent({})).toEqual([])
  })

  it('suggests the name that was meant', async () => {
    const { bus } = await makeService()
    await bus.start()
    const misspelt = 'order.payment.onPayed' as typeof paid
    await expect(bus.publish(misspelt, { orderId: '1' })).rejects.toMatchObject({
      code: 'EVENT_UNKNOWN',
      message: expect.stringContaining(paid) as string,
    })
  })

  it('needs an entity id', async () => {
    const { bus } = await makeService()
    await bus.start()
    await expect(bus.publish(paid, { orderId: '' })).rejects.toMatchObject({ code: 'ENTITY_ID_MISSING' })
  })

  it('refuses headers that are reserved or too large', async () => {
    const { bus } = await makeService()
    await bus.start()
    await expect(bus.publish(paid, { orderId: '1' }, { headers: { traceparent: 'x' } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    await expect(bus.publish(paid, { orderId: '1' }, { headers: { CC: 'qu.other' } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    await expect(bus.publish(paid, { orderId: '1' }, { headers: { big: 'x'.repeat(20_000) } })).rejects.toMatchObject({
      code: 'EVENT_TOO_LARGE',
    })
  })
})

describe('what cannot be subscribed to', () => {
  it.each([
    ['order..onPaid', 'PATTERN_INVALID'],
    ['order.del*', 'PATTERN_INVALID'],
    ['*.onPaid', 'PATTERN_MATCHES_NOTHING'],
    ['invoice.#', 'PATTERN_MATCHES_NOTHING'],
  ])('refuses the pattern %s: %s', async (pattern, code) => {
    const { bus } = await makeService()
    await expect(bus.subscribe('order.crm', [pattern as '#'], () => undefined)).rejects.toMatchObject({ code })
  })

  it('refuses names and options that make no sense', async () => {
    const { bus } = await makeService()
    const handler = (): undefined => undefined
    await expect(bus.subscribe('order crm', ['#'], handler)).rejects.toMatchObject({ code: 'SUBSCRIPTION_INVALID' })
    for (const name of ['order.dead', 'warren.shop']) {
      await expect(bus.subscribe(name, ['#'], handler)).rejects.toMatchObject({ code: 'SUBSCRIPTION_INVALID' })
    }
    await expect(bus.subscribe('order.crm', ['#'], handler, { timeoutMs: 3_600_000 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    await expect(bus.subscribe('order.crm', ['#'], handler, { prefetch: 0 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    await bus.subscribe('order.crm', ['#'], handler)
    await expect(bus.subscribe('order.crm', ['#'], handler)).rejects.toMatchObject({ code: 'SUBSCRIPTION_INVALID' })
  })

  it('refuses a queue that exists with another type, and says which', async () => {
    const { bus, endpoints } = await makeService()
    const channel = await rawChannel(endpoints)
    await channel.assertQueue('qu.order.crm', { durable: true, arguments: { 'x-queue-type': 'classic' } })
    await bus.subscribe('order.crm', ['order.#'], () => undefined)
    await expect(bus.start()).rejects.toMatchObject({
      code: 'QUEUE_INEQUIVALENT',
      message: expect.stringContaining('qu.order.crm') as string,
    })
  })
})

describe('messages that are not what they should be', () => {
  it('are parked at once, with their bytes, and hold up nobody', async () => {
    const { bus, store, endpoints } = await makeService()
    const received: string[] = []
    await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event.data.orderId))
    await bus.start()
    const channel = await rawChannel(endpoints)
    const send = (name: string, body: unknown, properties = {}): Promise<void> =>
      rawPublish(channel, 'ex.order.topic', name, body, properties)
    await send(paid, { orderId: 17 })
    await send(paid, Buffer.from('{"orderId":'))
    await send(paid, Buffer.from([0xff, 0xfe, 0x00]))
    await send('order.unheard.onOf', { orderId: '1' })
    await send(paid, { orderId: '1' }, { messageId: 'not-a-uuid' })
    await send(paid, { orderId: 'good' })
    // A UUIDv7 of 2020: the inbox does not remember that far back.
    await send(paid, { orderId: 'old' }, { messageId: '016f5e66-e800-7000-8000-000000000001' })

    await eventually(async () => (await store.failures.list({ state: 'parked' })).length === 6)
    await eventually(() => received.length === 1)
    expect(received).toEqual(['good'])
    const failures = await store.failures.list({})
    expect(failures.map(({ error }) => error.code).toSorted()).toEqual([
      'EVENT_INVALID',
      'EVENT_UNKNOWN',
      'MESSAGE_INVALID',
      'MESSAGE_INVALID',
      'MESSAGE_INVALID',
      'MESSAGE_TOO_OLD',
    ])
    const binary = failures.find(({ encoding }) => encoding === 'base64')
    expect(Buffer.from(binary?.payload ?? '', 'base64')).toEqual(Buffer.from([0xff, 0xfe, 0x00]))
  })
})

describe('a broker that says no', () => {
  it('tells of a wrong password at once, without the password and without a storm', async () => {
    const { amqpUrls } = await testVhost()
    const proxy = await startProxy({ port: Number(new URL(amqpUrls[0] ?? '').port) })
    const url = new URL(amqpUrls[0] ?? '')
    url.port = String(proxy.port)
    url.password = 'hunter2-wrong'
    const logger = recordingLogger()
    const { bus } = await makeService({ endpoints: [url.href], logger })
    const refusal = await bus.start().then(
      () => null,
      (error: unknown) => error as Error,
    )
    expect(refusal).toMatchObject({ code: 'ACCESS_REFUSED' })
    expect(`${refusal?.message} ${refusal?.stack} ${JSON.stringify(refusal)} ${logger.lines.join()}`).not.toContain(
      'hunter2',
    )
    expect(proxy.connections).toBeLessThanOrEqual(2)
    await proxy.close()
  })

  it('keeps publishing while no endpoint can be reached, and drains later without a restart', async () => {
    const { amqpUrls } = await testVhost()
    const proxy = await startProxy({ port: Number(new URL(amqpUrls[0] ?? '').port) })
    await proxy.refuse()
    const url = new URL(amqpUrls[0] ?? '')
    url.port = String(proxy.port)
    const { bus, store } = await makeService({ endpoints: [url.href] })
    const received: string[] = []
    await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event.data.orderId))
    await bus.start()
    await bus.publish(paid, { orderId: 'while away' })
    expect((await store.outbox.backlog()).pending).toBe(1)

    await proxy.accept()
    await eventually(() => received.includes('while away'), 30_000)
    await eventually(async () => (await store.outbox.backlog()).pending === 0)
    await bus.stop()
    await proxy.close()
  })

  it('waits while an alarm blocks publishing, goes on consuming, and drains when it ends', async () => {
    const cluster = await privateCluster({ nodes: 1 })
    try {
      const { bus, store } = await makeService({ endpoints: cluster.amqpUrls })
      const received: string[] = []
      await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event.data.orderId))
      await bus.start()
      await bus.publish(paid, { orderId: 'before' })
      await eventually(() => received.includes('before'))

      await cluster.ctl('n1', 'set_vm_memory_high_watermark', '0.000001')
      await bus.publish(paid, { orderId: 'during' })
      await eventually(async () => (await store.outbox.backlog()).pending === 1)
      await cluster.ctl('n1', 'set_vm_memory_high_watermark', '0.6')
      await eventually(() => received.includes('during'), 30_000)
    } finally {
      await cluster.down()
    }
  })

  it('declares a queue that was deleted while it was consumed again, and goes on', async () => {
    const { bus, endpoints } = await makeService()
    const received: string[] = []
    await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event.data.orderId))
    await bus.start()
    await bus.publish(paid, { orderId: 'before' })
    await eventually(() => received.includes('before'))
    const channel = await rawChannel(endpoints)
    await channel.deleteQueue('qu.order.crm')
    await bus.publish(paid, { orderId: 'after' })
    await eventually(() => received.includes('after'), 30_000)
  })

  it('declares an exchange that was deleted while it was published to again, and blames no event', async () => {
    const { bus, store, endpoints } = await makeService()
    const received: string[] = []
    await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event.data.orderId))
    await bus.start()
    const channel = await rawChannel(endpoints)
    await channel.deleteExchange('ex.order.topic')
    await bus.publish(paid, { orderId: '1' })
    // The binding went with the exchange: only a subscriber can bring it back.
    await eventually(async () => {
      const { pending, unroutable, unpublishable } = await store.outbox.backlog()
      return pending === 0 && unroutable === 1 && unpublishable === 0
    }, 30_000)
  })
})

it('needs a started bus, and a store to publish', async () => {
  const { amqpUrls } = await testVhost()
  const bus = createBus({ service: 'shop', catalog: shop, endpoints: amqpUrls })
  await expect(bus.publish(paid, { orderId: '1' })).rejects.toMatchObject({ code: 'STORE_REQUIRED' })
  const { bus: other } = await makeService({ endpoints: amqpUrls })
  await expect(other.publish(paid, { orderId: '1' })).rejects.toMatchObject({ code: 'BUS_STOPPED' })
  for (const options of [
    { retention: { inboxDays: 0 } },
    { relay: { window: Number.NaN } },
    { relay: { leaseMs: 0 } },
  ]) {
    expect(() => createBus({ service: 'shop', catalog: shop, endpoints: amqpUrls, ...options })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    )
  }
  expect(() => createBus({ service: 'shop', catalog: shop, endpoints: ['http://nowhere'] })).toThrow(
    expect.objectContaining({ code: 'ENDPOINT_INVALID' }),
  )
})
