import { createBus } from '@warren/bus'
import { shop } from '../../catalog.ts'
import { handling, subscriptions } from '../../subscriptions.ts'
import { effectsTable, recordEffect } from '../effects.ts'
import type { Service, ServiceOptions } from '../service.ts'
import { making } from '../tables.ts'

const documentsTable = `
  create table if not exists documents (
    product_id text primary key,
    name text,
    color text,
    attributes_revision integer not null default 0,
    price_cents integer,
    price_revision integer not null default 0
  )`

/** Keeps one document for each product, as new as the newest change that has come: an older one changes nothing. */
export async function searchService(options: ServiceOptions): Promise<Service> {
  const bus = createBus({ ...options, service: 'search', catalog: shop, prepare: making(documentsTable, effectsTable) })
  const { name, patterns } = subscriptions.search

  await bus.subscribe(
    name,
    patterns,
    async (event, { tx }) => {
      await tx.query('insert into documents (product_id) values ($1) on conflict (product_id) do nothing', [
        event.data.productId,
      ])
      if (event.name === 'product.price.onChanged') {
        await tx.query(
          `update documents set price_cents = $2, price_revision = $3 where product_id = $1 and price_revision < $3`,
          [event.data.productId, event.data.priceCents, event.data.revision],
        )
      } else {
        await tx.query(
          `update documents set name = $2, color = $3, attributes_revision = $4
         where product_id = $1 and attributes_revision < $4`,
          [event.data.productId, event.data.name, event.data.color, event.data.revision],
        )
      }
      await recordEffect(tx, event)
    },
    // Several events of one batch change the same few documents: two batches at once would lock them in different orders,
    // and deadlock.
    { ...handling, concurrency: 1 },
  )

  return { bus, http: null }
}
