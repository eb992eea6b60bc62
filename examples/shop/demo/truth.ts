import { subscriptions } from '../subscriptions.ts'
import type { ServiceName } from '../services/services.ts'
import { compare, factKey } from './compare.ts'
import type { Comparison, Effect } from './compare.ts'
import type { Reader } from './reader.ts'

export type Readers = Readonly<Record<ServiceName, Reader>>
export type Subscriber = keyof typeof subscriptions
export const subscribers = Object.keys(subscriptions) as readonly Subscriber[]

export interface Truth {
  readonly orders: number
  /** Facts that were committed, each one an event. */
  readonly events: number
  /** Pairs of a fact and a subscription that should know of it. */
  readonly expected: number
  readonly applied: number
  readonly lost: number
  readonly duplicated: number
  readonly ghosts: number
  readonly parked: number
  /** Of the lost, those that a subscriber still means to try again. */
  readonly retrying: number
  /** Events that wait for a queue, or that the broker refuses. */
  readonly unroutable: number
  readonly bySubscriber: Readonly<Record<Subscriber, Comparison>>
}

interface OrderFacts {
  readonly id: string
  readonly kind: 'normal' | 'vip'
  readonly created_at: unknown
  readonly paid_at: unknown
  readonly delivered_at: unknown
  readonly cancelled_at: unknown
}

/**
 * What should have happened, read from the rows that the order and the product service committed, and what did happen,
 * read from the subscribers' effects tables. Warren's inbox and its counters have no say in it.
 */
export async function readTruth(readers: Readers): Promise<Truth> {
  const orders = await readers.orders.rows<OrderFacts>(
    'select id, kind, created_at, paid_at, delivered_at, cancelled_at from orders',
  )
  const changes = await readers.products.rows<{ product_id: string; kind: string; revision: number }>(
    'select product_id, kind, revision from product_changes',
  )
  const orderFacts = orders.flatMap(factsOf)
  const productFacts = changes.map((row) => factKey(row.product_id, `${row.kind}.onChanged ${row.revision}`))

  const expected: Record<Subscriber, ReadonlySet<string>> = {
    crm: new Set(orderFacts.map(({ key }) => key)),
    warehouse: new Set(orderFacts.filter(({ fact }) => /\.on(Paid|Cancelled)$/.test(fact)).map(({ key }) => key)),
    loyalty: new Set(orderFacts.filter(({ kind }) => kind === 'vip').map(({ key }) => key)),
    search: new Set(productFacts),
  }
  const bySubscriber = {
    crm: compare(expected.crm, await effectsOf(readers.crm)),
    warehouse: compare(expected.warehouse, await effectsOf(readers.warehouse)),
    loyalty: compare(expected.loyalty, await effectsOf(readers.loyalty)),
    search: compare(expected.search, await effectsOf(readers.search)),
  }
  const all = Object.values(bySubscriber)
  return {
    orders: orders.length,
    events: orderFacts.length + productFacts.length,
    expected: sum(all.map((one) => one.expected)),
    applied: sum(all.map((one) => one.applied)),
    lost: sum(all.map((one) => one.lost.length)),
    duplicated: sum(all.map((one) => one.duplicated.length)),
    ghosts: sum(all.map((one) => one.ghosts.length)),
    parked: sum(await Promise.all(subscribers.map((name) => countFailures(readers[name], 'parked')))),
    retrying: sum(await Promise.all(subscribers.map((name) => countFailures(readers[name], 'retrying')))),
    unroutable: sum(await Promise.all([countAside(readers.orders), countAside(readers.products)])),
    bySubscriber,
  }
}

/** True when every event had its effect once, and nothing is left that waits for a person. */
export function isClean(truth: Truth): boolean {
  const { lost, duplicated, ghosts, parked, unroutable } = truth
  return lost + duplicated + ghosts + parked + unroutable === 0
}

function factsOf(
  order: OrderFacts,
): { readonly key: string; readonly fact: string; readonly kind: 'normal' | 'vip' }[] {
  const facts: readonly (readonly [string, unknown])[] = [
    ['creation.onCreated', order.created_at],
    ['payment.onPaid', order.paid_at],
    ['delivery.onDelivered', order.delivered_at],
    ['cancellation.onCancelled', order.cancelled_at],
  ]
  return facts
    .filter(([, at]) => at !== null)
    .map(([fact]) => ({ key: factKey(order.id, fact), fact, kind: order.kind }))
}

async function effectsOf(reader: Reader): Promise<readonly Effect[]> {
  return await reader.rows<Effect>(
    `select event_id as "eventId", entity_id as "entityId", fact from effects order by entity_id, fact`,
  )
}

/** Rows in the subscriber's store, whatever Warren says about them. */
export async function countFailures(reader: Reader, state: 'parked' | 'retrying'): Promise<number> {
  return await count(reader, `select count(*) as n from ${reader.table('inbox_failure')} where state = '${state}'`)
}

async function countAside(reader: Reader): Promise<number> {
  return await count(reader, `select count(*) as n from ${reader.table('outbox_pending')} where state <> 'pending'`)
}

/** PostgreSQL counts in bigint, which comes as text. */
export async function count(reader: Reader, sql: string): Promise<number> {
  const [row] = await reader.rows<{ readonly n: number | string }>(sql)
  return Number(row?.n ?? 0)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, next) => total + next, 0)
}
