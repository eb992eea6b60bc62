import { WarrenError } from '../../errors.ts'
import { ATTEMPT_COLUMNS, attemptOf, LOST, placeOf, placeOfStart, REPLACE_ATTEMPT } from '../attempts.ts'
import { failureOf } from '../rows.ts'
import type { FailureRow } from '../rows.ts'
import type { Failure, InboxStore, NewFailure, ReceivedMessage } from '../store.ts'
import type { Connection } from './connection.ts'
import { withoutNul } from './outbox.ts'
import { FAILURE_COLUMNS } from './failures.ts'
import { meansBusy, sqlState } from './sqlstate.ts'
import { ms, uuidArray } from './statements.ts'
import { PostgresTx } from './transaction.ts'

const RECEIVE = `
  insert into warren.inbox (subscription, message_id, name, source, status, settled_at)
  select $1, m.id, m.name, m.source, 'handled', now()
  from unnest($2::uuid[], $3::text[], $4::text[]) as m(id, name, source)
  order by m.id
  on conflict do nothing
  returning message_id`

/** By the clock, not by the beginning of the transaction, in which handlers have run. */
const NOW_MS = 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint'

/**
 * Inbox rows first, then failure rows, then attempts, as everywhere: two transactions that take them in another order would deadlock.
 * What is handled or discarded stays so, unless this very transaction has received it.
 */
const FAIL = `
  with failure as (
    select * from json_to_recordset($1::json) as f(
      subscription text, message_id uuid, name text, entity_id text, source text, payload text, encoding text, headers json,
      state text, attempts int, delay_ms float8, error_code text, error_type text, error_message text, error_stack text,
      fingerprint text, order_key text, sequence bigint, needs bigint, is_own boolean,
      tries int, began_ago int, ended_ago int)
  ),
  entry as (
    insert into warren.inbox as i (subscription, message_id, name, source, status)
    select subscription, message_id, name, source, state from failure order by subscription, message_id
    on conflict (subscription, message_id) do update set status = excluded.status, settled_at = null
    where i.status in ('retrying', 'parked')
      or (i.subscription, i.message_id) in (select f.subscription, f.message_id from failure f where f.is_own)
    returning i.subscription, i.message_id
  ),
  kept as (
    insert into warren.inbox_failure as o (
      subscription, message_id, name, entity_id, source, payload, encoding, headers, state, attempts, due_at,
      error_code, error_type, error_message, error_stack, fingerprint, order_key, sequence, needs, tries,
      first_failed_at, last_failed_at)
    select
      f.subscription, f.message_id, f.name, f.entity_id, f.source, f.payload, f.encoding, f.headers, f.state, f.attempts,
      case when f.state = 'retrying' then clock_timestamp() + f.delay_ms * interval '1 ms' end,
      f.error_code, f.error_type, f.error_message, f.error_stack, f.fingerprint, f.order_key, f.sequence, f.needs, f.tries,
      now(), now()
    from failure f join entry e on e.subscription = f.subscription and e.message_id = f.message_id
    order by f.subscription, f.message_id
    on conflict (subscription, message_id) do update set
      name = excluded.name, entity_id = excluded.entity_id, source = excluded.source, payload = excluded.payload,
      encoding = excluded.encoding, headers = excluded.headers, state = excluded.state, attempts = excluded.attempts,
      due_at = excluded.due_at, error_code = excluded.error_code, error_type = excluded.error_type,
      error_message = excluded.error_message, error_stack = excluded.error_stack, fingerprint = excluded.fingerprint,
      order_key = excluded.order_key, sequence = excluded.sequence, needs = excluded.needs,
      tries = o.tries + excluded.tries, claimed_at = null, last_failed_at = excluded.last_failed_at
    returning o.subscription, o.message_id, o.tries
  ),
  clock as (select ${NOW_MS} as ms)
  insert into warren.inbox_attempt (${ATTEMPT_COLUMNS})
  select f.message_id, f.subscription, ${placeOf('k.tries')}, f.attempts, c.ms - f.began_ago, c.ms - f.ended_ago, f.state,
    f.error_code, f.error_type, f.error_message
  from clock c, failure f join kept k on k.subscription = f.subscription and k.message_id = f.message_id
  where f.tries = 1
  order by f.subscription, f.message_id
  ${REPLACE_ATTEMPT}`

const CLAIM_RETRIES = `
  with due as (
    select subscription, message_id, due_at, case when ${LOST} then claimed_at end as lost_at from warren.inbox_failure
    where subscription = $1 and state = 'retrying' and due_at <= now()
    order by due_at limit $2 for update skip locked
  ),
  claimed as (
    update warren.inbox_failure as f
    set attempts = f.attempts + 1, due_at = now() + $3::float8 * interval '1 ms', claimed_at = ${NOW_MS},
      tries = f.tries + case when due.lost_at is null then 0 else 1 end
    from due where f.subscription = due.subscription and f.message_id = due.message_id
    returning due.due_at as was_due_at, due.lost_at, f.*
  ),
  lost as (
    insert into warren.inbox_attempt (${ATTEMPT_COLUMNS})
    select c.message_id, c.subscription, ${placeOf('c.tries')}, c.attempts - 1, c.lost_at, null, 'retrying', null, null, null
    from claimed c where c.lost_at is not null order by c.message_id
    ${REPLACE_ATTEMPT}
  )
  select ${FAILURE_COLUMNS} from claimed f order by f.was_due_at, f.message_id`

const COUNT_START = `
  with lost as (
    insert into warren.inbox_attempt (${ATTEMPT_COLUMNS})
    select s.message_id, s.subscription, ${placeOfStart('s.starts')}, s.starts, ${ms('s.counted_at')}, null, 'retrying', null, null, null
    from warren.inbox_start s where s.subscription = $1 and s.message_id = $2
    ${REPLACE_ATTEMPT}
  )
  insert into warren.inbox_start as s (subscription, message_id, starts) values ($1, $2, 1)
  on conflict (subscription, message_id) do update set starts = s.starts + 1, counted_at = now()
  returning starts`

const RESOLVE = `
  with entry as (
    update warren.inbox set status = 'handled', settled_at = now()
    where subscription = $1 and message_id = $2 and status = 'retrying'
    returning 1
  ),
  failure as (
    delete from warren.inbox_failure where subscription = $1 and message_id = $2 and exists (select from entry)
  )
  select count(*) as resolved from entry`

export class PostgresInbox implements InboxStore<PostgresTx> {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async receive(
    tx: PostgresTx,
    subscription: string,
    messages: readonly ReceivedMessage[],
  ): Promise<ReadonlySet<string>> {
    assertOwn(tx)
    const { statements, usesPreparedStatements } = this.#connection
    const text = statements.text(RECEIVE)
    const values = [
      subscription,
      uuidArray(messages.map(({ id }) => id)),
      messages.map(({ name }) => name),
      messages.map(({ source }) => source),
    ]
    try {
      const result = await tx.send({ text, values, ...(usesPreparedStatements ? { name: statements.name(text) } : {}) })
      const ids = (result.rows as { message_id: string }[]).map((row) => row.message_id)
      for (const id of ids) tx.received.add(keyOf(subscription, id))
      return new Set(ids)
    } catch (error) {
      if (!meansBusy(sqlState(error))) throw error
      throw new WarrenError(
        'STORE_BUSY',
        `another transaction is handling a message of "${subscription}" for too long`,
        { subscription },
        error,
      )
    }
  }

  async forget(tx: PostgresTx, subscription: string, messageIds: readonly string[]): Promise<void> {
    assertOwn(tx)
    const own = messageIds.filter((id) => tx.received.delete(keyOf(subscription, id)))
    const text = `delete from warren.inbox using unnest($2::uuid[]) as k(id) where subscription = $1 and message_id = k.id`
    await tx.query(this.#connection.statements.text(text), [subscription, uuidArray(own)])
  }

  async fail(tx: PostgresTx, failures: readonly NewFailure[]): Promise<void> {
    assertOwn(tx)
    // The last one of each message: a statement may not update a row twice.
    const unique = new Map(failures.map((failure) => [keyOf(failure.subscription, failure.messageId), failure]))
    const rows = [...unique].map(([key, failure]) => ({ ...failureRow(failure), is_own: tx.received.has(key) }))
    await tx.query(this.#connection.statements.text(FAIL), [JSON.stringify(rows)])
  }

  async countStart(subscription: string, messageId: string): Promise<number> {
    const [row] = await this.#connection.run<{ starts: number | string }>(COUNT_START, [subscription, messageId], {
      isPrepared: true,
    })
    return Number(row?.starts ?? 0)
  }

  async countFirstStarts(subscription: string, messageIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#connection.run<{ message_id: string }>(
      `insert into warren.inbox_start (subscription, message_id, starts)
       select $1, id, 1 from unnest($2::uuid[]) as m(id) order by id
       on conflict do nothing
       returning message_id`,
      [subscription, uuidArray(messageIds)],
    )
    return new Set(rows.map(({ message_id }) => message_id))
  }

  async clearStarts(tx: PostgresTx, subscription: string, messageIds: readonly string[]): Promise<void> {
    assertOwn(tx)
    const text = `delete from warren.inbox_start where subscription = $1 and message_id = any($2::uuid[])`
    await tx.query(this.#connection.statements.text(text), [subscription, uuidArray(messageIds)])
  }

  async claimRetries(
    subscription: string,
    request: { readonly limit: number; readonly leaseMs: number },
  ): Promise<readonly Failure[]> {
    const rows = await this.#connection.run<FailureRow>(CLAIM_RETRIES, [subscription, request.limit, request.leaseMs])
    return rows.map(failureOf)
  }

  async nextRetryInMs(subscription: string): Promise<number | null> {
    const [row] = await this.#connection.run<{ due_in_ms: number | string | null }>(
      `select greatest(0, extract(epoch from min(due_at) - now()) * 1000)::float8 as due_in_ms
       from warren.inbox_failure where subscription = $1 and state = 'retrying' having min(due_at) is not null`,
      [subscription],
    )
    return row?.due_in_ms == null ? null : Math.ceil(Number(row.due_in_ms))
  }

  async resolve(tx: PostgresTx, subscription: string, messageId: string): Promise<boolean> {
    assertOwn(tx)
    const { rows } = await tx.query<{ resolved: number | string }>(this.#connection.statements.text(RESOLVE), [
      subscription,
      messageId,
    ])
    return Number(rows[0]?.resolved ?? 0) > 0
  }

  async isCurrent(
    tx: PostgresTx,
    { subscription, messageId, edits }: Pick<Failure, 'subscription' | 'messageId' | 'edits'>,
  ): Promise<boolean> {
    assertOwn(tx)
    const { statements } = this.#connection
    // Two statements: only the second one sees what was committed while the first waited for the lock.
    const lock = 'select 1 from warren.inbox where subscription = $1 and message_id = $2 for update'
    await tx.query(statements.text(lock), [subscription, messageId])
    const look = 'select 1 from warren.inbox_failure where subscription = $1 and message_id = $2 and edits = $3'
    const { rows } = await tx.query(statements.text(look), [subscription, messageId, edits])
    return rows.length > 0
  }

  async unclaim(subscription: string, messageIds: readonly string[], delayMs: number): Promise<void> {
    await this.#connection.run(
      `update warren.inbox_failure
       set attempts = greatest(0, attempts - 1), claimed_at = null, due_at = now() + $3::float8 * interval '1 ms'
       where subscription = $1 and message_id = any($2::uuid[]) and state = 'retrying'`,
      [subscription, uuidArray(messageIds), delayMs],
    )
  }
}

function keyOf(subscription: string, messageId: string): string {
  return `${messageId} ${subscription}`
}

function assertOwn(tx: unknown): asserts tx is PostgresTx {
  if (tx instanceof PostgresTx) return
  throw new WarrenError('TRANSACTION_INVALID', 'the inbox needs a handle that the transaction() of its store has given')
}

function failureRow(failure: NewFailure): object {
  const { tries, beganAgo, endedAgo } = attemptOf(failure)
  // A body may be valid UTF-8 and hold NUL bytes, which PostgreSQL's text does not take.
  const mustEncode = failure.encoding === 'utf8' && failure.payload.includes('\u0000')
  return {
    subscription: failure.subscription,
    message_id: failure.messageId,
    name: withoutNul(failure.name),
    entity_id: withoutNul(failure.entityId),
    source: withoutNul(failure.source),
    payload: mustEncode ? Buffer.from(failure.payload).toString('base64') : failure.payload,
    encoding: mustEncode ? 'base64' : failure.encoding,
    headers: failure.headers,
    state: failure.state,
    attempts: failure.attempts,
    delay_ms: failure.delayMs,
    error_code: withoutNul(failure.error.code),
    error_type: withoutNul(failure.error.type),
    error_message: withoutNul(failure.error.message),
    error_stack: withoutNul(failure.error.stack),
    fingerprint: withoutNul(failure.error.fingerprint),
    order_key: failure.order?.orderKey ?? null,
    sequence: failure.order?.sequence ?? null,
    needs: failure.order?.needs ?? null,
    tries,
    began_ago: beganAgo,
    ended_ago: endedAgo,
  }
}
