import type { EventEnvelope, Sql } from '@warren/bus'

/**
 * What a subscriber did, and because of which event. No primary key and no unique constraint, on purpose: an event that
 * took effect twice has two rows here, and the demo counts them.
 */
export const effectsTable = `
  create table if not exists effects (
    event_id text not null,
    entity_id text not null,
    fact text not null,
    at timestamp not null default current_timestamp
  )`

interface Effective extends EventEnvelope {
  readonly name: string
  readonly data: object
}

/** To be called in the handler's transaction: the row stands or falls with the effect it tells of. */
export async function recordEffect(tx: Sql, event: Effective): Promise<void> {
  await tx.query('insert into effects (event_id, entity_id, fact) values ($1, $2, $3)', [
    event.id,
    event.entityId,
    factOf(event),
  ])
}

/**
 * Names a fact among those of its entity. Each happens to an order once: `payment.onPaid`. A product's price changes
 * often, so its revision is part of the fact: `price.onChanged 7`.
 */
export function factOf(event: Pick<Effective, 'name' | 'data'>): string {
  const fact = event.name.split('.').slice(-2).join('.')
  return 'revision' in event.data ? `${fact} ${String(event.data.revision)}` : fact
}
