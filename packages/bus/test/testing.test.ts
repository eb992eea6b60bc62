import { expect, it } from 'vitest'
import { waitForSettled } from '../src/testing/index.ts'
import { makeService } from './support/service.ts'

it('waits for a message like the one asked for, and says what came instead', async () => {
  const { bus } = await makeService()
  await bus.subscribe('order.crm', ['order.#'], () => undefined)
  await bus.start()
  const handled = waitForSettled(bus, { name: 'order.payment.onPaid', kind: 'handled' })
  const never = waitForSettled(bus, { kind: 'failed' }, 1_000)
  const { id } = await bus.publish('order.payment.onPaid', { orderId: '1' })
  expect(await handled).toMatchObject({ id, subscription: 'order.crm' })
  await expect(never).rejects.toThrow('order.crm order.payment.onPaid handled')
})
