import { createBus } from '@warren/bus'
import type { Sql } from '@warren/bus'
import { shop } from '../../catalog.ts'
import { handling, subscriptions } from '../../subscriptions.ts'
import { effectsTable, recordEffect } from '../effects.ts'
import type { Service, ServiceOptions } from '../service.ts'
import { making } from '../tables.ts'

const tables: readonly string[] = [
  // What came in and went out; the sum is what is there. A counter for each product would be a row that every transaction
  // updates: batches of messages that run at once would lock such rows in different orders, and deadlock.
  `create table if not exists movements (product_id text not null, order_id text, quantity integer not null)`,
  `create table if not exists reservations (
    order_id text primary key,
    product_id text not null,
    quantity integer not null,
    state text not null check (state in ('reserved', 'released'))
  )`,
  effectsTable,
]

interface Line {
  readonly orderId: string
  readonly productId: string
  readonly quantity: number
}

/** Reserves what is paid and releases what is cancelled, of orders of every kind. */
export async function warehouseService(options: ServiceOptions): Promise<Service> {
  const bus = createBus({ ...options, service: 'warehouse', catalog: shop, prepare: making(...tables) })
  const { name, patterns } = subscriptions.warehouse

  await bus.subscribe(
    name,
    patterns,
    async (event, { tx }) => {
      switch (event.name) {
        case 'order.payment.onPaid':
        case 'order.viporder.payment.onPaid':
          await reserve(tx, event.data)
          break
        case 'order.cancellation.onCancelled':
        case 'order.viporder.cancellation.onCancelled':
          await release(tx, event.data)
      }
      await recordEffect(tx, event)
    },
    handling,
  )

  return { bus, http: null }
}

/** Nothing to reserve when the order was released before: events come in no promised order. */
async function reserve(tx: Sql, line: Line): Promise<void> {
  const { rows } = await tx.query(
    `insert into reservations (order_id, product_id, quantity, state) values ($1, $2, $3, 'reserved')
     on conflict (order_id) do nothing returning order_id`,
    [line.orderId, line.productId, line.quantity],
  )
  if (rows.length > 0) await move(tx, line, -line.quantity)
}

async function release(tx: Sql, line: Line): Promise<void> {
  const { rows } = await tx.query(
    `update reservations set state = 'released' where order_id = $1 and state = 'reserved' returning order_id`,
    [line.orderId],
  )
  if (rows.length > 0) {
    await move(tx, line, line.quantity)
    return
  }
  await tx.query(
    `insert into reservations (order_id, product_id, quantity, state) values ($1, $2, $3, 'released')
     on conflict (order_id) do nothing`,
    [line.orderId, line.productId, line.quantity],
  )
}

async function move(tx: Sql, { orderId, productId }: Line, quantity: number): Promise<void> {
  await tx.query('insert into movements (product_id, order_id, quantity) values ($1, $2, $3)', [
    productId,
    orderId,
    quantity,
  ])
}
