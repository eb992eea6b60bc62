import { createBus } from '@warren/bus'
import type { Sql } from '@warren/bus'
import { shop } from '../../catalog.ts'
import { subscriptions } from '../../subscriptions.ts'
import { assortment } from '../assortment.ts'
import { effectsTable, recordEffect } from '../effects.ts'
import type { Service, ServiceOptions } from '../service.ts'

const tables: readonly string[] = [
  `create table if not exists stock (product_id text primary key, quantity integer not null)`,
  `create table if not exists reservations (
    order_id text primary key,
    product_id text not null,
    quantity integer not null,
    state text not null check (state in ('reserved', 'released'))
  )`,
  `insert into stock (product_id, quantity) values
    ${assortment.map(({ productId }) => `('${productId}', 100000)`).join()} on conflict (product_id) do nothing`,
  effectsTable,
]

interface Line {
  readonly orderId: string
  readonly productId: string
  readonly quantity: number
}

/** Reserves what is paid and releases what is cancelled, of orders of every kind. */
export async function warehouseService({ store, endpoints, logger }: ServiceOptions): Promise<Service> {
  const bus = createBus({ service: 'warehouse', catalog: shop, store, endpoints, logger })
  const { name, patterns } = subscriptions.warehouse

  await bus.subscribe(name, patterns, async (event, { tx }) => {
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
  })

  return { bus, http: null, tables }
}

/** Nothing to reserve when the order was released before: events come in no promised order. */
async function reserve(tx: Sql, { orderId, productId, quantity }: Line): Promise<void> {
  const { rows } = await tx.query(
    `insert into reservations (order_id, product_id, quantity, state) values ($1, $2, $3, 'reserved')
     on conflict (order_id) do nothing returning order_id`,
    [orderId, productId, quantity],
  )
  if (rows.length > 0) await addToStock(tx, productId, -quantity)
}

async function release(tx: Sql, { orderId, productId, quantity }: Line): Promise<void> {
  const { rows } = await tx.query(
    `update reservations set state = 'released' where order_id = $1 and state = 'reserved' returning order_id`,
    [orderId],
  )
  if (rows.length > 0) {
    await addToStock(tx, productId, quantity)
    return
  }
  await tx.query(
    `insert into reservations (order_id, product_id, quantity, state) values ($1, $2, $3, 'released')
     on conflict (order_id) do nothing`,
    [orderId, productId, quantity],
  )
}

async function addToStock(tx: Sql, productId: string, quantity: number): Promise<void> {
  await tx.query('update stock set quantity = quantity + $2 where product_id = $1', [productId, quantity])
}
