import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import { startGraphileWorker } from './order-to-handled/graphile-worker.ts'
import { startPgBoss } from './order-to-handled/pg-boss.ts'
import { PRODUCERS } from './order-to-handled/system.ts'
import type { System } from './order-to-handled/system.ts'
import { startWarren } from './order-to-handled/warren.ts'
import { ratioRow } from './row.ts'
import type { Pair } from './statistics.ts'
import { collectGarbage } from './support/garbage.ts'
import { assertHandledOnce } from './support/handled-once.ts'
import { inParallel } from './support/in-parallel.ts'
import { EFFECTS_TABLE, newOrders, ORDERS_TABLE } from './support/orders.ts'

const WARM_UP = 300

/**
 * From an order to its effect in a handler, each exactly once, while orders keep coming: Warren (over the broker, which
 * runs on the same machine) beside two job queues that live in the database alone. Each in the set-up its documentation
 * recommends for speed, all with the same orders, the same number of connections that place them, one process, and
 * databases on the same server.
 *
 * The clock runs from the first order until the last effect.
 */
export const run: Bench = async (context) => {
  const { quick, broker, database, progress } = context
  const count = quick ? 3_000 : 12_000
  const vhost = await broker.createVhost()

  const measure = async (start: (url: string) => Promise<System>, orders: number): Promise<number> => {
    const url = await database.create('handled')
    await database.query(url, ORDERS_TABLE)
    await database.query(url, EFFECTS_TABLE)
    const system = await start(url)
    const data = newOrders(orders)
    await database.settle()
    collectGarbage()

    const allHandled: PromiseWithResolvers<void> = Promise.withResolvers()
    let handled = 0
    system.onHandled = (more) => {
      handled += more
      if (handled >= orders) allHandled.resolve()
    }
    const startedAtMs = performance.now()
    await inParallel(PRODUCERS, data, (order) => system.place(order))
    await allHandled.promise
    const seconds = (performance.now() - startedAtMs) / 1000
    await system.stop()
    await assertHandledOnce(database, url, orders)
    progress(`order → handled: ${system.name} ${Math.round(orders / seconds)} orders/s`)
    return orders / seconds
  }

  const peers = [
    { name: 'pg-boss', start: (url: string) => startPgBoss(url, 'throughput'), isBarred: true },
    { name: 'pg-boss with NOTIFY', start: (url: string) => startPgBoss(url, 'latency'), isBarred: false },
    { name: 'graphile-worker', start: startGraphileWorker, isBarred: true },
  ].map((peer) => ({ ...peer, pairs: [] as Pair[] }))
  const start = (url: string): Promise<System> => startWarren(url, vhost.amqpUrls)
  try {
    await measure(start, WARM_UP)
    for (const peer of peers) await measure(peer.start, WARM_UP)
    for (let round = 0; round < alternations(context); round++) {
      const warren = await measure(start, count)
      for (const peer of peers) peer.pairs.push({ warren, peer: await measure(peer.start, count) })
    }
  } finally {
    await broker.deleteVhost(vhost.name)
  }
  return peers.map(({ name, pairs, isBarred }) =>
    ratioRow(pairs, 'orders/s', {
      name: `order → handled once: Warren ÷ ${name}`,
      ...(isBarred ? { bar: { atLeast: 2 } } : {}),
    }),
  )
}
