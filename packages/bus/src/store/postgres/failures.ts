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
import { letGo, lockFailed, orderedFailureOf, releaseFailures } from '../order/give-up.ts'
import type { OrderedFailureRow } from '../order/give-up.ts'
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

export class PostgresFailures implements FailureReads, FailureTable {
  readonly #connection: Connection
  readonly #dialect: Dialect
  readonly #groups: FailureGroups

  constructor(connection: Connection, dialect: Dialect) {
    this.#connection = connection
    this.#dialect = dialect
    this.#groups = new FailureGroups(dialect)
  }

  async list(filter: FailureFilter & Pick<MessageFilter, 'before' | 'downTo' | 'limit'>): Promise<readonly Failure[]> {
    const where = conditionsOf(filter)
      .add('f.message_id < @::uuid', filter.before)
      .add('f.message_id >= @::uuid', filter.downTo)
      .add('f.message_id < @::uuid', filter.until && leastIdAfterFailing(filter.until))
    const rows = await this.#connection.read<FailureRow>(
      `select * from (
         select ${FAILURE_COLUMNS} from warren.inbox_failure f where ${where.text}
         order by f.message_id desc fetch first (${where.parameter(filter.limit ?? 50)}::int) rows with ties
       ) as page
       order by message_id desc, subscription`,
      where.values,
    )
    return rows.map(failureOf)
  }

  async groups(filter: FailureFilter, countUpTo?: number): Promise<readonly FailureGroup[]> {
    if (countUpTo !== undefined) return this.#groups.read(filter, countUpTo)
    const where = conditionsOf(filter)
    const rows = await this.#connection.read<GroupRow>(
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
        return retry(sql, where, actor)
      case 'discard':
        return discard(this.#dialect, sql, where, actor)
      case 'release':
        return releaseFailures(this.#dialect, sql, where, actor)
    }
  }
}

async function retry(sql: Sql, where: Conditions, actor: string): Promise<number> {
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

async function discard(dialect: Dialect, sql: Sql, where: Conditions, actor: string): Promise<number> {
  await lockFailed(dialect, sql, where)
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
  await letGo(dialect, sql, ordered.map(orderedFailureOf))
  return Number(rows[0]?.changed ?? 0)
}

function conditionsOf(filter: FailureFilter): Conditions {
  return new Conditions()
    .add('f.subscription = @', filter.subscription)
    .add('f.message_id = @', filter.messageId)
    .add('f.name = @', filter.name)
    .add('f.entity_id = @', filter.entityId)
    .add('f.fingerprint = @', filter.fingerprint)
    .add('f.state = @', filter.state)
    .add('f.last_failed_at >= @', filter.since)
    .add('f.last_failed_at < @', filter.until)
}
