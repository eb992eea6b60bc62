import { describe, expect, it } from 'vitest'
import { eventually, freshDatabase, makeService, storeKinds } from '../support/service.ts'
import { rawChannel } from '../support/raw.ts'
import { quickly } from '../support/reconcile.ts'

const paid = 'order.payment.onPaid'

describe.each(storeKinds)('reconciliation with a %s store', (kind) => {
  it('proves what was received, and resends what a queue lost to that subscription alone', async () => {
    const { bus, store, endpoints } = await makeService({ kind, reconcile: quickly })
    const crm: string[] = []
    const loyalty: string[] = []
    await bus.subscribe('order.crm', ['order.#'], ({ id }) => void crm.push(id), { timeoutMs: 1_000 })
    // Its inbox would absorb a copy without a word.
    const copies: string[] = []
    bus.signals.received.on(({ subscription, kind: outcome, id }) => {
      if (subscription === 'order.loyalty' && outcome === 'duplicate') copies.push(id)
    })
    await bus.subscribe('order.loyalty', [paid], ({ id }) => void loyalty.push(id), { timeoutMs: 1_000 })
    await bus.start()
    const first = await bus.publish(paid, { orderId: '1' })
    const proofs = async () =>
      new Map((await store.reconciliation.proof.list()).map((each) => [each.subscription, each]))
    await eventually(async () => (await proofs()).size === 2)
    const { id } = await bus.publish(paid, { orderId: '2' })
    await eventually(async () =>
      [...(await proofs()).values()].every(
        ({ throughMs }) => throughMs > Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16),
      ),
    )
    expect(crm).toEqual([first.id, id])

    // A handler that holds its message keeps the next ones in the queue.
    const channel = await rawChannel(endpoints)
    await channel.unbindQueue('qu.order.crm', 'ex.order.topic', 'order.#')
    const lost = await bus.publish(paid, { orderId: '3' })
    await eventually(() => loyalty.includes(lost.id))
    await eventually(() => crm.includes(lost.id))
    await eventually(async () => (await proofs()).get('order.crm')?.counts.recovered === 1)
    const [missing] = await store.reconciliation.missing.list({})
    expect(missing).toMatchObject({
      subscription: 'order.crm',
      id: lost.id,
      name: paid,
      state: 'recovered',
    })
    expect(loyalty).toHaveLength(3)
    expect(copies).toEqual([])

    // Its binding was declared again.
    const next = await bus.publish(paid, { orderId: '4' })
    await eventually(() => crm.includes(next.id))
    expect(await store.reconciliation.missing.list({})).toHaveLength(1)
  })

  it('finds nothing missing while a subscriber is away, and shows its lag', async () => {
    const publisher = await makeService({ kind, reconcile: quickly })
    const database = await freshDatabase(kind)
    const make = () =>
      makeService({ service: 'crm', store: database.open(), endpoints: publisher.endpoints, reconcile: quickly })
    const crm = await make()
    await crm.bus.subscribe('order.crm', ['order.#'], () => undefined, { timeoutMs: 500 })
    await crm.bus.start()
    await publisher.bus.start()
    await publisher.bus.publish(paid, { orderId: '1' })
    const proof = async () => (await publisher.store.reconciliation.proof.list())[0]
    await eventually(async () => (await proof())?.answered != null)
    await crm.bus.stop()

    for (let order = 0; order < 50; order++) await publisher.bus.publish(paid, { orderId: String(order) })
    await eventually(async () => {
      const now = await publisher.store.reconciliation.nowMs()
      const since = (await proof())?.waitingSinceMs
      return since != null && now - since > 2_500
    })
    expect((await proof())?.counts).toMatchObject({ suspect: 0, missing: 0 })

    const again = await make()
    const handled: string[] = []
    await again.bus.subscribe('order.crm', ['order.#'], ({ id }) => void handled.push(id), { timeoutMs: 500 })
    await again.bus.start()
    await eventually(async () => (await proof())?.waitingSinceMs === null && handled.length === 50)
    expect(await publisher.store.reconciliation.missing.list({})).toEqual([])
  })
})
