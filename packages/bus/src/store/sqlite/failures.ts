import { readAttempts } from '../attempts.ts'
import { Conditions } from '../conditions.ts'
import { failureGroupOf, failureOf } from '../rows.ts'
import type { FailureRow, GroupRow } from '../rows.ts'
import type { BlockedEntity, BlockedFilter } from '../order.ts'
import { readBlocked } from '../order/blocked.ts'
import { leastIdAfterFailing } from '../ids.ts'
import { readTrends } from '../failure-trend.ts'
import type { TimeRange } from '../reconciliation.ts'
import { editFailure } from '../edit-failure.ts'
import { FailureGroups } from '../failure-groups.ts'
import { letGo, releaseFailures } from '../order/give-up.ts'
import type { Dialect } from '../reconciliation/dialect.ts'
import type { FailureTable } from '../bulk-actions.ts'
import type { FailureAction } from '../bulk.ts'
import type {
  EditOutcome,
  FailedAttempt,
  Failure,
  FailureFilter,
  FailureGroup,
  FailureReads,
  FailureTrends,
  MessageFilter,
  Sql,
} from '../store.ts'
import type { Connection } from './connection.ts'

/** Of a table named f. */
export const FAILURE_COLUMNS = `f.subscription, f.message_id, f.name, f.entity_id, f.source, f.payload, f.encoding,
  f.headers, f.state, f.attempts, f.due_at, f.error_code, f.error_type, f.error_message, f.error_stack, f.fingerprint,
  f.first_failed_at, f.last_failed_at, f.order_key, f.sequence, f.needs, f.edits`

export class SqliteFailures implements FailureReads, FailureTable {
  readonly #connection: Connection
  readonly #dialect: Dialect
  readonly #groups: FailureGroups

  constructor(connection: Connection, dialect: Dialect) {
    this.#connection = connection
    this.#dialect = dialect
    this.#groups = new FailureGroups(dialect)
  }

  async list(filter: FailureFilter & Pick<MessageFilter, 'before' | 'downTo' | 'limit'>): Promise<readonly Failure[]> {
    const { before, downTo, limit = 50 } = filter
    const where = conditionsOf(filter)
      .add('f.message_id < @', before)
      .add('f.message_id >= @', downTo)
      .add('f.message_id < @', filter.until && leastIdAfterFailing(filter.until))
    // The page ends with the message of its last row, all of it: SQLite has no "with ties".
    const rows = await this.#connection.read<FailureRow>(
      `select ${FAILURE_COLUMNS} from warren_inbox_failure f
       where ${where.text} and f.message_id >= coalesce((
         select f.message_id from warren_inbox_failure f where ${where.text}
         order by f.message_id desc limit 1 offset ${where.parameter(limit - 1)}), '')
       order by f.message_id desc, f.subscription`,
      where.values,
    )
    return rows.map(failureOf)
  }

  async groups(filter: FailureFilter, countUpTo?: number): Promise<readonly FailureGroup[]> {
    if (countUpTo !== undefined) return this.#groups.read(filter, countUpTo)
    const where = conditionsOf(filter)
    // Beside max() alone, SQLite takes bare columns from the row that holds the maximum: min() is asked apart, once for all groups.
    const rows = await this.#connection.read<GroupRow>(
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
    return rows.map(failureGroupOf)
  }

  trends(range: TimeRange, buckets: number, most: number): Promise<FailureTrends> {
    return readTrends(this.#dialect, range, buckets, most)
  }

  attempts(messageId: string): Promise<readonly FailedAttempt[]> {
    return readAttempts(this.#dialect, messageId)
  }

  retry(filter: FailureFilter, actor: string): Promise<number> {
    return this.#dialect.write((sql) => this.act(sql, 'retry', conditionsOf(filter), actor))
  }

  edit(
    failure: Pick<Failure, 'subscription' | 'messageId'>,
    payloads: { readonly original: string; readonly edited: string },
    actor: string,
  ): Promise<EditOutcome> {
    return editFailure(this.#dialect, failure, payloads, actor)
  }

  blocked(filter: BlockedFilter): Promise<readonly BlockedEntity[]> {
    return readBlocked(this.#dialect, filter)
  }

  release(filter: FailureFilter, actor: string): Promise<number> {
    return this.#dialect.write((sql) => this.act(sql, 'release', conditionsOf(filter), actor))
  }

  discard(filter: FailureFilter, actor: string): Promise<number> {
    return this.#dialect.write((sql) => this.act(sql, 'discard', conditionsOf(filter), actor))
  }

  conditionsOf(filter: FailureFilter): Conditions {
    return conditionsOf(filter)
  }

  act(sql: Sql, action: FailureAction, where: Conditions, actor: string): Promise<number> {
    switch (action) {
      case 'retry':
        return this.#retry(sql, where, actor)
      case 'discard':
        return this.#discard(sql, where, actor)
      case 'release':
        return releaseFailures(this.#dialect, sql, where, actor)
    }
  }

  async #retry(sql: Sql, where: Conditions, actor: string): Promise<number> {
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

  async #discard(sql: Sql, where: Conditions, actor: string): Promise<number> {
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

function conditionsOf(filter: FailureFilter): Conditions {
  return new Conditions()
    .add('f.subscription = @', filter.subscription)
    .add('f.message_id = @', filter.messageId)
    .add('f.name = @', filter.name)
    .add('f.entity_id = @', filter.entityId)
    .add('f.fingerprint = @', filter.fingerprint)
    .add('f.state = @', filter.state)
    .add('f.last_failed_at >= @', filter.since?.getTime())
    .add('f.last_failed_at < @', filter.until?.getTime())
}
