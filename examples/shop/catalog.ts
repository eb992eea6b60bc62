import { catalog, entity } from '@warren/bus'
import { z } from 'zod'

/** What every event about an order tells, so that no subscriber has to ask the order service back. */
const orderFields = {
  orderId: z.string(),
  customerId: z.string(),
  productId: z.string(),
  quantity: z.int().positive(),
  totalCents: z.int().nonnegative(),
}

/** An order of a customer. VIP orders have a scope of their own: `order.viporder.payment.onPaid`. */
export const order = entity('order', {
  identity: 'orderId',
  scopes: ['viporder'],
  events: {
    'creation.onCreated': z.object(orderFields),
    'payment.onPaid': z.object(orderFields),
    'delivery.onDelivered': z.object({ ...orderFields, trackingCode: z.string() }),
    'cancellation.onCancelled': z.object({
      ...orderFields,
      /** 0 when the order was not yet paid. */
      refundCents: z.int().nonnegative(),
      reason: z.string(),
    }),
  },
})

/** Something the shop sells. `revision` grows by one with each change, so that a subscriber can tell old from new. */
export const product = entity('product', {
  identity: 'productId',
  events: {
    'price.onChanged': z.object({
      productId: z.string(),
      revision: z.int().positive(),
      priceCents: z.int().nonnegative(),
    }),
    'attributes.onChanged': z.object({
      productId: z.string(),
      revision: z.int().positive(),
      name: z.string(),
      color: z.string(),
    }),
  },
})

export const shop = catalog(order, product)
