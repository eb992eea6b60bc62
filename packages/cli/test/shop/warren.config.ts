import { catalog, entity } from '@warren/bus'
import { defineConfig } from 'warren'
import { z } from 'zod'

const order = entity('order', {
  identity: 'orderId',
  scopes: ['viporder'],
  events: {
    'payment.onPaid': { schema: z.object({ orderId: z.string() }), description: 'the money has arrived' },
    'delivery.onDelivered': z.object({ orderId: z.string() }),
  },
})

const product = entity('product', {
  identity: 'sku',
  events: { 'price.onChanged': { schema: z.object({ sku: z.string() }), optional: true } },
})

export default defineConfig({
  service: 'orders',
  catalog: catalog(order, product),
  subscriptions: { 'order.crm': ['order.#'], 'order.mail': ['#.payment.*'] },
  stores: { orders: process.env['ORDERS_STORE'], crm: process.env['CRM_STORE'] },
  endpoints: [process.env['WARREN_ENDPOINTS']],
})
