import { beforeAll, describe, expect, it } from 'vitest'
import { sharedCluster } from '../../../test/support/broker.ts'
import type { SubscriptionOptions } from '../src/index.ts'
import type { Logger } from '../src/logger.ts'
import { statusOf } from '../src/reconcile/state.ts'
import { proofOf, untilAnswered, untilProven } from './support/proofs.ts'
import { rawChannel } from './support/raw.ts'
import { quickly } from './support/reconcile.ts'
import { eventually as within, freshDatabase, makeService, storeKinds } from './support/service.ts'
import type { ShopBus, StoreKind } from './support/service.ts'

const paid = 'order.payment.onPaid'
const crm = 'order.crm'
/** Many steps, each of which takes its time where the machine has other work. */
const eventually: typeof within = (check) => within(check, 60_000)

/** A publisher, and the service of `order.crm`, which can be started again on the same store. */
async function makeShop(kind: StoreKind) {
  const lines: string[] = []
  const write = (_fields: object, text: string): void => void lines.push(text)
  const logger: Logger = { debug: () => undefined, info: write, warn: write, error: write }
  const reconcile = { ...quickly, breaker: { maxUnansweredMs: 1_000 } }
  const shop = await makeService({ reconcile, logger })
  await shop.bus.start()
  const channel = await rawChannel(shop.endpoints)
  const database = await freshDatabase(kind)
  const handled: string[] = []
  const broken = new Set<string>()
  let gate: Promise<void> = Promise.resolve()
  const start = async (options: SubscriptionOptions = {}) => {
    const store = database.open()
    const { bus } = await makeService({ service: 'crm', store, endpoints: shop.endpoints, reconcile: quickly })
    const retry = { attempts: 10_000, delayMs: 20, factor: 1, immediate: 0 }
    await bus.subscribe(
      crm,
      ['order.#'],
      async ({ id }) => {
        if (broken.has(id)) throw new Error('broken')
        await gate
        handled.push(id)
      },
      { timeoutMs: 10_000, retry, ...options },
    )
    await bus.start()
    return { bus, store }
  }
  return {
    ...{ shop, handled, broken, lines, channel, start },
    hold: (until: Promise<void>) => {
      gate = until
    },
    queue: () => channel.checkQueue('qu.order.crm'),
    status: async () => {
      const { registry, nowMs } = { registry: shop.store.reconciliation.registry, nowMs: Date.now() }
      const known = (await registry.list()).find(({ name }) => name === crm)
      const proof = await proofOf(shop.store, crm)
      return known === undefined || proof === undefined ? undefined : statusOf(known, proof, nowMs)
    },
  }
}

async function publish(bus: ShopBus, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.push((await bus.publish(paid, { orderId: String(n) })).id)
  return ids
}

// Its start is not the first test's.
beforeAll(async () => {
  await sharedCluster()
})

describe.each(storeKinds)('a subscription that is paused, with a %s store', (kind) => {
  it('handles nothing, also after a restart, is no alarm, and handles each event once when it is resumed', async () => {
    const { shop, handled, broken, lines, start, queue, status } = await makeShop(kind)
    const first = await start()
    const [before, bad] = await publish(shop.bus, 2)
    broken.add(bad!)
    await eventually(() => handled.includes(before!))
    await untilAnswered(shop.store, crm)
    await eventually(async () => ((await first.store.failures.list({}))[0]?.attempts ?? 0) > 2)

    expect(await first.store.subscriptions.pause(crm, 'ann')).toMatchObject({ isChanged: true, pause: { by: 'ann' } })
    await eventually(async () => (await queue()).consumerCount === 0)
    await eventually(async () => (await status())?.state === 'paused')
    const told = lines.length
    const waiting = await publish(shop.bus, 20)
    await eventually(async () => (await queue()).messageCount >= 20)
    // Longer than what opens the breaker, while retries would be due all the time.
    await eventually(async () => {
      const since = (await proofOf(shop.store, crm))?.waitingSinceMs
      return since != null && Date.now() - since > 2_500
    })
    const [failure] = await first.store.failures.list({})
    expect(lines.slice(told).filter((line) => /breaker|missing/.test(line))).toEqual([])
    expect(await status()).toMatchObject({ state: 'paused', missing: 0, problems: [] })

    await first.bus.stop()
    const startedMs = Date.now()
    const second = await start()
    const after = await publish(shop.bus, 5)
    await eventually(async () => (await queue()).messageCount >= 25)
    const heardMs = async () => (await shop.store.reconciliation.registry.list())[0]?.lastSeenMs ?? 0
    await eventually(async () => (await heardMs()) > startedMs + 500)
    expect((await queue()).consumerCount).toBe(0)
    expect((await second.store.failures.list({}))[0]).toMatchObject({
      attempts: failure!.attempts,
      dueAt: failure!.dueAt,
    })
    expect(await status()).toMatchObject({ state: 'paused', problems: [] })
    expect(handled).toEqual(handled.slice(0, 2).filter((id) => id === before || id === bad))

    broken.clear()
    expect(await second.store.subscriptions.resume(crm, 'bob')).toEqual({ pause: null, isChanged: true })
    const all = [before!, bad!, ...waiting, ...after]
    await eventually(() => handled.length >= all.length)
    await untilProven(shop.store, crm, after.at(-1)!)
    expect(handled.toSorted()).toEqual(all.toSorted())
    await eventually(async () => (await status())?.state === 'proven')
    expect(lines.filter((line) => line.includes('missing:'))).toEqual([])
    const log = await second.store.actions.list({ subscription: crm })
    expect(log.map(({ actor, action }) => [actor, action])).toEqual([
      ['bob', 'resume'],
      ['ann', 'pause'],
    ])
  })
})

it('lets a handler that runs finish, and gives the rest back to the queue', async () => {
  const { shop, handled, start, queue, hold, status } = await makeShop('postgres')
  const gate = Promise.withResolvers<undefined>()
  hold(gate.promise)
  const { store } = await start({ concurrency: 1, batchSize: 1 })
  const ids = await publish(shop.bus, 10)
  await eventually(async () => (await status())?.state !== undefined)
  await eventually(async () => (await queue()).messageCount === 0)
  await store.subscriptions.pause(crm, 'ann')
  await eventually(async () => (await queue()).messageCount >= 9)
  // Its publisher knows already.
  await eventually(async () => (await status())?.state === 'paused')
  expect(handled).toEqual([])
  gate.resolve(undefined)
  await eventually(() => handled.length === 1)
  await store.subscriptions.resume(crm, 'ann')
  await untilProven(shop.store, crm, ids.at(-1)!)
  expect(handled.toSorted()).toEqual([...ids].toSorted())
})

it('has its queue stand while nobody consumes', async () => {
  const { shop, handled, start, queue, channel } = await makeShop('sqlite')
  const { store } = await start()
  const [first] = await publish(shop.bus, 1)
  await untilAnswered(shop.store, crm)
  await store.subscriptions.pause(crm, 'ann')
  await eventually(async () => (await queue()).consumerCount === 0)
  await channel.deleteQueue('qu.order.crm')
  const known = async () => (await shop.store.reconciliation.registry.list())[0]
  await eventually(async () => (await known())?.queueCreatedMs !== null)
  const [second] = await publish(shop.bus, 1)
  await eventually(async () => (await queue()).messageCount >= 1)
  await store.subscriptions.resume(crm, 'ann')
  await eventually(() => handled.includes(second!))
  expect(handled).toEqual([first, second])
})
