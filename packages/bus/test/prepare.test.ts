import { describe, expect, it } from 'vitest'
import { createBus } from '../src/index.ts'
import { gate } from './store/fixtures.ts'
import { shop } from './support/shop.ts'
import { eventually, freshDatabase, makeService, storeKinds } from './support/service.ts'

const paid = 'order.payment.onPaid'

describe.each(storeKinds)('what a service prepares in a %s store', (kind) => {
  it('is there before the first message is handled', async () => {
    const publisher = await makeService()
    await publisher.bus.start()
    const database = await freshDatabase(kind)
    const subscriber = async () => {
      const { bus, store } = await makeService({
        store: database.open(),
        endpoints: publisher.endpoints,
        prepare: (given) =>
          given.transaction((tx) => tx.query('create table if not exists effects (id text not null)')),
      })
      await bus.subscribe(
        'order.crm',
        ['order.#'],
        async (event, { tx }) => {
          await tx.query('insert into effects (id) values ($1)', [event.id])
        },
        { retry: { attempts: 1 } },
      )
      return { bus, store }
    }
    // The queue has to be there for the backlog; the table goes, as if this were the first start.
    const first = await subscriber()
    await first.bus.start()
    await first.bus.transaction((tx) => tx.query('drop table effects'))
    await first.bus.stop()
    const sent = await Promise.all(Array.from({ length: 20 }, () => publisher.bus.publish(paid, { orderId: '1' })))
    await eventually(async () => (await publisher.store.outbox.backlog()).pending === 0)

    const second = await subscriber()
    await second.bus.start()
    await eventually(async () => (await second.store.query('select id from effects')).rows.length === sent.length)
    expect(await second.store.failures.list({})).toEqual([])
  })

  it('makes start() fail with what it throws, and nothing runs then', async () => {
    const { bus, store } = await makeService({ kind, prepare: () => Promise.reject(new Error('no such extension')) })
    await bus.subscribe('order.crm', ['order.#'], () => undefined)
    await expect(bus.start()).rejects.toThrow('no such extension')
    await expect(bus.publish(paid, { orderId: '1' })).rejects.toMatchObject({ code: 'BUS_STOPPED' })
    await expect(store.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('starts nothing more when the bus is stopped meanwhile', async () => {
    const [begun, finish] = [gate(), gate()]
    const prepare = async (): Promise<void> => {
      begun.open()
      await finish.opened
    }
    const { bus } = await makeService({ kind, prepare })
    const started = bus.start()
    await begun.opened
    await bus.stop()
    finish.open()
    await expect(started).rejects.toMatchObject({ code: 'BUS_STOPPED' })
  })
})

it('needs a store to prepare', () => {
  const prepare = (): Promise<void> => Promise.resolve()
  expect(() => createBus({ service: 'shop', catalog: shop, endpoints: ['amqp://localhost'], prepare })).toThrow('store')
})
