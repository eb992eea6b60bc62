import type { Sql } from '@warren/bus'
import { z } from 'zod'
import type { ShopBus } from '../service.ts'

export const ordersTable = `
  create table if not exists orders (
    id text primary key,
    customer_id text not null,
    kind text not null check (kind in ('normal', 'vip')),
    product_id text not null,
    quantity integer not null,
    total_cents integer not null,
    status text not null default 'created' check (status in ('created', 'paid', 'delivered', 'cancelled')),
    created_at timestamp not null default current_timestamp,
    paid_at timestamp,
    delivered_at timestamp,
    cancelled_at timestamp
  )`

export const newOrder = z.object({
  customerId: z.string().min(1),
  kind: z.enum(['normal', 'vip']),
  productId: z.string().min(1),
  quantity: z.int().positive(),
  unitPriceCents: z.int().nonnegative(),
})
export type NewOrder = z.infer<typeof newOrder>

interface OrderRow {
  readonly id: string
  readonly customer_id: string
  readonly kind: 'normal' | 'vip'
  readonly product_id: string
  readonly quantity: number
  readonly total_cents: number
  readonly status: 'created' | 'paid' | 'delivered' | 'cancelled'
}

/** `done` also when an earlier request has done it: a client that got no answer asks again. */
export type Answer = 'done' | 'unknown order' | 'not possible'

/**
 * What can happen to an order. Each change of a row and the event that tells of it share one transaction, and each
 * change happens once however often it is asked for: an order by the id that the client gives it, the rest by the
 * status that it starts from.
 */
export class Orders {
  readonly #bus: ShopBus

  constructor(bus: ShopBus) {
    this.#bus = bus
  }

  async create(id: string, input: NewOrder): Promise<Answer> {
    await this.#bus.transaction(async (tx) => {
      const { rows } = await tx.query<OrderRow>(
        `insert into orders (id, customer_id, kind, product_id, quantity, total_cents) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do nothing returning *`,
        [id, input.customerId, input.kind, input.productId, input.quantity, input.quantity * input.unitPriceCents],
      )
      const [order] = rows
      if (order !== undefined) await this.#bus.publish(tx, `${scopeOf(order)}.creation.onCreated`, fieldsOf(order))
    })
    return 'done'
  }

  async pay(id: string): Promise<Answer> {
    return await this.#bus.transaction(async (tx) => {
      const { rows } = await tx.query<OrderRow>(
        `update orders set status = 'paid', paid_at = current_timestamp where id = $1 and status = 'created' returning *`,
        [id],
      )
      const [order] = rows
      if (order === undefined) return await whetherDone(tx, id, 'paid_at')
      await this.#bus.publish(tx, `${scopeOf(order)}.payment.onPaid`, fieldsOf(order))
      return 'done'
    })
  }

  async deliver(id: string, trackingCode: string): Promise<Answer> {
    return await this.#bus.transaction(async (tx) => {
      const { rows } = await tx.query<OrderRow>(
        `update orders set status = 'delivered', delivered_at = current_timestamp where id = $1 and status = 'paid'
         returning *`,
        [id],
      )
      const [order] = rows
      if (order === undefined) return await whetherDone(tx, id, 'delivered_at')
      await this.#bus.publish(tx, `${scopeOf(order)}.delivery.onDelivered`, { ...fieldsOf(order), trackingCode })
      return 'done'
    })
  }

  async cancel(id: string, reason: string): Promise<Answer> {
    return await this.#bus.transaction(async (tx) => {
      const { rows } = await tx.query<OrderRow & { readonly refund_cents: number }>(
        `update orders set status = 'cancelled', cancelled_at = current_timestamp
         where id = $1 and status in ('created', 'paid')
         returning *, case when paid_at is null then 0 else total_cents end as refund_cents`,
        [id],
      )
      const [order] = rows
      if (order === undefined) return await whetherDone(tx, id, 'cancelled_at')
      const data = { ...fieldsOf(order), refundCents: order.refund_cents, reason }
      await this.#bus.publish(tx, `${scopeOf(order)}.cancellation.onCancelled`, data)
      return 'done'
    })
  }
}

function scopeOf(order: OrderRow): 'order' | 'order.viporder' {
  return order.kind === 'vip' ? 'order.viporder' : 'order'
}

function fieldsOf(order: OrderRow): {
  orderId: string
  customerId: string
  productId: string
  quantity: number
  totalCents: number
} {
  return {
    orderId: order.id,
    customerId: order.customer_id,
    productId: order.product_id,
    quantity: order.quantity,
    totalCents: order.total_cents,
  }
}

async function whetherDone(tx: Sql, id: string, when: 'paid_at' | 'delivered_at' | 'cancelled_at'): Promise<Answer> {
  const { rows } = await tx.query('select * from orders where id = $1', [id])
  const [order] = rows
  if (order === undefined) return 'unknown order'
  return order[when] === null ? 'not possible' : 'done'
}
