import { brokerNames, catalog, entity } from '@warren/bus'
import { randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'

/** The catalog of the benchmarks: one event, with a schema as a team would write it. */
export const orders = catalog(
  entity('order', {
    identity: 'orderId',
    events: {
      'creation.onCreated': z.object({
        orderId: z.string(),
        customer: z.string(),
        amount: z.number().positive(),
        note: z.string(),
      }),
    },
  }),
)

export const ORDER_CREATED = 'order.creation.onCreated'

export interface Order {
  readonly orderId: string
  readonly customer: string
  readonly amount: number
  readonly note: string
}

const BODY_BYTES = 1024

/** An order whose JSON has 1 KiB. */
export function newOrder(): Order {
  const order = { orderId: randomUUID(), customer: randomUUID(), amount: 12.5, note: '' }
  const missing = BODY_BYTES - JSON.stringify(order).length
  return {
    ...order,
    note: randomBytes(Math.ceil(missing / 2))
      .toString('hex')
      .slice(0, missing),
  }
}

export function newOrders(count: number): readonly Order[] {
  return Array.from({ length: count }, newOrder)
}

export const names = brokerNames()
export const orderExchange = names.eventExchange('order')

export const ORDERS_TABLE = `create table orders (id text primary key, customer text not null, amount numeric not null, note text not null)`
/** Without a unique constraint: an order that is handled twice shows. */
export const EFFECTS_TABLE = `create table effects (order_id text not null)`
export const INSERT_ORDER = `insert into orders (id, customer, amount, note) values ($1, $2, $3, $4)`
export const INSERT_EFFECT = `insert into effects (order_id) values ($1)`

export function orderValues({ orderId, customer, amount, note }: Order): unknown[] {
  return [orderId, customer, amount, note]
}
