import { expect, it } from 'vitest'
import { proofOf, timeOfId, untilAnswered, untilProven } from '../support/proofs.ts'
import { rawChannel } from '../support/raw.ts'
import { quickly } from '../support/reconcile.ts'
import { eventually, freshDatabase, makeService } from '../support/service.ts'

const paid = 'order.payment.onPaid'

it('waits with its answer for what another instance has in hand', async () => {
  const shop = await makeService({ kind: 'sqlite', reconcile: quickly })
  await shop.bus.start()
  const database = await freshDatabase('postgres')
  const { promise: released, resolve: release } = Promise.withResolvers<undefined>()
  const held: string[] = []
  const handled: string[] = []
  for (let n = 0; n < 2; n++) {
    const instance = await makeService({
      ...{ service: 'crm', store: database.open(), endpoints: shop.endpoints, reconcile: quickly },
    })
    const handler = async ({ id, data }: { id: string; data: { orderId: string } }) => {
      if (data.orderId === 'held') {
        held.push(id)
        await released
      }
      handled.push(id)
    }
    await instance.bus.subscribe('order.crm', ['order.#'], handler, { timeoutMs: 30_000 })
    await instance.bus.start()
  }
  const first = await shop.bus.publish(paid, { orderId: '1' })
  await untilAnswered(shop.store, 'order.crm')
  await untilProven(shop.store, 'order.crm', first.id)

  const { id } = await shop.bus.publish(paid, { orderId: 'held' })
  await eventually(() => held.length === 1)
  // Barriers are sent again while they wait, so that both instances come to have one.
  const { store } = shop
  const waits = async () => {
    const proof = await proofOf(store, 'order.crm')
    const nowMs = await store.reconciliation.nowMs()
    return proof?.waitingSinceMs != null && nowMs - proof.waitingSinceMs > 3_000
  }
  await eventually(waits)
  const proof = await proofOf(store, 'order.crm')
  expect(proof?.throughMs).toBeLessThanOrEqual(timeOfId(id))
  expect(await store.reconciliation.missing.list({})).toEqual([])
  release(undefined)
  await untilProven(store, 'order.crm', id)
  expect(handled.filter((each) => each === id)).toHaveLength(1)
  expect(await store.reconciliation.missing.list({})).toEqual([])
})

it('asks again for an answer that was lost', async () => {
  const shop = await makeService({ kind: 'sqlite', reconcile: quickly })
  await shop.bus.subscribe('order.crm', ['order.#'], () => undefined, { timeoutMs: 500 })
  await shop.bus.start()
  const first = await shop.bus.publish(paid, { orderId: '1' })
  await untilAnswered(shop.store, 'order.crm')
  await untilProven(shop.store, 'order.crm', first.id)
  const channel = await rawChannel(shop.endpoints)
  const queue = 'qu.warren.shop'
  await channel.checkQueue(queue)
  await channel.unbindQueue(queue, 'ex.warren.control', queue)
  const { id } = await shop.bus.publish(paid, { orderId: '2' })
  await eventually(async () => {
    const proof = await proofOf(shop.store, 'order.crm')
    return proof?.barrier != null && proof.waitingSinceMs != null && proof.barrier.sentMs > proof.waitingSinceMs
  })
  expect((await proofOf(shop.store, 'order.crm'))?.throughMs).toBeLessThanOrEqual(timeOfId(id))
  await channel.bindQueue(queue, 'ex.warren.control', queue)
  await untilProven(shop.store, 'order.crm', id)
  expect(await shop.store.reconciliation.missing.list({})).toEqual([])
})

it('proves an event that was committed after its minute had been compared', async () => {
  const shop = await makeService({ kind: 'postgres', reconcile: quickly })
  const handled: string[] = []
  await shop.bus.subscribe('order.crm', ['order.#'], ({ id }) => void handled.push(id), { timeoutMs: 500 })
  await shop.bus.start()
  const first = await shop.bus.publish(paid, { orderId: '1' })
  await untilAnswered(shop.store, 'order.crm')
  await untilProven(shop.store, 'order.crm', first.id)
  const late = await shop.bus.transaction(async (tx) => {
    const event = await shop.bus.publish(tx, paid, { orderId: 'late' })
    const next = await shop.bus.publish(paid, { orderId: '2' })
    await untilProven(shop.store, 'order.crm', next.id)
    // Lost on its way: the binding is gone until something is found to be missing.
    const channel = await rawChannel(shop.endpoints)
    await channel.assertQueue('takes-it-instead')
    await channel.bindQueue('takes-it-instead', 'ex.order.topic', '#')
    await channel.unbindQueue('qu.order.crm', 'ex.order.topic', 'order.#')
    return event
  })
  await eventually(() => handled.includes(late.id), 30_000)
  const [missing, ...more] = await eventually(async () => {
    const rows = await shop.store.reconciliation.missing.list({ states: ['recovered'] })
    return rows.length > 0 ? rows : undefined
  })
  expect(missing?.id).toBe(late.id)
  expect(more).toEqual([])
})
