import { expect, it } from 'vitest'
import { startChild } from '../support/child.ts'
import { untilAnswered, untilProven } from '../support/proofs.ts'
import { quickly } from '../support/reconcile.ts'
import { freshDatabase, makeService } from '../support/service.ts'

const paid = 'order.payment.onPaid'

it('goes on with another instance of the publisher when the one that asks is killed', async () => {
  const database = await freshDatabase('postgres')
  const crm = await makeService({ service: 'crm', reconcile: quickly })
  await crm.bus.subscribe('order.crm', ['order.#'], () => undefined, { timeoutMs: 500 })
  await crm.bus.start()
  const leader = startChild({
    ...{ endpoints: crm.endpoints, database: database.url, subscribes: false, reconcile: quickly },
    livePerSecond: 10,
  })
  await leader.printed('ready')
  const other = await makeService({ store: database.open(), endpoints: crm.endpoints, reconcile: quickly })
  await other.store.start()
  await untilAnswered(other.store, 'order.crm')
  await other.bus.start()
  leader.process.kill('SIGKILL')
  await leader.exited
  const { id } = await other.bus.publish(paid, { orderId: 'after' })
  await untilProven(other.store, 'order.crm', id)
  expect(await other.store.reconciliation.missing.list({})).toEqual([])
})
