import { createBus } from '@warren/bus'
import type { SubscribedEvent } from '@warren/bus'
import { shop } from '../../catalog.ts'
import { handling, subscriptions } from '../../subscriptions.ts'
import { effectsTable, recordEffect } from '../effects.ts'
import type { Service, ServiceOptions } from '../service.ts'
import { making } from '../tables.ts'

const timelineTable = `
  create table if not exists timeline (
    customer_id text not null,
    at timestamp not null,
    order_id text not null,
    entry text not null
  )`

/** Keeps what a customer has lived through with us: every event of every order, VIP or not. */
export async function crmService(options: ServiceOptions): Promise<Service> {
  const bus = createBus({ ...options, service: 'crm', catalog: shop, prepare: making(timelineTable, effectsTable) })
  const { name, patterns } = subscriptions.crm

  await bus.subscribe(
    name,
    patterns,
    async (event, { tx }) => {
      await tx.query('insert into timeline (customer_id, at, order_id, entry) values ($1, $2, $3, $4)', [
        event.data.customerId,
        event.time,
        event.data.orderId,
        entryOf(event),
      ])
      await recordEffect(tx, event)
    },
    handling,
  )

  return { bus, http: null }
}

type OrderEvent = SubscribedEvent<typeof shop, typeof subscriptions.crm.patterns>

function entryOf(event: OrderEvent): string {
  switch (event.name) {
    case 'order.creation.onCreated':
    case 'order.viporder.creation.onCreated':
      return `ordered ${event.data.quantity} × ${event.data.productId}`
    case 'order.payment.onPaid':
    case 'order.viporder.payment.onPaid':
      return `paid ${euros(event.data.totalCents)}`
    case 'order.delivery.onDelivered':
    case 'order.viporder.delivery.onDelivered':
      return `received ${event.data.trackingCode}`
    case 'order.cancellation.onCancelled':
    case 'order.viporder.cancellation.onCancelled':
      return `cancelled (${event.data.reason}), ${euros(event.data.refundCents)} back`
  }
}

function euros(cents: number): string {
  return `€ ${(cents / 100).toFixed(2)}`
}
