import { describe, expect, it } from 'vitest'
import { startChild } from './support/child.ts'
import { eventually, freshDatabase, makeService, storeKinds } from './support/service.ts'

const paid = 'order.payment.onPaid'

describe.each(storeKinds)('processes that die, with a %s store', (kind) => {
  it('parks a message that takes the process down, and handles its neighbours', async () => {
    const database = await freshDatabase(kind)
    const { bus, store, endpoints } = await makeService({ store: database.open() })
    await bus.start()
    const child = (): ReturnType<typeof startChild> =>
      startChild({ endpoints, database: database.url, subscribes: true })

    const first = child()
    await first.printed('ready')
    await bus.transaction(async (tx) => {
      for (const orderId of ['a', 'b', 'poison', 'c', 'd']) await bus.publish(tx, paid, { orderId })
    })
    expect((await first.exited).signal).toBe('SIGKILL')

    let deaths = 1
    const handled = new Set<string>()
    await eventually(async () => {
      const next = child()
      await Promise.race([
        next.exited.then(({ signal }) => (deaths += signal === 'SIGKILL' ? 1 : 0)),
        eventually(async () => (await store.failures.list({})).length === 1),
      ])
      for (const line of next.lines) handled.add(line)
      if ((await store.failures.list({})).length === 0) return false
      await eventually(async () => (await store.messages.received({ status: 'handled' })).length === 4)
      next.process.kill('SIGTERM')
      await next.exited
      return true
    }, 60_000)
    expect(await store.failures.list({})).toMatchObject([
      { state: 'parked', entityId: 'poison', error: { code: 'HANDLER_CRASHED' } },
    ])
    const [parked] = await store.failures.list({})
    const attempts = await store.failures.attempts(parked?.messageId ?? '')
    expect(attempts.map(({ attempt, endedAt, error }) => [attempt, endedAt !== null, error?.code])).toEqual([
      ...Array.from({ length: parked?.attempts ?? 0 }, (_, n) => [n + 1, false, undefined]),
      [parked?.attempts, true, 'HANDLER_CRASHED'],
    ])
    // In a batch when it came, where no start is counted, in one when it came again, and twice alone.
    expect(deaths).toBeLessThanOrEqual(4)
    expect(await store.messages.received({ status: 'handled' })).toHaveLength(4)
  })

  it('takes over from a relay that was killed, within 10 s', async () => {
    const database = await freshDatabase(kind)
    const subscriber = await makeService({ store: database.open(), relay: false })
    const received = new Set<string>()
    await subscriber.bus.subscribe('order.crm', ['order.#'], (event) => void received.add(event.id))
    await subscriber.bus.start()
    const { endpoints } = subscriber
    const relay = startChild({ endpoints, database: database.url, subscribes: false })
    await relay.printed('ready')
    const first = await subscriber.bus.publish(paid, { orderId: '1' })
    await eventually(() => received.has(first.id))

    const successor = startChild({ endpoints, database: database.url, subscribes: false })
    await successor.printed('ready')
    relay.process.kill('SIGKILL')
    const published = new Set<string>()
    for (let number = 0; number < 40; number++)
      published.add((await subscriber.bus.publish(paid, { orderId: String(number) })).id)
    await eventually(() => published.difference(received).size === 0, 10_000)
  })

  it('ends on SIGTERM when what runs is finished, with its acknowledgement', async () => {
    const database = await freshDatabase(kind)
    const { bus, store, endpoints } = await makeService({ store: database.open() })
    await bus.start()
    const child = startChild({ endpoints, database: database.url, subscribes: true })
    await child.printed('ready')
    const { id } = await bus.publish(paid, { orderId: 'slow' })
    await eventually(async () => (await store.messages.trace(id)).sent?.state === 'sent')
    child.process.kill('SIGTERM')
    expect((await child.exited).signal).toBe('SIGTERM')

    // Either it had begun, then it was finished, or it is still in the queue: nothing in between.
    const isHandled = child.lines.includes('handled slow')
    expect((await store.messages.trace(id)).received.map(({ status }) => status)).toEqual(isHandled ? ['handled'] : [])
    const next = startChild({ endpoints, database: database.url, subscribes: true })
    await eventually(async () => (await store.messages.trace(id)).received[0]?.status === 'handled')
    expect(next.lines.includes('handled slow')).toBe(!isHandled)
  })
})
