import { count, countFailures, subscribers } from './truth.ts'
import type { Readers, Subscriber } from './truth.ts'

/** Where everything stands at one moment, counted in the stores. */
export interface Counts {
  readonly orders: number
  /** Events that services committed. */
  readonly events: number
  /** Of those, the ones that the broker has not confirmed yet. */
  readonly pending: number
  readonly bySubscriber: Readonly<Record<Subscriber, { readonly expected: number; readonly handled: number }>>
  readonly retrying: number
  readonly parked: number
}

/** Events that a subscription has not handled yet. */
export function lagOf(counts: Counts, name: Subscriber): number {
  const { expected, handled } = counts.bySubscriber[name]
  return Math.max(0, expected - handled)
}

interface OrderCounts {
  readonly kind: 'normal' | 'vip'
  readonly created: number | string
  readonly paid: number | string
  readonly delivered: number | string
  readonly cancelled: number | string
}

export async function readCounts(readers: Readers): Promise<Counts> {
  // The subscribers first: an effect that was counted then has its fact among those counted after it.
  const [crm, warehouse, loyalty, search] = await Promise.all(
    (['crm', 'warehouse', 'loyalty', 'search'] as const).map((name) =>
      count(readers[name], 'select count(*) as n from effects'),
    ),
  )
  const failures = (state: 'retrying' | 'parked') =>
    Promise.all(subscribers.map((name) => countFailures(readers[name], state)))
  const retrying = await failures('retrying')
  const parked = await failures('parked')
  const pending = await Promise.all(
    (['orders', 'products'] as const).map((name) =>
      count(readers[name], `select count(*) as n from ${readers[name].table('outbox_pending')}`),
    ),
  )
  const orders = await readers.orders.rows<OrderCounts>(
    `select kind, count(*) as created, count(paid_at) as paid, count(delivered_at) as delivered,
       count(cancelled_at) as cancelled from orders group by kind`,
  )
  const changes = await count(readers.products, 'select count(*) as n from product_changes')

  const total = (rows: readonly OrderCounts[], ...columns: readonly (keyof Omit<OrderCounts, 'kind'>)[]): number =>
    rows.flatMap((row) => columns.map((column) => Number(row[column]))).reduce((sum, next) => sum + next, 0)
  const every = ['created', 'paid', 'delivered', 'cancelled'] as const
  const vip = orders.filter(({ kind }) => kind === 'vip')
  return {
    orders: total(orders, 'created'),
    events: total(orders, ...every) + changes,
    pending: pending.reduce((sum, next) => sum + next, 0),
    bySubscriber: {
      crm: { expected: total(orders, ...every), handled: crm ?? 0 },
      warehouse: { expected: total(orders, 'paid', 'cancelled'), handled: warehouse ?? 0 },
      loyalty: { expected: total(vip, ...every), handled: loyalty ?? 0 },
      search: { expected: changes, handled: search ?? 0 },
    },
    retrying: retrying.reduce((sum, next) => sum + next, 0),
    parked: parked.reduce((sum, next) => sum + next, 0),
  }
}
