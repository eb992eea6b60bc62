import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { ReconcileOptions } from '../../src/reconcile/settings.ts'
import { statusOf } from '../../src/reconcile/state.ts'
import type { Store } from '../../src/index.ts'
import { tapDirect } from '../support/direct-tap.ts'
import { proofOf, untilAnswered, untilProven } from '../support/proofs.ts'
import { rawChannel } from '../support/raw.ts'
import { quickly } from '../support/reconcile.ts'
import { eventually, freshDatabase, makeService } from '../support/service.ts'
import type { ShopBus } from '../support/service.ts'

/** 50,000 in `npm run test:torture`. */
const BACKLOG = Number(process.env['WARREN_TEST_BACKLOG'] ?? 5_000)
/** How long what is broken stays so: 5 minutes in `npm run test:torture`. */
const TROUBLE_MS = Number(process.env['WARREN_TEST_TROUBLE_MS'] ?? 20_000)
/** The defaults stand in the same proportion to 5 minutes. */
const shortened = TROUBLE_MS / 300_000
const PATIENCE_MS = 120_000 + 2 * TROUBLE_MS

const paid = 'order.payment.onPaid'
const queue = 'qu.order.crm'

const reconcile: ReconcileOptions = {
  ...quickly,
  barrierTimeoutMs: 60_000 * shortened,
  backoffMs: 10_000 * shortened,
  budget: { minPerSecond: 20 },
  breaker: { maxUnansweredMs: 120_000 * shortened },
}

it(
  'finds nothing missing in a long backlog of a stopped subscriber, and shows that it lags',
  async () => {
    const shop = await makeService({ kind: 'postgres', reconcile })
    await shop.bus.start()
    const database = await freshDatabase('postgres')
    const start = async (handler: (event: { readonly id: string }) => void) => {
      const store = database.open()
      const crm = await makeService({ service: 'crm', store, endpoints: shop.endpoints, reconcile })
      await crm.bus.subscribe('order.crm', ['order.#'], handler, { timeoutMs: 500 })
      await crm.bus.start()
      return crm.bus
    }
    const first = await start(() => undefined)
    await publish(shop.bus, 1)
    await untilAnswered(shop.store, 'order.crm')
    await first.stop()

    const tap = await tapDirect(shop.endpoints, queue)
    const expected = new Set<string>()
    for (let n = 0; n < BACKLOG; n += 500) for (const id of await publish(shop.bus, 500)) expected.add(id)
    // A barrier waits behind it all, for longer than any handler's deadline.
    await eventually(async () => {
      await seemsWhole(shop.store)
      if ((await shop.store.reconciliation.ledger.oldestUnsentMs()) !== null) return false
      const proof = await proofOf(shop.store, 'order.crm')
      return proof?.waitingSinceMs != null && (await shop.store.reconciliation.nowMs()) - proof.waitingSinceMs > 20_000
    }, PATIENCE_MS)
    // Silent, where it took more than a minute until here.
    expect(['lagging', 'silent']).toContain(await stateOf(shop.store))

    const handled: string[] = []
    await start(({ id }) => void handled.push(id))
    await eventually(async () => {
      await seemsWhole(shop.store)
      return handled.length >= BACKLOG
    }, PATIENCE_MS)
    const last = await publish(shop.bus, 1)
    await untilProven(shop.store, 'order.crm', last[0] ?? '')
    await eventually(() => handled.length > BACKLOG)
    expect(new Set(handled)).toEqual(expected.add(last[0] ?? ''))
    expect(handled).toHaveLength(BACKLOG + 1)
    expect(tap.resends()).toBe(0)
    expect(await shop.store.reconciliation.missing.list({})).toEqual([])
    expect(await stateOf(shop.store)).toBe('proven')
  },
  3 * PATIENCE_MS,
)

it(
  'resends nothing to a subscriber that is 100 times too slow',
  async () => {
    const shop = await makeService({ kind: 'postgres', reconcile })
    await shop.bus.start()
    const crm = await makeService({ service: 'crm', endpoints: shop.endpoints, reconcile })
    const perSecond = 20
    const slow = new AbortController()
    const handled: string[] = []
    const handler = async ({ id }: { readonly id: string }) => {
      await pause((100 / perSecond) * 1_000, undefined, { signal: slow.signal }).catch(() => undefined)
      handled.push(id)
    }
    const oneByOne = { concurrency: 1, batchSize: 1, prefetch: 10, timeoutMs: 30_000 }
    await crm.bus.subscribe('order.crm', ['order.#'], handler, oneByOne)
    await crm.bus.start()
    const tap = await tapDirect(shop.endpoints, queue)

    const published: string[] = []
    const endMs = performance.now() + TROUBLE_MS
    while (performance.now() < endMs) {
      published.push(...(await publish(shop.bus, perSecond / 2)))
      await seemsWhole(shop.store)
      await pause(500)
    }
    expect(handled.length).toBeLessThan(published.length / 50)
    expect((await proofOf(shop.store, 'order.crm'))?.waitingSinceMs).not.toBeNull()
    slow.abort()
    await eventually(() => handled.length >= published.length, PATIENCE_MS)
    await untilProven(shop.store, 'order.crm', published.at(-1) ?? '')
    expect(handled.toSorted()).toEqual(published.toSorted())
    expect(tap.resends()).toBe(0)
    expect(await shop.store.reconciliation.missing.list({})).toEqual([])
  },
  2 * PATIENCE_MS,
)

it(
  'opens the breaker when answers do not come, sends no storm, and goes on when they come again',
  async () => {
    const lostCount = 400
    const perSecond = 10
    const settings = { ...reconcile, budget: { minPerSecond: perSecond, share: 0 } }
    const shop = await makeService({ kind: 'postgres', reconcile: settings })
    await shop.bus.start()
    const database = await freshDatabase('sqlite')
    const start = async (handler: (event: { readonly id: string }) => void) => {
      const store = database.open()
      const crm = await makeService({ service: 'crm', store, endpoints: shop.endpoints, reconcile: settings })
      await crm.bus.subscribe('order.crm', ['order.#'], handler, { timeoutMs: 500 })
      await crm.bus.start()
      return crm.bus
    }
    const first = await start(() => undefined)
    // So many that what is lost is no reason for the breaker.
    const before = await publish(shop.bus, 5 * lostCount)
    await untilProven(shop.store, 'order.crm', before.at(-1) ?? '')
    await first.stop()
    const lost = await publish(shop.bus, lostCount)
    await eventually(async () => (await shop.store.reconciliation.ledger.oldestUnsentMs()) === null)
    const channel = await rawChannel(shop.endpoints)
    await channel.purgeQueue(queue)

    const tap = await tapDirect(shop.endpoints, queue)
    const handled: string[] = []
    await start(({ id }) => void handled.push(id))
    // A barrier that was purged with the events is asked again after barrierTimeoutMs.
    await eventually(() => tap.resends() > 0, PATIENCE_MS)
    const answers = ['qu.warren.shop', 'ex.warren.control', 'qu.warren.shop'] as const
    await channel.unbindQueue(...answers)
    const cutMs = performance.now()
    const barriersBefore = tap.barriers()

    const opened = await eventually(
      async () => (await proofOf(shop.store, 'order.crm'))?.breaker ?? undefined,
      TROUBLE_MS,
    )
    expect(opened.reason).toContain('no barrier was answered')
    // What was claimed a moment before is on its way.
    await pause(2_000)
    const resent = tap.resends()
    expect(resent).toBeLessThanOrEqual(perSecond * (5 + (performance.now() - cutMs) / 1_000 + 2))
    await pause(Math.max(0, TROUBLE_MS - (performance.now() - cutMs)))
    expect(tap.resends()).toBe(resent)
    // Ever longer pauses.
    expect(tap.barriers() - barriersBefore).toBeLessThanOrEqual(5)

    await channel.bindQueue(...answers)
    const recovered = async () => (await proofOf(shop.store, 'order.crm'))?.counts.recovered === lostCount
    await eventually(recovered, PATIENCE_MS)
    expect((await proofOf(shop.store, 'order.crm'))?.breaker).toBeNull()
    expect(handled.toSorted()).toEqual(lost.toSorted())
    const { missing } = shop.store.reconciliation
    expect((await missing.list({ limit: lostCount + 1 })).map(({ id }) => id).toSorted()).toEqual(lost.toSorted())
  },
  2 * PATIENCE_MS,
)

async function publish(bus: ShopBus, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  await bus.transaction(async (tx) => {
    for (let n = 0; n < count; n++) ids.push((await bus.publish(tx, paid, { orderId: String(n) })).id)
  })
  return ids
}

/** Throws as soon as anything seems missing. */
async function seemsWhole(store: Store): Promise<void> {
  const proof = await proofOf(store, 'order.crm')
  if (proof !== undefined) expect(proof.counts).toMatchObject({ suspect: 0, missing: 0, 'gave-up': 0, recovered: 0 })
}

async function stateOf({ reconciliation }: Store): Promise<string> {
  const [proof] = await reconciliation.proof.list('order.crm')
  const subscription = (await reconciliation.registry.list()).find(({ name }) => name === 'order.crm')
  if (proof === undefined || subscription === undefined) return 'unknown'
  return statusOf(subscription, proof, await reconciliation.nowMs()).state
}
