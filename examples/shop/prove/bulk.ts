import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { assortment } from '../services/assortment.ts'
import type { ShopBus } from '../services/service.ts'

/** Every third order is a VIP's. */
const VIP_EVERY = 3

export const bulk = z.object({
  /** The number of the first order. */
  first: z.int().nonnegative(),
  count: z.int().positive(),
  kind: z.enum(['any', 'vip']),
  facts: z.enum(['created', 'paid', 'delivered']),
})
export type Bulk = z.infer<typeof bulk>

/** Takes many orders in one transaction, each with all that has happened to it by now: a row and an event for each fact. */
export function listenForBulk(http: FastifyInstance, bus: ShopBus): void {
  http.post('/bulk', async ({ body }) => {
    const { first, count, kind, facts } = bulk.parse(body)
    await bus.transaction(async (tx) => {
      for (let number = first; number < first + count; number++) {
        const product = assortment[number % assortment.length]
        if (product === undefined) throw new Error('the shop sells nothing')
        const fields = {
          orderId: `prove-${number}`,
          customerId: `customer-${number % 500}`,
          productId: product.productId,
          quantity: 1,
          totalCents: product.priceCents,
        }
        const isVip = kind === 'vip' || number % VIP_EVERY === 0
        const scope = isVip ? 'order.viporder' : 'order'
        const { orderId, customerId, productId, quantity, totalCents } = fields
        await tx.query(
          `insert into orders (id, customer_id, kind, product_id, quantity, total_cents, status, paid_at, delivered_at)
           values ($1, $2, $3, $4, $5, $6, $7, ${facts === 'created' ? 'null' : 'current_timestamp'},
             ${facts === 'delivered' ? 'current_timestamp' : 'null'})`,
          [orderId, customerId, isVip ? 'vip' : 'normal', productId, quantity, totalCents, facts],
        )
        await bus.publish(tx, `${scope}.creation.onCreated`, fields)
        if (facts !== 'created') await bus.publish(tx, `${scope}.payment.onPaid`, fields)
        if (facts === 'delivered') {
          await bus.publish(tx, `${scope}.delivery.onDelivered`, { ...fields, trackingCode: `T${number}` })
        }
      }
    })
    return { outcome: 'done' }
  })
}
