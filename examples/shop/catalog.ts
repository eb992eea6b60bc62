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
    'creation.onCreated': {
      schema: z.object(orderFields),
      description: 'A customer has ordered; nothing is paid yet.',
    },
    'payment.onPaid': { schema: z.object(orderFields), description: 'The money has arrived: it may be delivered.' },
    'delivery.onDelivered': {
      schema: z.object({ ...orderFields, trackingCode: z.string() }),
      description: 'The parcel is with the customer.',
    },
    'cancellation.onCancelled': {
      schema: z.object({
        ...orderFields,
        refundCents: z.int().nonnegative().meta({ description: '0 when the order was not yet paid' }),
        reason: z.string(),
      }),
      description: 'It will not be delivered, and what was paid goes back.',
    },
  },
})

/** Something the shop sells. `revision` grows by one with each change, so that a subscriber can tell old from new. */
export const product = entity('product', {
  identity: 'productId',
  events: {
    'price.onChanged': {
      schema: z.object({
        productId: z.string(),
        revision: z.int().positive(),
        priceCents: z.int().nonnegative(),
      }),
      description: 'It costs something else from now on.',
    },
    'attributes.onChanged': {
      schema: z.object({
        productId: z.string(),
        revision: z.int().positive(),
        name: z.string(),
        color: z.string(),
      }),
      description: 'What the shop says of it has changed.',
    },
  },
})

export const shop = catalog(order, product)
