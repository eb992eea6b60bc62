import { describe, expect, it, onTestFinished } from 'vitest'
import { privatePostgres, testDatabase } from '../../../test/support/postgres.ts'
import { startProxy } from '../../../test/support/proxy.ts'
import { postgresStore } from '../src/store/postgres/index.ts'
import { rawChannel } from './support/raw.ts'
import { eventually, freshDatabase, makeService } from './support/service.ts'

const paid = 'order.payment.onPaid'

describe('a database that goes away', () => {
  it('stops consuming, counts nothing, and goes on by itself when it is back', async () => {
    const server = await privatePostgres()
    onTestFinished(() => server.down())
    const url = await server.createDatabase('shop')
    const { bus, store, endpoints } = await makeService({
      store: postgresStore({ connectionString: url }),
      relay: false,
    })
    const publisher = await makeService({ endpoints })
    let calls = 0
    await bus.subscribe(
      'order.crm',
      ['order.#'],
      async (event, { tx }) => {
        calls++
        await tx.query('insert into effects (id) values ($1)', [event.id])
      },
      { retry: { attempts: 1 } },
    )
    await bus.start()
    await bus.transaction((tx) => tx.query('create table effects (id text not null)'))
    await publisher.bus.start()
    const publish = (): Promise<{ id: string }> => publisher.bus.publish(paid, { orderId: '1' })
    await publish()
    await eventually(() => calls === 1)

    await server.stop('immediate')
    await Promise.all(Array.from({ length: 50 }, publish))
    await eventually(async () => (await publisher.store.outbox.backlog()).pending === 0)
    await server.start()

    const count = async (): Promise<number> => {
      const { rows } = await store.query<{ count: string }>('select count(*) as count from effects')
      return Number(rows[0]?.count)
    }
    await eventually(async () => (await count()) === 51, 40_000)
    // One attempt is all there is: had the outage counted as one, every message would be parked.
    expect(await store.failures.list({})).toEqual([])
  })
})

describe('a database that goes away under a message that came back', () => {
  it('does not count as a crash of its handler', async () => {
    const database = await freshDatabase('postgres')
    const first = await makeService({ store: database.open() })
    await first.bus.subscribe('order.crm', ['order.#'], () => undefined)
    await first.bus.start()
    await first.bus.stop()
    const { endpoints } = first
    const publisher = await makeService({ endpoints })
    await publisher.bus.start()
    const { id } = await publisher.bus.publish(paid, { orderId: '1' })
    const channel = await rawChannel(endpoints)
    const message = await eventually(async () => (await channel.get('qu.order.crm')) || undefined)
    channel.reject(message, true)

    const { bus, store } = await makeService({ endpoints, store: database.open(), relay: false })
    let starts = 0
    await bus.subscribe(
      'order.crm',
      ['order.#'],
      async (_event, { tx }) => {
        starts++
        if (starts <= 4) await tx.query('select pg_terminate_backend(pg_backend_pid())')
      },
      { maxStarts: 2 },
    )
    await bus.start()
    await eventually(async () => (await store.messages.trace(id)).received[0]?.status === 'handled')
    expect(starts).toBe(5)
    expect(await store.failures.list({})).toEqual([])
  })
})

describe('a connection that is lost during COMMIT', () => {
  it('is asked after: what was committed is reported so', async () => {
    const { proxy, bus, store } = await serviceBehindProxy()
    const result = bus.transaction(async (tx) => {
      const event = await bus.publish(tx, paid, { orderId: '1' })
      // The COMMIT arrives and its answer does not.
      proxy.freeze('toClient')
      setTimeout(() => {
        proxy.cut()
        proxy.restore()
      }, 300)
      return event
    })
    const { id } = await result
    expect((await store.messages.trace(id)).sent).toMatchObject({ id })
  })

  it('is asked after: what was rolled back is reported so, and leaves nothing', async () => {
    const { proxy, bus, store } = await serviceBehindProxy()
    const result = bus.transaction(async (tx) => {
      await bus.publish(tx, paid, { orderId: '1' })
      // The COMMIT never arrives.
      proxy.freeze('toServer')
      setTimeout(() => {
        proxy.cut()
        proxy.restore()
      }, 300)
    })
    await expect(result).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('nothing was written') as string,
    })
    expect(await store.messages.sent({})).toEqual([])
  })

  async function serviceBehindProxy(): Promise<
    { proxy: Awaited<ReturnType<typeof startProxy>> } & Awaited<ReturnType<typeof makeService>>
  > {
    const { url } = await testDatabase()
    const proxy = await startProxy({ port: Number(new URL(url).port) })
    onTestFinished(() => proxy.close())
    // Without a relay, whose own queries would be cut as well.
    const service = await makeService({ store: postgresStore({ connectionString: proxy.through(url) }), relay: false })
    await service.bus.start()
    return { proxy, ...service }
  }
})
