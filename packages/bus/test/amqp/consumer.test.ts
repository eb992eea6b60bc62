import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { testVhost } from '../../../../test/support/broker.ts'
import type { Delivery } from '../../src/amqp/consumer.ts'
import { subscriptionTopology } from '../../src/amqp/names.ts'
import { ensureTopology } from '../../src/amqp/topology.ts'
import { silentLogger } from '../../src/logger.ts'
import { makeQueue, proxyTo, rawChannel, recordingLogger, startConnection, startConsumer, until } from './support.ts'

type Raw = Awaited<ReturnType<typeof rawChannel>>['channel']

async function fill(channel: Raw, queue: string, count: number, from = 0): Promise<void> {
  for (let i = from; i < from + count; i++) channel.sendToQueue(queue, Buffer.from(String(i)), { persistent: true })
  await channel.waitForConfirms()
}

const bodies = (deliveries: readonly Delivery[]): number[] => deliveries.map(({ message }) => Number(message.body))
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

async function readyAndUnsettled(channel: Raw, queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount
}

describe('a consumer', () => {
  it('delivers in order, as far as the prefetch, and acknowledges in any order', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    await fill(channel, queue, 30)
    const { consumer, deliveries, delivered } = await startConsumer({
      connection: await startConnection(amqpUrls),
      queue,
      prefetch: 20,
    })
    await until(delivered, () => deliveries.length === 20)
    expect(consumer.unsettled).toBe(20)
    expect(bodies(deliveries)).toEqual(upTo(20))
    expect(deliveries[0]).toMatchObject({ redelivered: false, deliveryCount: 0 })
    for (const i of [7, 3, 19, 0]) deliveries[i]!.ack()
    await until(delivered, () => deliveries.length === 24)
    for (const { ack } of deliveries) ack()
    for (const { ack } of deliveries) ack()
    await until(delivered, () => deliveries.length === 30)
    for (const { ack } of deliveries) ack()
    expect(consumer.unsettled).toBe(0)
    await consumer.close()
    expect(await readyAndUnsettled(channel, queue)).toBe(0)
  })

  it('requeues and counts, and rejects to the dead letter queue', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const topology = subscriptionTopology({ name: 'crm', patterns: ['order.#'] })
    const { deliveries, delivered } = await startConsumer({
      connection: await startConnection(amqpUrls),
      queue: 'qu.crm',
      ensure: (model) => ensureTopology(model, topology, silentLogger),
    })
    await fill(channel, 'qu.crm', 1)
    await until(delivered, () => deliveries.length === 1)
    deliveries[0]!.requeue()
    deliveries[0]!.ack()
    await until(delivered, () => deliveries.length === 2)
    expect(deliveries[1]).toMatchObject({ redelivered: true, deliveryCount: 1 })
    deliveries[1]!.reject()
    await expect.poll(() => readyAndUnsettled(channel, 'qu.crm.dead')).toBe(1)
  })

  it('lives on when onDelivery throws', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    await fill(channel, queue, 2)
    const logger = recordingLogger()
    const connection = await startConnection(amqpUrls)
    await startConsumer({
      connection,
      queue,
      logger,
      onDelivery: () => {
        throw new Error('a bug')
      },
    })
    await until(logger.logged, () => logger.lines.filter(({ level }) => level === 'error').length === 2)
    expect(await connection.answers(2_000)).toBe(true)
  })
})

describe('recovery', () => {
  it('delivers again what was unsettled when the connection was cut, and old deliveries settle nothing', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[1]!)
    const queue = await makeQueue(channel)
    await fill(channel, queue, 10)
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const connection = await startConnection([url, amqpUrls[1]!])
    const { consumer, deliveries, delivered } = await startConsumer({ connection, queue })
    await until(delivered, () => deliveries.length === 10)
    for (const { ack } of deliveries.slice(0, 4)) ack()
    // The acks are on their way: a request on the same connection follows them.
    expect(await connection.answers(2_000)).toBe(true)
    const lost = consumer.signals.lost.next()
    const consuming = consumer.signals.consuming.next()
    proxy.cut()
    await lost
    expect(consumer.unsettled).toBe(0)
    await consuming
    await until(delivered, () => deliveries.length >= 16)
    // Their tags belong to another message on the new channel, or to none, which would be a 406.
    for (const { ack, reject } of deliveries.slice(0, 10)) {
      ack()
      reject()
    }
    expect(consumer.unsettled).toBe(6)
    const again = deliveries.slice(10)
    expect(bodies(again).sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9])
    expect(again.every(({ redelivered }) => redelivered)).toBe(true)
    for (const { ack } of again) ack()
    await consumer.close()
    expect(await readyAndUnsettled(channel, queue)).toBe(0)
  })

  it('declares a queue again that was deleted while it was consumed, with its bindings', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const topology = subscriptionTopology({ name: 'crm', patterns: ['order.#'] })
    const { consumer, deliveries, delivered } = await startConsumer({
      connection: await startConnection(amqpUrls),
      queue: 'qu.crm',
      watchMs: 500,
      ensure: (model) => ensureTopology(model, topology, silentLogger),
    })
    for (let round = 1; round <= 3; round++) {
      const consuming = consumer.signals.consuming.next()
      await channel.deleteQueue('qu.crm')
      await consuming
      channel.publish('ex.order.topic', 'order.payment.onPaid', Buffer.from(String(round)))
      await until(delivered, () => deliveries.length === round)
      deliveries.at(-1)!.ack()
    }
    expect(bodies(deliveries)).toEqual([1, 2, 3])
  })

  it('receives again from a queue that somebody deleted and made anew at once', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const connection = await startConnection(amqpUrls)
    const { deliveries, delivered } = await startConsumer({ connection, queue, watchMs: 200, silentMs: 1_000 })
    for (let round = 1; round <= 3; round++) {
      await channel.deleteQueue(queue)
      await makeQueue(channel, queue)
      await fill(channel, queue, 2, 2 * round - 2)
      await until(delivered, () => deliveries.length === 2 * round)
      for (const { ack } of deliveries) ack()
    }
    expect(bodies(deliveries)).toEqual(upTo(6))
  })

  it('begins anew when it has heard nothing for long, and not while it has something in hand', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const connection = await startConnection(amqpUrls)
    const { consumer, deliveries, delivered } = await startConsumer({ connection, queue, watchMs: 50, silentMs: 300 })
    await fill(channel, queue, 1)
    await until(delivered, () => deliveries.length === 1)
    let begun = 0
    consumer.signals.consuming.on(() => {
      begun += 1
    })
    await setTimeout(1_500)
    expect(begun).toBe(0)
    deliveries[0]!.ack()
    await consumer.signals.consuming.next()
    expect(await readyAndUnsettled(channel, queue)).toBe(0)
    await consumer.pause(false)
    await setTimeout(600)
    expect(consumer.isConsuming).toBe(false)
  })

  it('resumes after the broker closed its channel', async () => {
    const { amqpUrls, cluster, vhost } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const { consumer, deliveries, delivered } = await startConsumer({
      connection: await startConnection(amqpUrls),
      queue,
    })
    const lost = consumer.signals.lost.next()
    // An ack nobody sent, for a tag that is unknown: a 406. (4.3 has no rabbit_channel:do any more.)
    // Channels of other tests close meanwhile.
    const ack = `[rabbit_channel_common:do(Pid, {'basic.ack', 9999, false}) || Pid <- rabbit_channel:list(), [{vhost, <<"${vhost}">>}, {consumer_count, 1}] == (catch rabbit_channel:info(Pid, [vhost, consumer_count]))].`
    await cluster.ctl('n1', 'eval', ack)
    await lost
    await until(consumer.signals.consuming, () => consumer.isConsuming)
    await fill(channel, queue, 1)
    await until(delivered, () => deliveries.length === 1)
  })

  it('starts without a connection and consumes when there is one', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    await proxy.refuse()
    const connection = await startConnection([url], { backoff: { minMs: 20, maxMs: 50 } })
    const { consumer } = await startConsumer({ connection, queue })
    expect(consumer.isConsuming).toBe(false)
    const consuming = consumer.signals.consuming.next()
    await proxy.accept()
    await consuming
    expect(consumer.isConsuming).toBe(true)
  })

  it('tries again with backoff while the topology cannot be declared', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    let tries = 0
    const connection = await startConnection(amqpUrls)
    const { consumer } = await startConsumer({
      connection,
      queue,
      ensure: () => (++tries < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()),
    })
    await until(consumer.signals.consuming, () => consumer.isConsuming)
    expect(tries).toBe(3)
  })

  it('makes start() throw for a queue that differs', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    await makeQueue(channel, 'qu.crm', { type: 'classic' })
    const topology = subscriptionTopology({ name: 'crm', patterns: ['order.#'] })
    const starting = startConsumer({
      connection: await startConnection(amqpUrls),
      queue: 'qu.crm',
      ensure: (model) => ensureTopology(model, topology, silentLogger),
    })
    await expect(starting).rejects.toMatchObject({ code: 'QUEUE_INEQUIVALENT' })
  })
})

describe('pause', () => {
  it('without requeue keeps what is in hand: it can be settled, and resume() goes on after it', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    await fill(channel, queue, 3)
    const { consumer, deliveries, delivered } = await startConsumer({
      connection: await startConnection(amqpUrls),
      queue,
    })
    await until(delivered, () => deliveries.length === 3)
    await consumer.pause(false)
    await fill(channel, queue, 2, 3)
    expect(consumer.unsettled).toBe(3)
    for (const { ack } of deliveries) ack()
    expect(deliveries).toHaveLength(3)
    await consumer.resume()
    await until(delivered, () => deliveries.length === 5)
    expect(bodies(deliveries)).toEqual(upTo(5))
    expect(deliveries.every(({ redelivered }) => !redelivered)).toBe(true)
  })

  it('with requeue gives everything back, and what was in hand settles nothing', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    await fill(channel, queue, 3)
    const { consumer, deliveries, delivered } = await startConsumer({
      connection: await startConnection(amqpUrls),
      queue,
    })
    await until(delivered, () => deliveries.length === 3)
    await consumer.pause(true)
    for (const { ack } of deliveries) ack()
    await expect.poll(() => readyAndUnsettled(channel, queue)).toBe(3)
    await consumer.resume()
    await until(delivered, () => deliveries.length === 6)
    expect(deliveries.slice(3).map(({ deliveryCount }) => deliveryCount)).toEqual([1, 1, 1])
  })

  it('holds over a lost connection until resume()', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[1]!)
    const queue = await makeQueue(channel)
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const connection = await startConnection([url, amqpUrls[1]!])
    const { consumer, deliveries, delivered } = await startConsumer({ connection, queue })
    await consumer.pause(false)
    const connected = connection.signals.connected.next()
    proxy.cut()
    await connected
    await fill(channel, queue, 1)
    expect(consumer.isConsuming).toBe(false)
    expect((await channel.checkQueue(queue)).consumerCount).toBe(0)
    await consumer.resume()
    await until(delivered, () => deliveries.length === 1)
  })
})

describe('stop and close', () => {
  it('let the owner settle what is in hand, and give back the rest', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    await fill(channel, queue, 5)
    const { consumer, deliveries, delivered } = await startConsumer({
      connection: await startConnection(amqpUrls),
      queue,
    })
    await until(delivered, () => deliveries.length === 5)
    await consumer.stop()
    deliveries[0]!.ack()
    deliveries[1]!.ack()
    await consumer.close()
    await consumer.close()
    await expect.poll(() => readyAndUnsettled(channel, queue)).toBe(3)
  })
})
