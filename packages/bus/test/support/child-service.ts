import { createBus, jsonLogger } from '../../src/index.ts'
import type { Store } from '../../src/index.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { ChildOptions } from './child.ts'
import { shop } from './shop.ts'

/**
 * A service in a process of its own, for tests that kill it. Prints `ready`, then one line per handled event. Dies without a
 * word in the handler of an order called "poison". Publishes payments with the note "live" at a steady rate, if asked to.
 */
const { endpoints, database, subscribes, reconcile, livePerSecond } = JSON.parse(process.argv[2] ?? '') as ChildOptions
const store: Store = database.startsWith('postgres')
  ? postgresStore({ connectionString: database })
  : sqliteStore({ path: database })
const bus = createBus({
  service: 'shop',
  catalog: shop,
  store,
  endpoints,
  logger: jsonLogger('warn'),
  ...(reconcile === undefined ? {} : { reconcile, relay: { leaseMs: reconcile.leaseMs ?? 6_000 } }),
})
if (subscribes) {
  await bus.subscribe('order.crm', ['order.#'], async (event) => {
    if (event.data.orderId === 'poison') process.kill(process.pid, 'SIGKILL')
    if (event.data.orderId === 'slow') await new Promise((resolve) => setTimeout(resolve, 300))
    process.stdout.write(`handled ${event.data.orderId}\n`)
  })
}
bus.stopOnSignals()
// Ends with the test, also when the test is killed.
process.stdin.on('end', () => process.exit(0)).resume()
await bus.start()
process.stdout.write('ready\n')
if (livePerSecond !== undefined) {
  let order = 0
  // What is lost with a database that is away was not published.
  const publish = () =>
    bus.publish('order.payment.onPaid', { orderId: String(order++), note: 'live' }).catch(() => null)
  setInterval(() => void publish(), 1_000 / livePerSecond)
}
