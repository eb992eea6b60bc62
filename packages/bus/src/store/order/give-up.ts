import { ORDER_BLOCKED } from '../contract/order.ts'
import type { EntityPosition, FailureOrder } from '../contract/order.ts'
import type { Conditions } from '../conditions.ts'
import type { Dialect, Numeric } from '../reconciliation/dialect.ts'
import type { Sql } from '../store.ts'
import { lockPositions, writePositions } from './positions.ts'
import { isSettled, reach, settle } from './position.ts'
import type { Position } from './position.ts'

/** A failure that has a place in an order. */
export interface OrderedFailure {
  readonly subscription: string
  readonly source: string
  readonly order: FailureOrder
}

export interface OrderedFailureRow {
  subscription: string
  source: string
  order_key: string
  sequence: Numeric
  needs: Numeric
}

export function orderedFailureOf(row: OrderedFailureRow): OrderedFailure {
  const order = { orderKey: row.order_key, sequence: Number(row.sequence), needs: Number(row.needs) }
  return { subscription: row.subscription, source: row.source, order }
}

/**
 * Locks the entities of the ordered failures that the conditions on `f` choose. Before the failures themselves, as everywhere:
 * who handles an event of them has finished then.
 */
export async function lockFailed(dialect: Dialect, sql: Sql, where: Conditions): Promise<void> {
  const { rows } = await sql.query<{ subscription: string; source: string; order_key: string }>(
    `select distinct f.subscription, f.source, f.order_key from warren.inbox_failure f
     where f.order_key is not null and ${where.text}`,
    where.values,
  )
  const bySubscription = Map.groupBy(rows, ({ subscription }) => subscription)
  for (const [subscription, failed] of [...bySubscription].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const entities = failed.map(({ source, order_key }) => ({ source, orderKey: order_key }))
    await lockPositions(dialect, sql, subscription, entities)
  }
}

/** Lets those behind these failures go on without them. */
export async function letGo(dialect: Dialect, sql: Sql, failures: readonly OrderedFailure[]): Promise<void> {
  await movePositions(dialect, sql, failures, (position, { order }) => settle(position, order))
}

/**
 * Sets aside failures that hold up their entity: parked, with no place in the order any more, so that a retry handles them
 * whenever it comes. The first event that waits for one that never came goes on without it. Returns how many.
 */
export async function releaseFailures(dialect: Dialect, sql: Sql, where: Conditions, actor: string): Promise<number> {
  await lockFailed(dialect, sql, where)
  const { rows } = await sql.query<
    OrderedFailureRow & { message_id: string; error_code: string; state: string; is_first: boolean | number }
  >(
    `select f.subscription, f.source, f.order_key, f.sequence, f.needs, f.message_id, f.error_code, f.state,
         not exists (
           select 1 from warren.inbox_failure e
           where e.subscription = f.subscription and e.source = f.source and e.order_key = f.order_key
             and e.sequence < f.sequence) as is_first
       from warren.inbox_failure f where f.order_key is not null and ${where.text}
       order by f.subscription, f.source, f.order_key, f.sequence`,
    where.values,
  )
  const failed = rows.filter((row) => row.error_code !== ORDER_BLOCKED)
  const waiting = rows.filter((row) => row.error_code === ORDER_BLOCKED && Boolean(row.is_first))
  for (const row of failed) await setAside(sql, row.subscription, row.message_id)
  await letGo(dialect, sql, failed.map(orderedFailureOf))
  await movePositions(dialect, sql, waiting.map(orderedFailureOf), (position, { order }) =>
    isSettled(position, order.needs) ? position : reach(position, order.needs),
  )
  for (const row of [...failed, ...waiting]) {
    await dialect.logAction(sql, {
      actor,
      action: 'release',
      subscription: row.subscription,
      messageId: row.message_id,
      details: { entity: row.order_key, sequence: Number(row.sequence), needs: Number(row.needs), state: row.state },
    })
  }
  return failed.length + waiting.length
}

async function setAside(sql: Sql, subscription: string, messageId: string): Promise<void> {
  const key = [subscription, messageId]
  await sql.query(
    `update warren.inbox set status = 'parked' where subscription = $1 and message_id = $2 and status in ('retrying', 'parked')`,
    key,
  )
  await sql.query(
    `update warren.inbox_failure set state = 'parked', due_at = null, order_key = null, sequence = null, needs = null
     where subscription = $1 and message_id = $2`,
    key,
  )
}

async function movePositions(
  dialect: Dialect,
  sql: Sql,
  failures: readonly OrderedFailure[],
  move: (position: Position, failure: OrderedFailure) => Position,
): Promise<void> {
  for (const [subscription, failed] of Map.groupBy(failures, (failure) => failure.subscription)) {
    const entities = failed.map(({ source, order }) => ({ source, orderKey: order.orderKey }))
    const moved: EntityPosition[] = []
    for (const entity of await lockPositions(dialect, sql, subscription, entities)) {
      const own = failed
        .filter(({ source, order }) => source === entity.source && order.orderKey === entity.orderKey)
        .toSorted((a, b) => a.order.sequence - b.order.sequence)
      moved.push({ ...entity, position: own.reduce(move, entity.position) })
    }
    await writePositions(dialect, sql, subscription, moved)
  }
}
