import { describe, expect, it } from 'vitest'
import { testVhost } from '../../../../test/support/broker.ts'
import { brokerNames, publisherTopology, subscriptionTopology } from '../../src/amqp/names.ts'
import { canHeal, ensureTopology } from '../../src/amqp/topology.ts'
import type { Topology } from '../../src/amqp/topology.ts'
import { silentLogger } from '../../src/logger.ts'
import { rawChannel, recordingLogger } from './support.ts'

const crm = (options: Partial<Parameters<typeof subscriptionTopology>[0]> = {}): Topology =>
  subscriptionTopology({ name: 'crm', patterns: ['order.#', '#.onPaid'], ...options })

describe('ensureTopology', () => {
  it('gives a subscription what matches its patterns, whoever declares first, and again changes nothing', async () => {
    const { amqpUrls } = await testVhost()
    const { model, channel } = await rawChannel(amqpUrls[0]!)
    await ensureTopology(model, crm(), silentLogger)
    await ensureTopology(model, publisherTopology(['order', 'product']), silentLogger)
    await ensureTopology(model, crm(), silentLogger)
    const publish = (entity: string, name: string) =>
      channel.publish(brokerNames().eventExchange(entity), name, Buffer.from('{}'))
    publish('order', 'order.creation.onCreated')
    publish('order', 'order.payment.onPaid') // both patterns, one copy
    publish('product', 'product.invoice.onPaid')
    publish('product', 'product.price.onChanged')
    channel.publish(brokerNames().directExchange, 'qu.crm', Buffer.from('{}'))
    await channel.waitForConfirms()
    expect((await channel.checkQueue('qu.crm')).messageCount).toBe(4)
  })

  it('sends what is rejected to the dead letter queue of the subscription', async () => {
    const { amqpUrls } = await testVhost()
    const { model, channel } = await rawChannel(amqpUrls[0]!)
    await ensureTopology(model, crm(), silentLogger)
    channel.sendToQueue('qu.crm', Buffer.from('{"a":1}'))
    await channel.waitForConfirms()
    const got = await channel.get('qu.crm')
    if (got !== false) channel.reject(got, false)
    await expect.poll(async () => (await channel.checkQueue('qu.crm.dead')).messageCount).toBe(1)
  })

  // From 4.0 a queue with no limit of its own drops a message at its 21st return.
  it('keeps a dead letter however often it is returned', async () => {
    const { amqpUrls } = await testVhost()
    const { model, channel } = await rawChannel(amqpUrls[0]!)
    await ensureTopology(model, crm(), silentLogger)
    channel.publish('ex.warren.dead-letter', 'qu.crm', Buffer.from('{}'))
    await channel.waitForConfirms()
    const returns = await new Promise<number>((resolve) => {
      let count = 0
      void channel.consume('qu.crm.dead', (message) => {
        if (message !== null && count < 25) channel.reject(message, true)
        if (++count > 25) resolve(count - 1)
      })
    })
    expect(returns).toBe(25)
  })

  it('unbinds the patterns that a subscription no longer has', async () => {
    const { amqpUrls } = await testVhost()
    const { model, channel } = await rawChannel(amqpUrls[0]!)
    await ensureTopology(model, crm(), silentLogger)
    const previousPatterns = ['order.#', '#.onPaid', 'never.bound']
    await ensureTopology(model, crm({ patterns: ['order.#'], previousPatterns }), silentLogger)
    channel.publish('ex.events.topic', 'product.invoice.onPaid', Buffer.from('{}'))
    channel.publish('ex.order.topic', 'order.invoice.onPaid', Buffer.from('{}'))
    await channel.waitForConfirms()
    expect((await channel.checkQueue('qu.crm')).messageCount).toBe(1)
  })

  it('uses a queue with another delivery limit as it is, and warns', async () => {
    const { amqpUrls } = await testVhost()
    const { model } = await rawChannel(amqpUrls[0]!)
    await ensureTopology(model, crm({ deliveryLimit: 5 }), silentLogger)
    const logger = recordingLogger()
    await ensureTopology(model, crm({ deliveryLimit: 20 }), logger)
    expect(logger.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { fields: { queue: 'qu.crm', argument: 'x-delivery-limit', current: '5', wanted: '20' } },
    ])
  })

  it('uses a queue with no delivery limit as it is', async () => {
    const { amqpUrls } = await testVhost()
    const { model, channel } = await rawChannel(amqpUrls[0]!)
    const { 'x-delivery-limit': _none, ...others } = crm().queues[1]!.arguments
    await channel.assertQueue('qu.crm', { arguments: others })
    const logger = recordingLogger()
    await ensureTopology(model, crm(), logger)
    expect(logger.lines).toMatchObject([{ fields: { queue: 'qu.crm', current: null } }])
  })

  it.each([
    ['turned on', false, true],
    ['turned off', true, false],
  ])('uses a queue as it is when its single active consumer is %s, and warns', async (_what, before, after) => {
    const { amqpUrls } = await testVhost()
    const { model } = await rawChannel(amqpUrls[0]!)
    await ensureTopology(model, crm({ ordered: before, deliveryLimit: 5 }), silentLogger)
    const logger = recordingLogger()
    await ensureTopology(model, crm({ ordered: after }), logger)
    const warned = logger.lines.flatMap(({ level, fields }) =>
      level === 'warn' && 'argument' in fields ? [fields.argument] : [],
    )
    expect(warned.toSorted()).toEqual(['x-delivery-limit', 'x-single-active-consumer'])
  })

  it('does not mistake a queue that differs in more than the delivery limit', async () => {
    const { amqpUrls } = await testVhost()
    const { model, channel } = await rawChannel(amqpUrls[0]!)
    await channel.assertQueue('qu.crm', { arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 5 } })
    await expect(ensureTopology(model, crm(), silentLogger)).rejects.toMatchObject({
      code: 'QUEUE_INEQUIVALENT',
      details: {
        queue: 'qu.crm',
        differences: [
          { argument: 'x-dead-letter-exchange', current: null, wanted: 'ex.warren.dead-letter' },
          { argument: 'x-dead-letter-routing-key', current: null, wanted: 'qu.crm' },
          { argument: 'x-delivery-limit', current: '5', wanted: '20' },
        ],
      },
    })
  })

  it('throws QUEUE_INEQUIVALENT for a classic queue and names everything that differs', async () => {
    const { amqpUrls } = await testVhost()
    const { model, channel } = await rawChannel(amqpUrls[0]!)
    await channel.assertQueue('qu.crm', { arguments: { 'x-queue-type': 'classic' } })
    const error: unknown = await ensureTopology(model, crm(), silentLogger).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'QUEUE_INEQUIVALENT' })
    expect((error as Error).message).toContain('x-queue-type is classic, wanted is quorum')
    expect(canHeal(error)).toBe(false)
  })

  it('throws EXCHANGE_INEQUIVALENT for an exchange of another type, and tolerates an alternate exchange', async () => {
    const { amqpUrls } = await testVhost()
    const { model, channel } = await rawChannel(amqpUrls[0]!)
    await channel.assertExchange('ex.product.topic', 'topic', { alternateExchange: 'ex.lost' })
    await ensureTopology(model, publisherTopology(['product']), silentLogger)
    await channel.assertExchange('ex.order.topic', 'direct')
    await expect(ensureTopology(model, publisherTopology(['order']), silentLogger)).rejects.toMatchObject({
      code: 'EXCHANGE_INEQUIVALENT',
      details: {
        exchange: 'ex.order.topic',
        differences: [{ argument: 'type', current: 'direct', wanted: 'topic' }],
      },
    })
  })

  it('uses what a user may not declare when it is there, and throws TOPOLOGY_REFUSED when it is not', async () => {
    const { amqpUrls, cluster, vhost } = await testVhost()
    const { model } = await rawChannel(amqpUrls[0]!)
    const topology: Topology = { ...crm(), bindings: [] }
    await ensureTopology(model, topology, silentLogger)
    const user = `u${vhost}`
    await cluster.management(`users/${user}`, { method: 'PUT', body: { password: 'p', tags: '' } })
    await cluster.management(`permissions/${vhost}/${user}`, {
      method: 'PUT',
      body: { configure: '^$', write: '.*', read: '.*' },
    })
    const url = new URL(amqpUrls[0]!)
    url.username = user
    url.password = 'p'
    const restricted = await rawChannel(url.href)
    await ensureTopology(restricted.model, topology, silentLogger)
    const more = { ...topology, queues: [{ name: 'qu.more', arguments: {} }] }
    const error: unknown = await ensureTopology(restricted.model, more, silentLogger).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'TOPOLOGY_REFUSED', details: { replyCode: 403 } })
    expect(canHeal(error)).toBe(false)
    await cluster.management(`users/${user}`, { method: 'DELETE' })
  })

  it('leaves no channel open, also after a refusal', async () => {
    const { amqpUrls, cluster } = await testVhost()
    const { model, channel } = await rawChannel(amqpUrls[0]!)
    await channel.assertQueue('qu.crm', { arguments: { 'x-queue-type': 'classic' } })
    await ensureTopology(model, crm(), silentLogger).catch(() => undefined)
    await ensureTopology(model, publisherTopology(['order']), silentLogger)
    const port = String(Reflect.get(Reflect.get(model.connection, 'stream') as object, 'localPort'))
    const listed = await cluster.ctl('n1', 'list_connections', 'peer_port', 'channels', '--silent')
    expect(listed).toMatch(new RegExp(`^${port}\\s+1$`, 'm'))
  })
})
