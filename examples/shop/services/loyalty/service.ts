import { createBus } from '@warren/bus'
import type { SubscribedEvent } from '@warren/bus'
import { shop } from '../../catalog.ts'
import { handling, subscriptions } from '../../subscriptions.ts'
import { effectsTable, recordEffect } from '../effects.ts'
import type { Service, ServiceOptions } from '../service.ts'
import { making } from '../tables.ts'

const pointsTable = `
  create table if not exists points (
    customer_id text not null,
    order_id text not null,
    reason text not null,
    points integer not null
  )`

/** Keeps the points of VIP customers; a balance is the sum of its entries, in whatever order they came. */
export async function loyaltyService(options: ServiceOptions): Promise<Service> {
  const bus = createBus({ ...options, service: 'loyalty', catalog: shop, prepare: making(pointsTable, effectsTable) })
  const { name, patterns } = subscriptions.loyalty

  await bus.subscribe(
    name,
    patterns,
    async (event, { tx }) => {
      await tx.query('insert into points (customer_id, order_id, reason, points) values ($1, $2, $3, $4)', [
        event.data.customerId,
        event.data.orderId,
        event.name,
        pointsOf(event),
      ])
      await recordEffect(tx, event)
    },
    handling,
  )

  return { bus, http: null }
}

/** A point for each euro paid, 50 for each parcel received. */
function pointsOf(event: SubscribedEvent<typeof shop, typeof subscriptions.loyalty.patterns>): number {
  switch (event.name) {
    case 'order.viporder.creation.onCreated':
      return 0
    case 'order.viporder.payment.onPaid':
      return Math.floor(event.data.totalCents / 100)
    case 'order.viporder.delivery.onDelivered':
      return 50
    case 'order.viporder.cancellation.onCancelled':
      return -Math.floor(event.data.refundCents / 100)
  }
}
