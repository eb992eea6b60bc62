import { describe, expect, it } from 'vitest'
import type { Backfill, Store } from '../src/index.ts'
import type { BackfillRequest } from '../src/store/contract/backfill.ts'
import { rawChannel } from './support/raw.ts'
import { quickly } from './support/reconcile.ts'
import { eventually, freshDatabase, makeService, storeKinds } from './support/service.ts'
import type { ShopBus } from './support/service.ts'

const paid = 'order.payment.onPaid'
const created = 'order.creation.onCreated'

describe.each(storeKinds)('backfill with a %s store', (kind) => {
  it('sends what a subscription asks for to it alone, oldest first, and what it has had is not handled again', async () => {
    const { bus, store } = await makeService({ kind, reconcile: quickly })
    const crm: string[] = []
    const loyalty: string[] = []
    await bus.subscribe('order.crm', ['order.#'], ({ id }) => void crm.push(id))
    await bus.start()
    const before = await publish(bus, 20)
    await eventually(() => crm.length === 20)

    await bus.subscribe('order.loyalty', [paid], ({ id }) => void loyalty.push(id), { batchSize: 1, concurrency: 1 })
    const [live] = await publish(bus, 1)
    await eventually(() => loyalty.includes(live!))
    await isRegistered(store, 'order.loyalty')
    const backfill = await request(store, { patterns: ['order.payment.*'] })
    const ended = await isOver(store, backfill)
    expect(ended).toMatchObject({ state: 'done', total: 11, sent: 11, error: null, cursor: live })
    await eventually(() => loyalty.length === 11)
    expect(loyalty).toEqual([live, ...before.filter((_, index) => index % 2 === 0)])
    expect(crm).toHaveLength(21)
    expect(await store.reconciliation.missing.ghosts({})).toEqual([])
  })

  it('goes on behind the cursor when the service was stopped', async () => {
    const database = await freshDatabase(kind)
    const first = await makeService({
      kind,
      store: database.open(),
      reconcile: { ...quickly, backfill: { perSecond: 40 } },
    })
    const { endpoints } = first
    const subscriber = await makeService({ service: 'loyalty', kind, endpoints, reconcile: quickly })
    await first.bus.start()
    await sink(endpoints)
    await publish(first.bus, 200, paid)
    await isSent(first.store)
    const handled: string[] = []
    await subscriber.bus.subscribe('order.loyalty', [paid], ({ id }) => void handled.push(id))
    await subscriber.bus.start()
    await isRegistered(first.store, 'order.loyalty')

    // A copy of every resend.
    const channel = await rawChannel(endpoints)
    await channel.assertQueue('tap', { arguments: { 'x-queue-type': 'quorum' } })
    await channel.bindQueue('tap', 'ex.warren.direct', 'qu.order.loyalty')
    const resent = async () => {
      const copies: string[] = []
      for (let copy = await channel.get('tap'); copy !== false; copy = await channel.get('tap')) {
        if (copy.properties.type === paid) copies.push(String(copy.properties.messageId))
      }
      return copies
    }
    const backfill = await request(first.store, { patterns: [paid] })
    await eventually(async () => ((await first.store.reconciliation.backfill.find(backfill.id))?.sent ?? 0) >= 80)
    await first.bus.stop()
    const before = await resent()
    expect(before.length).toBeLessThan(200)

    const second = await makeService({ kind, store: database.open(), endpoints, reconcile: quickly })
    await second.bus.start()
    const ended = await isOver(second.store, backfill)
    const after = await resent()
    expect(ended).toMatchObject({ state: 'done', total: 200, sent: 200 })
    await eventually(() => handled.length === 200)
    expect(new Set(handled).size).toBe(200)
    // What was confirmed before stop() is not sent again.
    expect(before.length + after.length).toBe(200)
  })

  it('sends a new subscription what was published since a time, once', async () => {
    const publisher = await makeService({ kind, reconcile: quickly })
    await publisher.bus.start()
    await sink(publisher.endpoints)
    const before = await publish(publisher.bus, 20, paid)
    await isSent(publisher.store)
    const database = await freshDatabase(kind)
    const handled: string[] = []
    const make = async () => {
      const { bus } = await makeService({
        service: 'loyalty',
        store: database.open(),
        endpoints: publisher.endpoints,
        reconcile: quickly,
      })
      await bus.subscribe('order.loyalty', ['order.payment.*'], ({ id }) => void handled.push(id), { since: 60_000 })
      await bus.start()
      return bus
    }
    const loyalty = await make()
    await eventually(() => handled.length === 20)
    expect(new Set(handled)).toEqual(new Set(before))
    await loyalty.stop()
    const again = await make()
    const [next] = await publish(publisher.bus, 1, paid)
    await eventually(() => handled.includes(next!))
    await again.stop()
    expect(handled).toHaveLength(21)
    const backfills = await publisher.store.reconciliation.backfill.list()
    expect(backfills).toMatchObject([
      { subscription: 'order.loyalty', state: 'done', requestedBy: 'loyalty', total: 20, sent: 20 },
    ])
  })
})

/** Without any queue an event would stay unroutable, and go out live as soon as there is one. */
async function sink(endpoints: readonly string[]): Promise<void> {
  const channel = await rawChannel(endpoints)
  await channel.assertQueue('sink', { arguments: { 'x-queue-type': 'quorum' } })
  await channel.assertExchange('ex.order.topic', 'topic', { durable: true })
  await channel.bindQueue('sink', 'ex.order.topic', '#')
}

async function isSent(store: Store): Promise<void> {
  const { ledger } = store.reconciliation
  await eventually(async () => (await ledger.isUsed()) && (await ledger.oldestUnsentMs()) === null)
}

/** Of two names in turn, unless one is given. */
async function publish(bus: ShopBus, count: number, name?: typeof paid): Promise<readonly string[]> {
  return bus.transaction(async (tx) => {
    const ids: string[] = []
    for (let order = 0; order < count; order++) {
      const { id } = await bus.publish(tx, name ?? (order % 2 === 0 ? paid : created), { orderId: String(order) })
      ids.push(id)
    }
    return ids
  })
}

async function isRegistered(store: Store, subscription: string): Promise<void> {
  await eventually(async () => (await store.reconciliation.registry.list()).some(({ name }) => name === subscription))
}

async function request(store: Store, changes: Partial<BackfillRequest>): Promise<Backfill> {
  return store.reconciliation.backfill.request({
    subscription: 'order.loyalty',
    patterns: [paid],
    range: { fromMs: 0, toMs: await store.reconciliation.nowMs() },
    rate: null,
    requestedBy: 'ann',
    counted: null,
    ...changes,
  })
}

async function isOver(store: Store, { id }: Backfill): Promise<Backfill> {
  return eventually(async () => {
    const now = await store.reconciliation.backfill.find(id)
    return now !== null && now.state !== 'running' && now
  })
}
