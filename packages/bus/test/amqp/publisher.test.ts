import { describe, expect, it } from 'vitest'
import { privateCluster, testVhost } from '../../../../test/support/broker.ts'
import { brokerNames, publisherTopology } from '../../src/amqp/names.ts'
import { ensureTopology } from '../../src/amqp/topology.ts'
import { encodeEvent } from '../../src/envelope/encode.ts'
import { newId } from '../../src/envelope/uuid.ts'
import { silentLogger } from '../../src/logger.ts'
import {
  makeConnection,
  makeQueue,
  messageTo,
  msOf,
  proxyTo,
  rawChannel,
  startConnection,
  startPublisher,
  until,
} from './support.ts'

describe('publish', () => {
  it('confirms what a queue has taken, with persistence and the documented properties', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const publisher = await startPublisher(await startConnection(amqpUrls))
    const event = {
      id: newId(),
      name: queue,
      entityId: '4711',
      source: 'shop',
      payload: '{"a":1}',
      headers: { tenant: 'eu' },
      createdAt: new Date(),
    }
    expect(await publisher.publish(encodeEvent(event, ''))).toEqual({ kind: 'confirmed' })
    const got = await channel.get(queue)
    expect(got && got.content.toString()).toBe('{"a":1}')
    expect(got && got.properties).toMatchObject({
      messageId: event.id,
      type: queue,
      contentType: 'application/json',
      appId: 'shop',
      deliveryMode: 2,
      headers: { tenant: 'eu', cloudEvents_subject: '4711', 'warren-attempt': 1 },
    })
  })

  it('tells which of many messages no queue took', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const publisher = await startPublisher(await startConnection(amqpUrls))
    const routable = Array.from({ length: 500 }, (_, i) => i % 7 !== 0)
    const outcomes = await Promise.all(
      routable.map((isRoutable) => publisher.publish(messageTo(isRoutable ? queue : 'nowhere'))),
    )
    expect(outcomes.map(({ kind }) => kind === 'confirmed')).toEqual(routable)
    expect(outcomes[0]).toEqual({ kind: 'returned', replyCode: 312, replyText: 'NO_ROUTE' })
    expect((await channel.checkQueue(queue)).messageCount).toBe(routable.filter(Boolean).length)
  })

  it('tells which messages a full queue nacked', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const full = { 'x-max-length': 10, 'x-overflow': 'reject-publish' }
    const queue = await makeQueue(channel, undefined, { type: 'classic', arguments: full })
    const open = await makeQueue(channel)
    const publisher = await startPublisher(await startConnection(amqpUrls))
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, i) => publisher.publish(messageTo(i % 2 === 0 ? queue : open))),
    )
    const kinds = (isOpen: boolean) => outcomes.filter((_, i) => (i % 2 === 1) === isOpen).map(({ kind }) => kind)
    expect(new Set(kinds(true))).toEqual(new Set(['confirmed']))
    expect(kinds(false).filter((kind) => kind === 'confirmed')).toHaveLength(10)
    expect(kinds(false).filter((kind) => kind === 'nacked')).toHaveLength(20)
  })

  it('keeps to its window, and sends what waits in order', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const publisher = await startPublisher(await startConnection(amqpUrls), { window: 5 })
    const sent = Array.from({ length: 40 }, (_, i) => publisher.publish(messageTo(queue, String(i))))
    expect(publisher.inFlight).toBe(5)
    expect(publisher.free).toBe(0)
    const idle = publisher.signals.idle.next()
    expect(new Set((await Promise.all(sent)).map(({ kind }) => kind))).toEqual(new Set(['confirmed']))
    await idle
    expect(publisher.free).toBe(5)
    const bodies = []
    for (let i = 0; i < 40; i++) {
      const got = await channel.get(queue, { noAck: true })
      bodies.push(got && Number(got.content.toString()))
    }
    expect(bodies).toEqual(Array.from({ length: 40 }, (_, i) => i))
  })

  it('says connection-lost at once when there is no connection', async () => {
    const publisher = await startPublisher(await startConnection(['amqp://127.0.0.1:1']))
    expect(publisher.isReady).toBe(false)
    expect(await publisher.publish(messageTo('q'))).toEqual({ kind: 'unknown', reason: 'connection-lost' })
  })

  it('sends large messages no faster than the socket takes them', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel, undefined, { type: 'classic' })
    const publisher = await startPublisher(await startConnection(amqpUrls), { window: 5_000 })
    const body = Buffer.alloc(4_000, 'x')
    const sent = Array.from({ length: 1_500 }, () => publisher.publish(messageTo(queue, body)))
    // amqplib buffers 2,048 chunks; a message of this size is two.
    expect(publisher.inFlight).toBeLessThan(1_100)
    expect(publisher.free).toBe(0)
    const available = publisher.signals.available.next()
    expect(new Set((await Promise.all(sent)).map(({ kind }) => kind))).toEqual(new Set(['confirmed']))
    await available
  })
})

describe('a message the broker refuses', () => {
  it('is refused together with its neighbours on the channel, and the next channel works', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const publisher = await startPublisher(await startConnection(amqpUrls))
    const bad = messageTo(queue)
    // A CC header must be a list; text is a 406 that closes the channel.
    const headers = { CC: 'nonsense' }
    const [before, culprit, after] = await Promise.all([
      publisher.publish(messageTo(queue)),
      publisher.publish({ ...bad, properties: { ...bad.properties, headers } }),
      publisher.publish(messageTo(queue)),
    ])
    expect(culprit).toMatchObject({ kind: 'refused', code: 406 })
    expect(['confirmed', 'refused']).toContain(before.kind)
    expect(after).toEqual(culprit)
    await until(publisher.signals.ready, () => publisher.isReady)
    expect(await publisher.publish(messageTo(queue))).toEqual({ kind: 'confirmed' })
  })

  it('is the only one refused when its exchange is missing', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const publisher = await startPublisher(await startConnection(amqpUrls))
    const [missing, neighbour] = await Promise.all([
      publisher.publish(messageTo(queue, '{}', { exchange: 'ex.gone' })),
      publisher.publish(messageTo(queue)),
    ])
    expect(missing).toMatchObject({ kind: 'refused', code: 404, text: expect.stringContaining('ex.gone') as string })
    expect(neighbour).toEqual({ kind: 'unknown', reason: 'connection-lost' })
  })

  it('is refused alone and before it is sent when it cannot be encoded', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const publisher = await startPublisher(await startConnection(amqpUrls))
    const large = messageTo(queue)
    const headers = { large: 'x'.repeat(70_000) }
    const outcomes = await Promise.all([
      publisher.publish(messageTo(queue)),
      publisher.publish({ ...large, properties: { ...large.properties, headers } }),
      publisher.publish(messageTo(queue, '{}', { routingKey: 'x'.repeat(256) })),
      publisher.publish(messageTo(queue)),
    ])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['confirmed', 'refused', 'refused', 'confirmed'])
    expect(outcomes[1]).toMatchObject({ code: 0, text: expect.stringContaining('exceeds') as string })
  })

  it('declares an exchange again that was deleted', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const exchange = brokerNames().eventExchange('order')
    const publisher = await startPublisher(await startConnection(amqpUrls), {
      ensure: (model) => ensureTopology(model, publisherTopology(['order']), silentLogger),
    })
    await channel.deleteExchange(exchange)
    const message = messageTo('order.payment.onPaid', '{}', { exchange })
    expect(await publisher.publish(message)).toMatchObject({ kind: 'refused', code: 404 })
    await until(publisher.signals.ready, () => publisher.isReady)
    expect(await publisher.publish(message)).toMatchObject({ kind: 'returned' })
  })

  it('makes start() throw when an exchange is of another type', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    await channel.assertExchange('ex.order.topic', 'fanout')
    const ensure: Parameters<typeof startPublisher>[1] = {
      ensure: (model) => ensureTopology(model, publisherTopology(['order']), silentLogger),
    }
    await expect(startPublisher(await startConnection(amqpUrls), ensure)).rejects.toMatchObject({
      code: 'EXCHANGE_INEQUIVALENT',
    })
  })
})

describe('confirms that do not come', () => {
  it('are unknown when the connection is cut, and publishing goes on over the next', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[1]!)
    const queue = await makeQueue(channel)
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const publisher = await startPublisher(await startConnection([url, amqpUrls[1]!]))
    proxy.freeze('toClient')
    const sent = [publisher.publish(messageTo(queue)), publisher.publish(messageTo(queue))]
    const unready = publisher.signals.unready.next()
    proxy.cut()
    expect(await Promise.all(sent)).toEqual(Array(2).fill({ kind: 'unknown', reason: 'connection-lost' }))
    await unready
    await until(publisher.signals.ready, () => publisher.isReady)
    expect(await publisher.publish(messageTo(queue))).toEqual({ kind: 'confirmed' })
  })

  it('make it ask the node, and leave it when it does not answer', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[1]!)
    const queue = await makeQueue(channel)
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const connection = await startConnection([url, amqpUrls[1]!])
    const publisher = await startPublisher(connection, { probeAfterMs: 300 })
    proxy.swallow('toClient')
    const lost = connection.signals.lost.next()
    const gapMs = await msOf(async () => {
      expect(await publisher.publish(messageTo(queue))).toEqual({ kind: 'unknown', reason: 'connection-lost' })
    })
    expect((await lost).message).toContain('neither confirmed nor answered')
    expect(gapMs).toBeGreaterThan(500)
    expect(gapMs).toBeLessThan(2_000)
    await until(publisher.signals.ready, () => publisher.isReady)
    expect(await publisher.publish(messageTo(queue))).toEqual({ kind: 'confirmed' })
  })

  it('are timed out when the node lives, and what follows goes on a new channel', async () => {
    const { amqpUrls, cluster, vhost } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const wedged = await makeQueue(channel)
    const healthy = await makeQueue(channel)
    const connection = await startConnection([amqpUrls[0]!])
    const publisher = await startPublisher(connection, { probeAfterMs: 200, confirmTimeoutMs: 1_500 })
    let losses = 0
    connection.signals.lost.on(() => losses++)

    // The queue's leader stands still, and with it, in the broker, the channel that speaks to it first; the node is well.
    await cluster.ctl('n1', 'eval', `sys:suspend('${vhost}_${wedged}').`)
    const stuck = [publisher.publish(messageTo(wedged)), publisher.publish(messageTo(healthy))]
    expect(await Promise.all(stuck)).toEqual(Array(2).fill({ kind: 'unknown', reason: 'timeout' }))
    await until(publisher.signals.ready, () => publisher.isReady)
    expect(await publisher.publish(messageTo(healthy))).toEqual({ kind: 'confirmed' })
    expect(losses).toBe(0)

    // Blocked now too, its channel answers no request to close it.
    const last = publisher.publish(messageTo(wedged))
    expect(await msOf(() => publisher.stop())).toBeLessThan(4_000)
    expect(await last).toEqual({ kind: 'unknown', reason: 'timeout' })

    await cluster.ctl('n1', 'eval', `sys:resume('${vhost}_${wedged}').`)
    await publisher.start()
    expect(await publisher.publish(messageTo(wedged))).toEqual({ kind: 'confirmed' })
  })
})

describe('a blocked process', () => {
  it('does not blame the broker for the confirms it could not read', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const connection = await startConnection(amqpUrls)
    const publisher = await startPublisher(connection, { probeAfterMs: 400, confirmTimeoutMs: 800 })
    let losses = 0
    connection.signals.lost.on(() => losses++)
    const sent = Array.from({ length: 20 }, () => publisher.publish(messageTo(queue)))
    // Long enough that every message is on its way.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    const blockedUntilMs = performance.now() + 1_500
    while (performance.now() < blockedUntilMs);
    expect(new Set((await Promise.all(sent)).map(({ kind }) => kind))).toEqual(new Set(['confirmed']))
    expect(losses).toBe(0)
  })
})

describe('an alarm of the broker', () => {
  it('makes the publisher unready and blames nobody for late confirms; both end with the alarm', async () => {
    const cluster = await privateCluster({ nodes: 1 })
    const { channel } = await rawChannel(cluster.amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const connection = await startConnection(cluster.amqpUrls)
    const publisher = await startPublisher(connection, { probeAfterMs: 200, confirmTimeoutMs: 600 })
    let losses = 0
    connection.signals.lost.on(() => losses++)

    await cluster.ctl('n1', 'set_vm_memory_high_watermark', 'absolute', '1MB')
    const blocked = connection.signals.blocked.next()
    const stuck = publisher.publish(messageTo(queue))
    expect(await blocked).toContain('memory')
    expect(connection.state).toBe('blocked')
    expect(publisher.isReady).toBe(false)
    expect(await publisher.publish(messageTo(queue))).toEqual({ kind: 'unknown', reason: 'connection-lost' })
    // Longer than every timeout above.
    await new Promise((resolve) => setTimeout(resolve, 1_500))

    const ready = publisher.signals.ready.next()
    await cluster.ctl('n1', 'set_vm_memory_high_watermark', '0.6')
    await ready
    expect(connection.state).toBe('connected')
    expect(await stuck).toEqual({ kind: 'confirmed' })
    expect(await publisher.publish(messageTo(queue))).toEqual({ kind: 'confirmed' })
    expect(losses).toBe(0)
    await cluster.down()
  })
})

describe('stop', () => {
  it('waits for the confirms in flight', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const publisher = await startPublisher(await startConnection([url]))
    proxy.delay(100)
    const sent = Array.from({ length: 20 }, () => publisher.publish(messageTo(queue)))
    await publisher.stop()
    expect(publisher.inFlight).toBe(0)
    expect(new Set((await Promise.all(sent)).map(({ kind }) => kind))).toEqual(new Set(['confirmed']))
    expect(await publisher.publish(messageTo(queue))).toEqual({ kind: 'unknown', reason: 'connection-lost' })
  })

  it('returns when the confirms do not come, and the outcome is unknown', async () => {
    const { amqpUrls } = await testVhost()
    const { channel } = await rawChannel(amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const connection = makeConnection([url], { idleProbeMs: 500 })
    await connection.start()
    const publisher = await startPublisher(connection, { confirmTimeoutMs: 300 })
    proxy.freeze()
    const sent = publisher.publish(messageTo(queue))
    expect(await msOf(() => publisher.stop())).toBeLessThan(3_000)
    expect((await sent).kind).toBe('unknown')
  })
})
