import { z } from 'zod'
import { catalog, entity } from '../../src/index.ts'

const orderData = z.object({ orderId: z.string(), amount: z.number().default(0), note: z.string().optional() })

export const order = entity('order', {
  identity: 'orderId',
  scopes: ['viporder'],
  events: {
    'creation.onCreated': orderData,
    'payment.onPaid': orderData,
    'delivery.onDelivered': orderData,
    'audit.onViewed': { schema: orderData, optional: true },
  },
})

export const product = entity('product', {
  identity: 'sku',
  events: { 'price.onChanged': z.object({ sku: z.string(), price: z.number().positive() }) },
})

/** The catalog of the bus's own tests. */
export const shop = catalog(order, product)
