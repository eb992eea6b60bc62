import { setTimeout } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { brokerWatch } from '@warren/cluster/watch'
import type { BrokerWatch } from '../../packages/bus/src/reconcile/watch.ts'
import { proxyTo } from '../../packages/bus/test/amqp/support.ts'
import { rawChannel } from '../../packages/bus/test/support/raw.ts'
import { quickly } from '../../packages/bus/test/support/reconcile.ts'
import { eventually, freshDatabase, makeService } from '../../packages/bus/test/support/service.ts'
import { sharedCluster, testVhost } from '../support/broker.ts'

beforeAll(() => sharedCluster())

const paid = 'order.payment.onPaid'
const queue = 'qu.order.crm'

const delivered = 'order.delivery.onDelivered'

/** A publisher that looks at the broker or does not, and a subscriber that can go away; in a vhost of their own. */
async function makePair(isWatched = true) {
  const { amqpUrls: endpoints, vhost, cluster } = await testVhost()
  // Neither room imports the other: that one's value is the other's type is for the compiler to say here.
  const watch: BrokerWatch = brokerWatch({ client: cluster.managementClient(), vhost })
  const { bus, store } = await makeService({ endpoints, reconcile: isWatched ? { ...quickly, watch } : quickly })
  // Without another subscription an event that is not routed is no missing one: it waits as unroutable.
  await bus.subscribe('order.loyalty', ['order.#'], () => undefined, { timeoutMs: 500 })
  const database = await freshDatabase('sqlite')
  const received = new Set<string>()
  const subscribe = async (patterns: Parameters<typeof bus.subscribe>[1] = ['order.#']) => {
    const crm = await makeService({
      service: 'crm',
      store: database.open(),
      endpoints,
      reconcile: quickly,
    })
    await crm.bus.subscribe('order.crm', patterns, ({ id }) => void received.add(id), { timeoutMs: 500 })
    await crm.bus.start()
    return crm.bus
  }
  const { missing, observations, proof } = store.reconciliation
  const publish = async (name: typeof paid | typeof delivered = paid) => (await bus.publish(name, { orderId: '1' })).id
  return {
    ...{ endpoints, bus, store, subscribe, publish, received, channel: await rawChannel(endpoints) },
    /**
     * Resolves when it is missed, has a cause and was resent. A subscriber whom the broker does not tell that its queue is gone finds
     * out after 10 s, and until then its barriers wait.
     */
    causeOf: (id: string) =>
      eventually(async () => {
        const [found] = await missing.list({ id })
        return found?.state === 'recovered' && received.has(id) ? found : undefined
      }, 60_000),
    differences: () => observations.list({ isOpen: true }),
    /** Resolves when all until now is compared and nobody waits for an answer. */
    settled: async () => {
      const sinceMs = await store.reconciliation.nowMs()
      await eventually(async () => {
        const crm = (await proof.list()).find(({ subscription }) => subscription === 'order.crm')
        return crm?.waitingSinceMs === null && crm.throughMs > sinceMs
      })
    },
  }
}

it('tells for each missing event what became of it', async () => {
  const pair = await makePair()
  const { bus, store, subscribe, publish, channel, causeOf, settled, received } = pair
  const crm = await subscribe()
  await bus.start()
  const first = await publish()
  await eventually(() => received.has(first))
  await settled()

  await channel.unbindQueue(queue, 'ex.order.topic', 'order.#')
  const unrouted = await publish()
  expect(await causeOf(unrouted)).toMatchObject({
    cause: 'never-routed',
    evidence: { absentBindings: [`ex.order.topic → ${queue} (order.#)`], queue },
  })
  await settled()

  await crm.stop()
  const purged = await publish()
  await eventually(async () => (await channel.checkQueue(queue)).messageCount > 0)
  await channel.purgeQueue(queue)
  const again = await subscribe()
  expect(await causeOf(purged)).toMatchObject({ cause: 'removed', evidence: { bindingStood: true, queueStood: true } })
  await settled()

  await again.stop()
  const stolen = await publish()
  const kept = await publish()
  const taken = await eventually(async () => {
    const message = await channel.get(queue)
    return message !== false && message.properties.messageId === stolen ? message : false
  })
  channel.ack(taken)
  // What it has looked at goes back.
  channel.nackAll()
  const thirdTime = await subscribe()
  expect(await causeOf(stolen)).toMatchObject({ cause: 'removed' })
  await eventually(() => received.has(kept))
  await settled()

  await thirdTime.stop()
  const deleted = await publish()
  await eventually(async () => (await channel.checkQueue(queue)).messageCount > 0)
  await channel.deleteQueue(queue)
  await subscribe()
  expect(await causeOf(deleted)).toMatchObject({ cause: 'queue-recreated' })
  await settled()

  const causes = Object.fromEntries((await store.reconciliation.missing.list({})).map(({ id, cause }) => [id, cause]))
  expect(causes).toEqual({
    [unrouted]: 'never-routed',
    [purged]: 'removed',
    [stolen]: 'removed',
    [deleted]: 'queue-recreated',
  })
})

it('shows a binding that is gone, and has it declared again before any event is lost', async () => {
  const { bus, store, subscribe, publish, channel, received, settled, differences } = await makePair()
  await subscribe()
  await bus.start()
  const first = await publish()
  await eventually(() => received.has(first))
  await settled()
  expect(await differences()).toEqual([])

  for (const [source, key] of [
    ['ex.order.topic', 'order.#'],
    ['ex.warren.direct', queue],
  ] as const) {
    const what = `${source} → ${queue} (${key})`
    await channel.unbindQueue(queue, source, key)
    await eventually(async () => {
      const all = await store.reconciliation.observations.list({ subscription: 'order.crm' })
      return all.some((each) => each.what === what && each.kind === 'binding-absent' && each.wellAgainMs !== null)
    })
    await eventually(async () => (await differences()).length === 0)
  }
  const next = await publish()
  await eventually(() => received.has(next))
  await settled()
  expect(await store.reconciliation.missing.list({})).toEqual([])
})

it('knows a queue that was deleted and made anew by hand, though the subscriber found one', async () => {
  const { endpoints, bus, store, publish, channel, causeOf, settled, received } = await makePair()
  const { proxy, url } = await proxyTo(endpoints[0]!)
  const crm = await makeService({ service: 'crm', endpoints: [url], reconcile: quickly })
  const held = Promise.withResolvers<undefined>()
  let isHeld = false
  await crm.bus.subscribe(
    'order.crm',
    ['order.#'],
    async ({ id, name }) => {
      isHeld = name === paid
      if (isHeld) await held.promise
      received.add(id)
    },
    { prefetch: 1, timeoutMs: 3_000 },
  )
  await crm.bus.start()
  await bus.start()
  await publish(delivered)
  // Once it is known, what its answers tell is enough.
  await eventually(async () => (await store.reconciliation.registry.list()).some(({ name }) => name === 'order.crm'))
  await channel.unbindQueue('qu.warren.shop', 'ex.warren.control', 'announcement')
  const inHand = await publish()
  await eventually(() => isHeld)
  const waiting = await publish()
  await eventually(async () => (await channel.checkQueue(queue)).messageCount > 0)

  // The broker tells it, given the time: see QueueWatch. It must not hear of it before there is a queue again.
  proxy.freeze()
  await channel.deleteQueue(queue)
  await setTimeout(500)
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      ...{ 'x-queue-type': 'quorum', 'x-delivery-limit': 20 },
      ...{ 'x-dead-letter-exchange': 'ex.warren.dead-letter', 'x-dead-letter-routing-key': queue },
    },
  })
  await channel.bindQueue(queue, 'ex.order.topic', 'order.#')
  await channel.bindQueue(queue, 'ex.warren.direct', queue)
  proxy.restore()
  held.resolve(undefined)
  const queueMadeAnewAt: unknown = expect.any(String)
  expect(await causeOf(waiting)).toMatchObject({ cause: 'queue-recreated', evidence: { queueMadeAnewAt } })
  await eventually(() => received.has(inHand))
  await settled()
})

it('tells what missing events among others say, and what barriers and subscribers saw, when nobody looks', async () => {
  const { bus, store, subscribe, publish, channel, causeOf, settled, received } = await makePair(false)
  const patterns = ['order.payment.*', 'order.delivery.*'] as const
  const crm = await subscribe(patterns)
  await bus.start()
  const first = await publish()
  await eventually(() => received.has(first))
  await settled()

  await channel.unbindQueue(queue, 'ex.order.topic', 'order.payment.*')
  const unrouted: string[] = []
  for (let turn = 0; turn < 4; turn++) {
    unrouted.push(await publish(paid))
    await publish(delivered)
  }
  for (const id of unrouted)
    expect(await causeOf(id)).toMatchObject({
      cause: 'never-routed',
      evidence: { isCertain: false, brokerWatched: false },
    })
  await settled()

  await crm.stop()
  const all: string[] = []
  for (let event = 0; event < 8; event++) all.push(await publish(paid))
  const stolen = all.filter((_, event) => event % 2 === 0)
  const left = new Set(all)
  await eventually(async () => {
    const message = await channel.get(queue)
    if (message !== false && left.delete(String(message.properties.messageId)))
      if (stolen.includes(String(message.properties.messageId))) channel.ack(message)
    return left.size === 0
  })
  channel.nackAll()
  const again = await subscribe(patterns)
  for (const id of stolen) expect(await causeOf(id)).toMatchObject({ cause: 'removed', evidence: { isCertain: false } })
  await settled()

  await again.stop()
  const deleted = await publish()
  await eventually(async () => (await channel.checkQueue(queue)).messageCount > 0)
  await channel.deleteQueue(queue)
  await eventually(async () => (await store.reconciliation.observations.list({ isOpen: true })).length > 0)
  await subscribe(patterns)
  expect(await causeOf(deleted)).toMatchObject({ cause: 'queue-recreated', evidence: { queueWasGone: true } })
  await eventually(async () => (await store.reconciliation.observations.list({ isOpen: true })).length === 0)
})
