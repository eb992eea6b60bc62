import type { Conditions } from '../conditions.ts'
import type { FailurePage, FailureStatements } from '../failures.ts'
import { leastIdAfterFailing } from '../ids.ts'
import { letGo } from '../order/give-up.ts'
import type { Dialect } from '../reconciliation/dialect.ts'
import { failureOf } from '../rows.ts'
import type { FailureRow, GroupRow } from '../rows.ts'
import type { Sql } from '../store.ts'
import type { Connection } from './connection.ts'

/** Of a table named f. */
export const FAILURE_COLUMNS = `f.subscription, f.message_id, f.name, f.entity_id, f.source, f.payload, f.encoding,
  f.headers, f.state, f.attempts, f.due_at, f.error_code, f.error_type, f.error_message, f.error_stack, f.fingerprint,
  f.first_failed_at, f.last_failed_at, f.order_key, f.sequence, f.needs, f.edits`

export class SqliteFailures implements FailureStatements {
  readonly #connection: Connection
  readonly #dialect: Dialect

  constructor(connection: Connection, dialect: Dialect) {
    this.#connection = connection
    this.#dialect = dialect
  }

  time(date: Date): number {
    return date.getTime()
  }

  list({ before, downTo, until, limit = 50 }: FailurePage, where: Conditions): Promise<readonly FailureRow[]> {
    where
      .add('f.message_id < @', before)
      .add('f.message_id >= @', downTo)
      .add('f.message_id < @', until && leastIdAfterFailing(until))
    // The page ends with the message of its last row, all of it: SQLite has no "with ties".
    return this.#connection.read<FailureRow>(
      `select ${FAILURE_COLUMNS} from warren_inbox_failure f
       where ${where.text} and f.message_id >= coalesce((
         select f.message_id from warren_inbox_failure f where ${where.text}
         order by f.message_id desc limit 1 offset ${where.parameter(limit - 1)}), '')
       order by f.message_id desc, f.subscription`,
      where.values,
    )
  }

  groups(where: Conditions): Promise<readonly GroupRow[]> {
    // Beside max() alone, SQLite takes bare columns from the row that holds the maximum: min() is asked apart, once for all groups.
    return this.#connection.read<GroupRow>(
      `select f.subscription, f.fingerprint, f.error_type as type, f.error_message as message,
         count(*) filter (where f.state = 'retrying') as retrying,
         count(*) filter (where f.state = 'parked') as parked,
         g.first_failed_at, max(f.last_failed_at) as last_failed_at
       from warren_inbox_failure f join (
         select f.subscription, f.fingerprint, min(f.first_failed_at) as first_failed_at
         from warren_inbox_failure f where ${where.text} group by f.subscription, f.fingerprint
       ) as g on g.subscription = f.subscription and g.fingerprint = f.fingerprint
       where ${where.text}
       group by f.subscription, f.fingerprint
       order by count(*) desc, f.subscription, f.fingerprint`,
      where.values,
    )
  }

  async retry(sql: Sql, where: Conditions, actor: string): Promise<number> {
    // Without the payloads, which are long.
    const { rows } = await sql.query<
      Pick<FailureRow, 'subscription' | 'message_id' | 'state' | 'attempts' | 'error_message'>
    >(
      `select f.subscription, f.message_id, f.state, f.attempts, f.error_message
       from warren.inbox_failure f where ${where.text}`,
      where.values,
    )
    const now = Date.now()
    for (const { subscription, message_id: messageId, state, attempts, error_message: error } of rows) {
      const key = [subscription, messageId]
      await sql.query(
        `update warren.inbox set status = 'retrying', settled_at = null where subscription = $1 and message_id = $2`,
        key,
      )
      await sql.query(
        `update warren.inbox_failure set state = 'retrying', attempts = 0, due_at = $3 where subscription = $1 and message_id = $2`,
        [...key, now],
      )
      const details = { state, attempts, error }
      await this.#dialect.logAction(sql, { actor, action: 'retry', subscription, messageId, details })
    }
    return rows.length
  }

  async discard(sql: Sql, where: Conditions, actor: string): Promise<number> {
    const { rows } = await sql.query<FailureRow>(
      `select ${FAILURE_COLUMNS} from warren.inbox_failure f where ${where.text}`,
      where.values,
    )
    const now = Date.now()
    for (const failure of rows) {
      const { subscription, message_id: messageId, name, entity_id: entityId, source, payload, encoding } = failure
      const key = [subscription, messageId]
      await sql.query(
        `update warren.inbox set status = 'discarded', settled_at = $3 where subscription = $1 and message_id = $2`,
        [...key, now],
      )
      await sql.query('delete from warren.inbox_failure where subscription = $1 and message_id = $2', key)
      const headers: unknown = JSON.parse(failure.headers)
      const { attempts, error_message: error } = failure
      const details = { name, entityId, source, payload, encoding, headers, attempts, error }
      await this.#dialect.logAction(sql, { actor, action: 'discard', subscription, messageId, details })
    }
    const ordered = rows
      .map(failureOf)
      .flatMap(({ subscription, source, order }) => (order == null ? [] : [{ subscription, source, order }]))
    await letGo(this.#dialect, sql, ordered)
    return rows.length
  }
}
