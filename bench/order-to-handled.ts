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

  const systems = [(url: string) => startWarren(url, vhost.amqpUrls), startPgBoss, startGraphileWorker] as const
  const pgBoss: Pair[] = []
  const graphileWorker: Pair[] = []
  try {
    for (const start of systems) await measure(start, 300)
    for (let round = 0; round < alternations(context); round++) {
      const [warren, boss, worker] = [
        await measure(systems[0], count),
        await measure(systems[1], count),
        await measure(systems[2], count),
      ]
      pgBoss.push({ warren, peer: boss })
      graphileWorker.push({ warren, peer: worker })
    }
  } finally {
    await broker.deleteVhost(vhost.name)
  }
  const bar = { atLeast: 2 }
  return [
    ratioRow(pgBoss, 'orders/s', { name: 'order → handled once: Warren ÷ pg-boss', bar }),
    ratioRow(graphileWorker, 'orders/s', { name: 'order → handled once: Warren ÷ graphile-worker', bar }),
  ]
}
