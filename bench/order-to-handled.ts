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
import type { Order } from './support/orders.ts'
import { within } from './support/within.ts'

const WARM_UP = 300
const TIMEOUT_MS = 180_000

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
  const count = quick ? 2_000 : 10_000
  const vhost = await broker.createVhost()

  const measure = async (start: (url: string) => Promise<System>, orders: number): Promise<number> => {
    const url = await database.create('handled')
    await database.query(url, ORDERS_TABLE)
    await database.query(url, EFFECTS_TABLE)
    const data = newOrders(orders)
    const system = await start(url)
    let rate: number
    try {
      await database.settle()
      collectGarbage()
      rate = await rateOf(system, data)
    } finally {
      await system.stop()
    }
    await assertHandledOnce(database, url, orders)
    progress(`order → handled: ${system.name} ${Math.round(rate)} orders/s`)
    return rate
  }

  const peers = [
    { name: 'pg-boss', start: (url: string) => startPgBoss(url, 'throughput'), isBarred: true },
    { name: 'pg-boss with NOTIFY', start: (url: string) => startPgBoss(url, 'latency'), isBarred: false },
    { name: 'graphile-worker', start: startGraphileWorker, isBarred: true },
  ]
    .filter(({ isBarred }) => isBarred || !quick)
    .map((peer) => ({ ...peer, pairs: [] as Pair[] }))
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

/** Orders in a second, from the first that is placed until the last is handled. */
async function rateOf(system: System, data: readonly Order[]): Promise<number> {
  const allHandled: PromiseWithResolvers<void> = Promise.withResolvers()
  let handled = 0
  system.onHandled = (more) => {
    handled += more
    if (handled >= data.length) allHandled.resolve()
  }
  const startedAtMs = performance.now()
  await inParallel(PRODUCERS, data, (order) => system.place(order))
  await within(`${system.name} handles every order`, allHandled.promise, TIMEOUT_MS)
  return (data.length * 1000) / (performance.now() - startedAtMs)
}
