import { describe, expect, it } from 'vitest'
import { readDeliveries, readMessage } from '../../src/operate/index.ts'
import type { CompensationMode } from '../../src/index.ts'
import { watch } from '../store/conformance/watches.ts'
import { proofOf, untilAnswered, untilProven } from '../support/proofs.ts'
import { rawChannel } from '../support/raw.ts'
import { quickly } from '../support/reconcile.ts'
import { eventually, freshDatabase, makeService, storeKinds } from '../support/service.ts'

const paid = 'order.payment.onPaid'
const created = 'order.creation.onCreated'

describe.each(storeKinds)('a watch in a %s store', (kind) => {
  /** A publisher whose subscription has lost a payment and another event. */
  async function losing(compensation: CompensationMode, compensated: 'auto' | 'off') {
    const shop = await makeService({ kind, reconcile: { ...quickly, compensation } })
    await shop.bus.start()
    const subscribers = await freshDatabase('sqlite')
    const handled: string[] = []
    const start = async () => {
      const { bus } = await makeService({
        ...{ service: 'crm', store: subscribers.open(), endpoints: shop.endpoints, reconcile: quickly },
      })
      await bus.subscribe('order.crm', ['order.#'], ({ id }) => void handled.push(id), { timeoutMs: 500 })
      await bus.start()
      return bus
    }
    const first = await start()
    const kept = await shop.bus.publish(paid, { orderId: 'kept' })
    await untilProven(shop.store, 'order.crm', kept.id)
    await first.stop()
    await shop.store.watches.save(watch({ compensation: compensated }), 'ann')
    const watched = await shop.bus.publish(paid, { orderId: 'watched' })
    const other = await shop.bus.publish(created, { orderId: 'other' })
    await eventually(async () => (await shop.store.reconciliation.ledger.oldestUnsentMs()) === null)
    await (await rawChannel(shop.endpoints)).purgeQueue('qu.order.crm')
    await start()
    const missed = async (id: string) => {
      const stores = [{ label: 'shop', store: shop.store }]
      const [delivery] = await readDeliveries(stores, await readMessage(stores, id))
      return delivery?.missed
    }
    const recovered = (count: number) =>
      eventually(async () => (await proofOf(shop.store, 'order.crm'))?.counts.recovered === count, 40_000)
    return { store: shop.store, handled, watched: watched.id, other: other.id, missed, recovered }
  }

  it('holds back what it is about until it is removed, and nothing else', async () => {
    const { store, handled, watched, other, missed, recovered } = await losing('auto', 'off')
    await recovered(1)
    await untilAnswered(store, 'order.crm')
    expect(handled).toContain(other)
    expect(handled).not.toContain(watched)
    expect(await missed(watched)).toMatchObject({ state: 'missing', resends: 0, heldBy: 'Black Friday' })
    await store.watches.remove('Black Friday', 'ann')
    await recovered(2)
    expect(handled).toContain(watched)
    expect(await missed(watched)).toMatchObject({ state: 'recovered', heldBy: null })
  })

  it('does not hold back what a person asks for', async () => {
    const { store, handled, watched, recovered } = await losing('auto', 'off')
    await recovered(1)
    expect(await store.reconciliation.missing.retry({ id: watched }, 'ann')).toBe(1)
    await recovered(2)
    expect(handled).toContain(watched)
  })

  it('has resent what it is about where the service resends nothing by itself', async () => {
    const { store, handled, watched, other, recovered } = await losing('report', 'auto')
    await recovered(1)
    await untilAnswered(store, 'order.crm')
    expect(handled).toContain(watched)
    expect(handled).not.toContain(other)
  })
})
