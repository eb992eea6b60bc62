import type { Conditions } from '../conditions.ts'
import type { FailurePage, FailureStatements } from '../failures.ts'
import { leastIdAfterFailing } from '../ids.ts'
import { letGo, lockFailed, orderedFailureOf } from '../order/give-up.ts'
import type { OrderedFailureRow } from '../order/give-up.ts'
import type { Dialect } from '../reconciliation/dialect.ts'
import type { FailureRow, GroupRow } from '../rows.ts'
import type { Sql } from '../store.ts'
import type { Connection } from './connection.ts'
import { ms } from './statements.ts'

/** Of a table or CTE named f. */
export const FAILURE_COLUMNS: string = `f.subscription, f.message_id, f.name, f.entity_id, f.source, f.payload, f.encoding,
  f.headers::text as headers, f.state, f.attempts, ${ms('f.due_at')} as due_at, f.error_code, f.error_type, f.error_message,
  f.error_stack, f.fingerprint, ${ms('f.first_failed_at')} as first_failed_at, ${ms('f.last_failed_at')} as last_failed_at,
  f.order_key, f.sequence, f.needs, f.edits`

/** The inbox rows are locked first, then the failure rows, as everywhere. What was settled meanwhile is left alone. */
function settleEntries(status: 'retrying' | 'discarded', condition: string): string {
  return `
    with chosen as (
      select f.* from warren.inbox_failure f where ${condition} order by f.subscription, f.message_id
    ),
    entry as (
      insert into warren.inbox as i (subscription, message_id, name, source, status, settled_at)
      select subscription, message_id, name, source, '${status}', ${status === 'discarded' ? 'now()' : 'null'} from chosen
      order by subscription, message_id
      on conflict (subscription, message_id) do update set status = excluded.status, settled_at = excluded.settled_at
      where i.status in ('retrying', 'parked')
      returning i.subscription, i.message_id
    )`
}

export class PostgresFailures implements FailureStatements {
  readonly #connection: Connection
  readonly #dialect: Dialect

  constructor(connection: Connection, dialect: Dialect) {
    this.#connection = connection
    this.#dialect = dialect
  }

  time(date: Date): Date {
    return date
  }

  list({ before, downTo, until, limit = 50 }: FailurePage, where: Conditions): Promise<readonly FailureRow[]> {
    where
      .add('f.message_id < @::uuid', before)
      .add('f.message_id >= @::uuid', downTo)
      .add('f.message_id < @::uuid', until && leastIdAfterFailing(until))
    return this.#connection.read<FailureRow>(
      `select * from (
         select ${FAILURE_COLUMNS} from warren.inbox_failure f where ${where.text}
         order by f.message_id desc fetch first (${where.parameter(limit)}::int) rows with ties
       ) as page
       order by message_id desc, subscription`,
      where.values,
    )
  }

  groups(where: Conditions): Promise<readonly GroupRow[]> {
    return this.#connection.read<GroupRow>(
      `select f.subscription, f.fingerprint,
         (array_agg(f.error_type order by f.last_failed_at desc))[1] as type,
         (array_agg(f.error_message order by f.last_failed_at desc))[1] as message,
         count(*) filter (where f.state = 'retrying') as retrying,
         count(*) filter (where f.state = 'parked') as parked,
         ${ms('min(f.first_failed_at)')} as first_failed_at, ${ms('max(f.last_failed_at)')} as last_failed_at
       from warren.inbox_failure f where ${where.text}
       group by f.subscription, f.fingerprint
       order by count(*) desc, f.subscription, f.fingerprint`,
      where.values,
    )
  }

  async retry(sql: Sql, where: Conditions, actor: string): Promise<number> {
    const { rows } = await sql.query<{ changed: number | string }>(
      `${settleEntries('retrying', where.text)},
       changed as (
         update warren.inbox_failure f set state = 'retrying', attempts = 0, due_at = now()
         from entry e where f.subscription = e.subscription and f.message_id = e.message_id
         returning f.subscription, f.message_id
       ),
       logged as (
         insert into warren.action_log (actor, action, subscription, message_id, details)
         select ${where.parameter(actor)}, 'retry', c.subscription, c.message_id,
           json_build_object('state', f.state, 'attempts', f.attempts, 'error', f.error_message)
         from changed c join chosen f on f.subscription = c.subscription and f.message_id = c.message_id
       )
       select count(*) as changed from changed`,
      where.values,
    )
    return Number(rows[0]?.changed ?? 0)
  }

  async discard(sql: Sql, where: Conditions, actor: string): Promise<number> {
    await lockFailed(this.#dialect, sql, where)
    const { rows } = await sql.query<{ changed: number | string; ordered: string }>(
      `${settleEntries('discarded', where.text)},
       changed as (
         delete from warren.inbox_failure f using entry e
         where f.subscription = e.subscription and f.message_id = e.message_id
         returning f.*
       ),
       logged as (
         insert into warren.action_log (actor, action, subscription, message_id, details)
         select ${where.parameter(actor)}, 'discard', c.subscription, c.message_id,
           json_build_object('name', c.name, 'entityId', c.entity_id, 'source', c.source, 'payload', c.payload,
             'encoding', c.encoding, 'headers', c.headers, 'attempts', c.attempts, 'error', c.error_message)
         from changed c
       )
       select count(*) as changed,
         coalesce(json_agg(json_build_object('subscription', subscription, 'source', source, 'order_key', order_key,
           'sequence', sequence, 'needs', needs)) filter (where order_key is not null), '[]')::text as ordered
       from changed`,
      where.values,
    )
    const ordered = JSON.parse(rows[0]?.ordered ?? '[]') as OrderedFailureRow[]
    await letGo(this.#dialect, sql, ordered.map(orderedFailureOf))
    return Number(rows[0]?.changed ?? 0)
  }
}
