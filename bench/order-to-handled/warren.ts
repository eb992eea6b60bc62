import { createBus } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import { INSERT_EFFECT, INSERT_ORDER, ORDER_CREATED, orders, orderValues } from '../support/orders.ts'
import { PRODUCERS } from './system.ts'
import type { System } from './system.ts'

/** Defaults throughout; only the pool is larger, by as many connections as place orders. */
export async function startWarren(connectionString: string, endpoints: readonly string[]): Promise<System> {
  const store = postgresStore({ connectionString, maxConnections: PRODUCERS + 10 })
  const bus = createBus({ service: 'bench', catalog: orders, store, endpoints })
  const system: System = {
    name: 'Warren',
    place: (order) =>
      bus.transaction(async (tx) => {
        await tx.query(INSERT_ORDER, orderValues(order))
        await bus.publish(tx, ORDER_CREATED, order)
      }),
    onHandled: () => undefined,
    stop: () => bus.stop(),
  }
  bus.signals.received.on(({ kind }) => {
    if (kind === 'handled') system.onHandled(1)
  })
  await bus.subscribe('bench', ['order.#'], async (event, { tx }) => {
    await tx.query(INSERT_EFFECT, [event.data.orderId])
  })
  await bus.start()
  return system
}
