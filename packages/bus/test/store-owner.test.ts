import { describe, expect, it, onTestFinished } from 'vitest'
import { createBus } from '../src/index.ts'
import { testVhost } from '../../../test/support/broker.ts'
import { shop } from './support/shop.ts'
import { eventually, freshDatabase, storeKinds } from './support/service.ts'
import type { ShopBus } from './support/service.ts'

describe.each(storeKinds)('a %s store', (kind) => {
  it('serves the instances of one service, and refuses another service by name', async () => {
    const database = await freshDatabase(kind)
    const { amqpUrls: endpoints } = await testVhost()
    const bus = (service: string): ShopBus => {
      const made = createBus({ service, catalog: shop, store: database.open(), endpoints })
      onTestFinished(() => made.stop())
      return made
    }
    const orders = bus('orders')
    await orders.start()
    await bus('orders').start()
    const crm = bus('crm')
    await expect(crm.start()).rejects.toMatchObject({
      code: 'STORE_SHARED',
      details: { owner: 'orders', service: 'crm' },
    })
    await expect(crm.publish('order.payment.onPaid', { orderId: '1' })).rejects.toMatchObject({ code: 'BUS_STOPPED' })

    // The one that was there goes on.
    const { id } = await orders.publish('order.audit.onViewed', { orderId: '1' })
    const store = database.open()
    await store.start()
    onTestFinished(() => store.stop())
    await eventually(async () => (await store.messages.trace(id)).sent?.state === 'sent')

    // As a minute after the last instance has ended.
    await orders.stop()
    await store.leases.release('service', ['store'], 'orders')
    await bus('crm').start()
  })
})
