import { createBus } from '@warren/bus'
import type { Bus, Sql } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import pg from 'pg'
import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import { ratioRow } from './row.ts'
import type { Row } from './row.ts'
import { alternate } from './statistics.ts'
import { collectGarbage } from './support/garbage.ts'
import { inParallel } from './support/in-parallel.ts'
import { INSERT_ORDER, names, newOrders, ORDER_CREATED, orders, ORDERS_TABLE, orderValues } from './support/orders.ts'
import type { Order } from './support/orders.ts'
import { connectRaw, declareOrders } from './support/raw.ts'

const CONNECTIONS = 16

/**
 * What an event costs the transaction that publishes it: order and event, beside the order alone. Both write the same
 * orders with 16 connections that are never idle. The peer is a `pg` pool with BEGIN, INSERT, COMMIT.
 *
 * The relay is off, because this is about the write path. For information (not in the short form) once more with it on,
 * when the relay's reads and deletes, and the broker, share the machine with the writers.
 */
export const run: Bench = async (context) => {
  const { quick, broker, database, progress } = context
  const count = quick ? 4_000 : 16_000
  const connectionString = await database.create('write')
  const pool = new pg.Pool({ connectionString, max: CONNECTIONS })
  await pool.query(ORDERS_TABLE)

  const vhost = await broker.createVhost()
  const raw = await connectRaw(vhost.amqpUrls[0] ?? '')
  const open = async (relay: boolean): Promise<Bus<typeof orders, Sql>> => {
    const store = postgresStore({ connectionString, maxConnections: CONNECTIONS + (relay ? 4 : 0) })
    const bus = createBus({ service: 'bench', catalog: orders, store, endpoints: vhost.amqpUrls, relay })
    await bus.start()
    return bus
  }
  const settle = async (): Promise<void> => {
    await database.settle()
    collectGarbage()
  }

  const alone = async (data: readonly Order[]): Promise<number> => {
    await settle()
    return inParallel(CONNECTIONS, data, async (order) => {
      const client = await pool.connect()
      await client.query('BEGIN')
      await client.query(INSERT_ORDER, orderValues(order))
      await client.query('COMMIT')
      client.release()
    })
  }
  const withEvent = async (bus: Bus<typeof orders, Sql>, data: readonly Order[]): Promise<number> => {
    await settle()
    return inParallel(CONNECTIONS, data, (order) =>
      bus.transaction(async (tx) => {
        await tx.query(INSERT_ORDER, orderValues(order))
        await bus.publish(tx, ORDER_CREATED, order)
      }),
    )
  }
  const measure = async (bus: Bus<typeof orders, Sql>, label: string, times: number) => {
    await withEvent(bus, newOrders(500))
    await alone(newOrders(500))
    return alternate(
      times,
      async (round) => {
        const rate = await withEvent(bus, newOrders(count))
        progress(`write path, ${label}: round ${round + 1}, order and event ${Math.round(rate)}/s`)
        return rate
      },
      async (round) => {
        const rate = await alone(newOrders(count))
        progress(`write path, ${label}: round ${round + 1}, order alone ${Math.round(rate)}/s`)
        return rate
      },
    )
  }

  try {
    const rows: Row[] = []
    const silent = await open(false)
    const name = 'order + event in one transaction ÷ order alone'
    rows.push(
      ratioRow(await measure(silent, 'relay off', alternations(context)), 'tx/s', { name, bar: { atLeast: 0.8 } }),
    )
    await silent.stop()

    if (quick) return rows
    await declareOrders(raw, names.subscriptionQueue('bench'))
    const relaying = await open(true)
    rows.push(
      ratioRow(await measure(relaying, 'relay on', 1), 'tx/s', {
        name: `${name}, with the relay at work`,
        note: 'one alternation',
      }),
    )
    await relaying.stop()
    return rows
  } finally {
    await pool.end()
    await raw.close()
    await broker.deleteVhost(vhost.name)
  }
}
