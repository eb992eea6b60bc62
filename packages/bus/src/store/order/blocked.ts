import { Conditions } from '../conditions.ts'
import { ORDER_BLOCKED } from '../contract/order.ts'
import type { BlockedEntity, BlockedFilter, Blocker } from '../contract/order.ts'
import { numberOf } from '../reconciliation/dialect.ts'
import type { Dialect, Numeric } from '../reconciliation/dialect.ts'
import { isSettled, readSkipped } from './position.ts'

interface BlockedRow {
  subscription: string
  source: string
  order_key: string
  waiting: Numeric
  message_id: string
  name: string
  needs: Numeric
  since: Numeric
  handled: Numeric
  skipped: string
  blocker_id: string | null
  blocker_name: string | null
  blocker_state: 'retrying' | 'parked' | null
  blocker_sequence: Numeric | null
  blocker_error: string | null
  blocker_since: Numeric | null
}

/** The entities of which events wait, those with the most first; each with the first that waits, and what it waits for. */
export async function readBlocked(dialect: Dialect, filter: BlockedFilter): Promise<readonly BlockedEntity[]> {
  const where = new Conditions().add('f.subscription = @', filter.subscription).add('f.entity_id = @', filter.entityId)
  const same = (one: string, other: string): string =>
    ['subscription', 'source', 'order_key'].map((column) => `${one}.${column} = ${other}.${column}`).join(' and ')
  const rows = await dialect.read<BlockedRow>(
    `select w.subscription, w.source, w.order_key, w.waiting, o.message_id, o.name, o.needs,
       ${dialect.ms('o.first_failed_at')} as since, coalesce(p.handled, 0) as handled, coalesce(p.skipped, '{}') as skipped,
       b.message_id as blocker_id, b.name as blocker_name, b.state as blocker_state, b.sequence as blocker_sequence,
       b.error_message as blocker_error, ${dialect.ms('b.first_failed_at')} as blocker_since
     from (
       select f.subscription, f.source, f.order_key, count(*) as waiting, min(f.sequence) as first
       from warren.inbox_failure f
       where f.order_key is not null and f.error_code = '${ORDER_BLOCKED}' and f.state = 'retrying' and ${where.text}
       group by f.subscription, f.source, f.order_key
       order by count(*) desc, f.subscription, f.source, f.order_key limit ${where.parameter(filter.limit ?? 100)}) as w
     join warren.inbox_failure o on ${same('o', 'w')} and o.sequence = w.first
     left join warren.order_position p on ${same('p', 'w')}
     left join warren.inbox_failure b on ${same('b', 'w')} and b.sequence = (
       select min(e.sequence) from warren.inbox_failure e
       where ${same('e', 'w')} and e.error_code <> '${ORDER_BLOCKED}' and e.sequence < w.first)
     order by w.waiting desc, w.subscription, w.source, w.order_key`,
    where.values,
  )
  return rows.map(blockedEntityOf)
}

function blockedEntityOf(row: BlockedRow): BlockedEntity {
  const slash = row.order_key.indexOf('/')
  return {
    subscription: row.subscription,
    source: row.source,
    orderKey: row.order_key,
    entity: row.order_key.slice(0, slash),
    entityId: row.order_key.slice(slash + 1),
    blocker: blockerOf(row),
    since: new Date(Number(row.blocker_since ?? row.since)),
    waiting: Number(row.waiting),
    oldestWaiting: { messageId: row.message_id, name: row.name, since: new Date(Number(row.since)) },
  }
}

function blockerOf(row: BlockedRow): Blocker {
  const sequence = numberOf(row.blocker_sequence)
  if (row.blocker_state !== null && sequence !== null) {
    return {
      kind: row.blocker_state,
      sequence,
      messageId: row.blocker_id ?? '',
      name: row.blocker_name ?? '',
      error: row.blocker_error ?? '',
    }
  }
  const position = { handled: Number(row.handled), skipped: readSkipped(row.skipped) }
  const needs = Number(row.needs)
  return isSettled(position, needs) ? { kind: 'released' } : { kind: 'absent', sequence: needs }
}
