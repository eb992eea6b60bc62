import { expect, it } from 'vitest'
import type { AnyEvent } from '../src/index.ts'
import { rawChannel, rawPublish } from './support/raw.ts'
import { eventually, makeService } from './support/service.ts'

// Both know nothing but docs/envelope.md: literal names, no import of Warren's.

it('is understood by a consumer written with plain amqplib', async () => {
  const { bus, endpoints } = await makeService()
  const channel = await rawChannel(endpoints)
  await channel.assertExchange('ex.order.topic', 'topic', { durable: true })
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, 'ex.order.topic', 'order.viporder.#')
  const taken = new Promise<NonNullable<Awaited<ReturnType<typeof channel.get>>>>((resolve) => {
    void channel.consume(queue, (message) => message !== null && resolve(message as never), { noAck: true })
  })
  await bus.start()
  const { id } = await bus.publish(
    'order.viporder.payment.onPaid',
    { orderId: '42', amount: 7 },
    { correlationId: 'c-1', headers: { tenant: 'eu' } },
  )

  const message = await taken
  if (message === false) throw new Error('unreachable')
  expect(JSON.parse(message.content.toString())).toEqual({ orderId: '42', amount: 7 })
  expect(message.fields.routingKey).toBe('order.viporder.payment.onPaid')
  expect(message.properties).toMatchObject({
    messageId: id,
    type: 'order.viporder.payment.onPaid',
    contentType: 'application/json',
    appId: 'shop',
    correlationId: 'c-1',
    deliveryMode: 2,
  })
  expect(message.properties.timestamp).toBeGreaterThan(Date.now() / 1000 - 60)
  expect(message.properties.headers).toMatchObject({
    cloudEvents_specversion: '1.0',
    cloudEvents_id: id,
    cloudEvents_source: 'shop',
    cloudEvents_type: 'order.viporder.payment.onPaid',
    cloudEvents_subject: '42',
    tenant: 'eu',
  })
})

it('understands a publisher written with plain amqplib', async () => {
  const { bus, endpoints } = await makeService()
  const received: AnyEvent[] = []
  await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event))
  await bus.start()
  const channel = await rawChannel(endpoints)

  const messageId = crypto.randomUUID()
  await rawPublish(
    channel,
    'ex.order.topic',
    'order.payment.onPaid',
    { orderId: '42', amount: 7 },
    {
      messageId,
      contentType: 'application/json',
      appId: 'legacy-shop',
      correlationId: 'c-2',
      headers: { 'cloudEvents:subject': '42', tenant: 'eu', priority: 5 },
    },
  )
  await eventually(() => received.length === 1)
  expect(received[0]).toMatchObject({
    id: messageId,
    name: 'order.payment.onPaid',
    entityId: '42',
    source: 'legacy-shop',
    correlationId: 'c-2',
    data: { orderId: '42', amount: 7 },
    headers: { tenant: 'eu', priority: '5' },
  })
})

it('needs no more of a foreign message than an id and a body', async () => {
  const { bus, endpoints } = await makeService()
  const received: AnyEvent[] = []
  await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event))
  await bus.start()
  const channel = await rawChannel(endpoints)
  channel.publish('ex.order.topic', 'order.payment.onPaid', Buffer.from('{"orderId":"1"}'), {
    messageId: crypto.randomUUID(),
  })
  await channel.waitForConfirms()
  await eventually(() => received.length === 1)
  expect(received[0]).toMatchObject({ name: 'order.payment.onPaid', data: { orderId: '1', amount: 0 } })
})
