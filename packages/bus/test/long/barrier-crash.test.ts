import { expect, it } from 'vitest'
import { startChild } from '../support/child.ts'
import { tapDirect } from '../support/direct-tap.ts'
import { proofOf, untilAnswered, untilProven } from '../support/proofs.ts'
import { quickly } from '../support/reconcile.ts'
import { eventually, freshDatabase, makeService } from '../support/service.ts'

const paid = 'order.payment.onPaid'

it('calls nothing missing when a subscriber dies again and again before it answers', async () => {
  const database = await freshDatabase('postgres')
  const shop = await makeService({ store: database.open(), reconcile: quickly })
  const options = { endpoints: shop.endpoints, database: database.url, subscribes: true, reconcile: quickly }
  let child = startChild(options)
  await child.printed('ready')
  await shop.bus.start()
  const first = await shop.bus.publish(paid, { orderId: 'first' })
  await untilAnswered(shop.store, 'order.crm')
  await untilProven(shop.store, 'order.crm', first.id)
  const tap = await tapDirect(shop.endpoints, 'qu.order.crm')

  let deaths = 0
  const over = new AbortController()
  const reviving = (async () => {
    for (;;) {
      await child.exited
      if (over.signal.aborted) return
      deaths += 1
      child = startChild(options)
    }
  })()
  // Until it is parked, barriers come back to the queue with it, or wait behind it; then for a minute for instances that left no word.
  await shop.bus.publish(paid, { orderId: 'poison' })
  for (let n = 0; n < 20; n++) await shop.bus.publish(paid, { orderId: String(n) })
  const last = await shop.bus.publish(paid, { orderId: 'last' })
  await eventually(async () => (await proofOf(shop.store, 'order.crm'))?.parked === 1, 120_000)
  await untilProven(shop.store, 'order.crm', last.id)
  over.abort()
  child.process.kill('SIGKILL')
  await reviving
  expect(deaths).toBeGreaterThanOrEqual(2)
  expect(tap.barriers()).toBeGreaterThan(0)
  expect(tap.resends()).toBe(0)
  expect(await shop.store.reconciliation.missing.list({})).toEqual([])
}, 200_000)
