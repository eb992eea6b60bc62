import { WarrenError } from '../../errors.ts'
import { ATTEMPT_COLUMNS, attemptOf, LOST, placeOf, placeOfStart, REPLACE_ATTEMPT } from '../attempts.ts'
import { failureOf } from '../rows.ts'
import type { FailureRow } from '../rows.ts'
import type { Failure, InboxStore, NewFailure, ReceivedMessage } from '../store.ts'
import type { Connection } from './connection.ts'
import { FAILURE_COLUMNS } from './failures.ts'
import { SqliteTx } from './transaction.ts'
import type { Transactions } from './transactions.ts'

const RECEIVE = `
  insert into warren_inbox (subscription, message_id, name, source, status, received_at, settled_at)
  select $1, value ->> 'id', value ->> 'name', value ->> 'source', 'handled', $3, $3 from json_each($2) where true
  on conflict do nothing
  returning message_id`

/** What is handled or discarded stays so, unless this very transaction has received it. */
const FAIL_ENTRY = `
  insert into warren_inbox (subscription, message_id, name, source, status, received_at) values ($1, $2, $3, $4, $5, $6)
  on conflict (subscription, message_id) do update set status = excluded.status, settled_at = null
  where status in ('retrying', 'parked') or $7
  returning 1`

const FAIL = `
  insert into warren_inbox_failure (
    subscription, message_id, name, entity_id, source, payload, encoding, headers, state, attempts, due_at,
    error_code, error_type, error_message, error_stack, fingerprint, first_failed_at, last_failed_at,
    order_key, sequence, needs, tries)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18, $19, $20, $21)
  on conflict (subscription, message_id) do update set
    name = excluded.name, entity_id = excluded.entity_id, source = excluded.source, payload = excluded.payload,
    encoding = excluded.encoding, headers = excluded.headers, state = excluded.state, attempts = excluded.attempts,
    due_at = excluded.due_at, error_code = excluded.error_code, error_type = excluded.error_type,
    error_message = excluded.error_message, error_stack = excluded.error_stack, fingerprint = excluded.fingerprint,
    order_key = excluded.order_key, sequence = excluded.sequence, needs = excluded.needs,
    tries = tries + excluded.tries, claimed_at = null, last_failed_at = excluded.last_failed_at
  returning tries`

const ATTEMPT = `
  insert into warren_inbox_attempt (${ATTEMPT_COLUMNS}) values ($1, $2, ${placeOf('$3')}, $4, $5, $6, $7, $8, $9, $10)
  ${REPLACE_ATTEMPT}`

const LOST_CLAIMS = `
  insert into warren_inbox_attempt (${ATTEMPT_COLUMNS})
  select message_id, subscription, ${placeOf('tries + 1')}, attempts, claimed_at, null, 'retrying', null, null, null
  from warren_inbox_failure where subscription = $1 and message_id in (select value from json_each($2)) and ${LOST}
  ${REPLACE_ATTEMPT}`

const CLAIM = `
  update warren_inbox_failure set attempts = attempts + 1, due_at = $3, claimed_at = $4, tries = tries + (${LOST})
  where subscription = $1 and message_id in (select value from json_each($2))`

const LOST_START = `
  insert into warren_inbox_attempt (${ATTEMPT_COLUMNS})
  select message_id, subscription, ${placeOfStart('starts')}, starts, counted_at, null, 'retrying', null, null, null
  from warren_inbox_start where subscription = $1 and message_id = $2
  ${REPLACE_ATTEMPT}`

export class SqliteInbox implements InboxStore<SqliteTx> {
  readonly #connection: Connection
  readonly #transactions: Transactions

  constructor(connection: Connection, transactions: Transactions) {
    this.#connection = connection
    this.#transactions = transactions
  }

  async receive(
    tx: SqliteTx,
    subscription: string,
    messages: readonly ReceivedMessage[],
  ): Promise<ReadonlySet<string>> {
    assertOwn(tx)
    const entries = messages.map(({ id, name, source }) => ({ id, name, source }))
    const { rows } = await tx.query<{ message_id: string }>(RECEIVE, [subscription, entries, Date.now()])
    const ids = rows.map((row) => row.message_id)
    for (const id of ids) tx.received.add(keyOf(subscription, id))
    return new Set(ids)
  }

  async forget(tx: SqliteTx, subscription: string, messageIds: readonly string[]): Promise<void> {
    assertOwn(tx)
    const own = messageIds.filter((id) => tx.received.delete(keyOf(subscription, id)))
    const text = 'delete from warren_inbox where subscription = $1 and message_id in (select value from json_each($2))'
    if (own.length > 0) await tx.query(text, [subscription, own])
  }

  async fail(tx: SqliteTx, failures: readonly NewFailure[]): Promise<void> {
    assertOwn(tx)
    const now = Date.now()
    for (const failure of failures) {
      const { subscription, messageId, name, entityId, source, payload, encoding, headers, state, attempts, error } =
        failure
      const isOwn = tx.received.has(keyOf(subscription, messageId))
      const entry = await tx.query(FAIL_ENTRY, [subscription, messageId, name, source, state, now, isOwn])
      if (entry.rows.length === 0) continue
      const dueAt = state === 'retrying' ? Math.ceil(now + failure.delayMs) : null
      const { tries, beganAgo, endedAgo } = attemptOf(failure)
      const kept = await tx.query<{ tries: number }>(FAIL, [
        ...[subscription, messageId, name, entityId, source, payload, encoding, headers, state, attempts, dueAt],
        ...[error.code, error.type, error.message, error.stack, error.fingerprint, now],
        ...[failure.order?.orderKey, failure.order?.sequence, failure.order?.needs, tries],
      ])
      if (tries === 0) continue
      const beganAt = beganAgo === null ? null : now - beganAgo
      await tx.query(ATTEMPT, [
        ...[messageId, subscription, kept.rows[0]?.tries, attempts, beganAt, now - endedAgo, state],
        ...[error.code, error.type, error.message],
      ])
    }
  }

  async countStart(subscription: string, messageId: string): Promise<number> {
    const [row] = await this.#transactions.write((tx) => {
      tx.all(LOST_START, [subscription, messageId])
      return tx.all<{ starts: number }>(
        `insert into warren_inbox_start (subscription, message_id, starts, counted_at) values ($1, $2, 1, $3)
         on conflict (subscription, message_id) do update set starts = starts + 1, counted_at = excluded.counted_at
         returning starts`,
        [subscription, messageId, Date.now()],
      )
    })
    return row?.starts ?? 0
  }

  async countFirstStarts(subscription: string, messageIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#transactions.write((tx) =>
      tx.all<{ message_id: string }>(
        `insert into warren_inbox_start (subscription, message_id, starts, counted_at)
         select $1, value, 1, $3 from json_each($2) where true
         on conflict do nothing
         returning message_id`,
        [subscription, JSON.stringify(messageIds), Date.now()],
      ),
    )
    return new Set(rows.map(({ message_id }) => message_id))
  }

  async clearStarts(tx: SqliteTx, subscription: string, messageIds: readonly string[]): Promise<void> {
    assertOwn(tx)
    const text =
      'delete from warren_inbox_start where subscription = $1 and message_id in (select value from json_each($2))'
    await tx.query(text, [subscription, messageIds])
  }

  async claimRetries(
    subscription: string,
    request: { readonly limit: number; readonly leaseMs: number },
  ): Promise<readonly Failure[]> {
    const due = await this.nextRetryInMs(subscription)
    // Looking takes no lock: most looks find nothing.
    if (due === null || due > 0) return []
    return this.#transactions.write((tx) => {
      const now = Date.now()
      const rows = tx.all<FailureRow>(
        `select ${FAILURE_COLUMNS} from warren_inbox_failure f
         where f.subscription = $1 and f.state = 'retrying' and f.due_at <= $2
         order by f.due_at, f.message_id limit $3`,
        [subscription, now, request.limit],
      )
      const dueAt = Math.ceil(now + request.leaseMs)
      const claimed = [subscription, rows.map((row) => row.message_id)]
      tx.all(LOST_CLAIMS, claimed)
      tx.all(CLAIM, [...claimed, dueAt, now])
      return rows.map((row) => failureOf({ ...row, attempts: Number(row.attempts) + 1, due_at: dueAt }))
    })
  }

  async nextRetryInMs(subscription: string): Promise<number | null> {
    const [row] = await this.#connection.read<{ due_at: number | null }>(
      `select min(due_at) as due_at from warren_inbox_failure where subscription = $1 and state = 'retrying'`,
      [subscription],
    )
    return row?.due_at == null ? null : Math.max(0, row.due_at - Date.now())
  }

  async resolve(tx: SqliteTx, subscription: string, messageId: string): Promise<boolean> {
    assertOwn(tx)
    const entry = await tx.query(
      `update warren_inbox set status = 'handled', settled_at = $3
       where subscription = $1 and message_id = $2 and status = 'retrying' returning 1`,
      [subscription, messageId, Date.now()],
    )
    if (entry.rows.length === 0) return false
    await tx.query('delete from warren_inbox_failure where subscription = $1 and message_id = $2', [
      subscription,
      messageId,
    ])
    return true
  }

  async isCurrent(
    tx: SqliteTx,
    { subscription, messageId, edits }: Pick<Failure, 'subscription' | 'messageId' | 'edits'>,
  ): Promise<boolean> {
    assertOwn(tx)
    const text = 'select 1 from warren_inbox_failure where subscription = $1 and message_id = $2 and edits = $3'
    return (await tx.query(text, [subscription, messageId, edits])).rows.length > 0
  }

  async unclaim(subscription: string, messageIds: readonly string[], delayMs: number): Promise<void> {
    await this.#transactions.write((tx) =>
      tx.all(
        `update warren_inbox_failure set attempts = max(0, attempts - 1), claimed_at = null, due_at = $3
         where subscription = $1 and message_id in (select value from json_each($2)) and state = 'retrying'`,
        [subscription, messageIds, Math.ceil(Date.now() + delayMs)],
      ),
    )
  }
}

function keyOf(subscription: string, messageId: string): string {
  return `${messageId} ${subscription}`
}

function assertOwn(tx: unknown): asserts tx is SqliteTx {
  if (tx instanceof SqliteTx) return
  throw new WarrenError('TRANSACTION_INVALID', 'the inbox needs a handle that the transaction() of its store has given')
}
