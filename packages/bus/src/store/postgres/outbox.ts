import { assertTransaction } from '../transaction-guard.ts'
import { pendingEventOf } from '../rows.ts'
import type { EventRow, PendingRow } from '../rows.ts'
import type { NewEvent, OutboxBacklog, OutboxStore, PendingEvent, Reschedule, Sql } from '../store.ts'
import type { Connection } from './connection.ts'
import type { DayRange, Partitions } from './partitions.ts'
import type { PgQuery } from './pool.ts'
import { ms, uuidArray } from './statements.ts'
import { PostgresTx } from './transaction.ts'
import type { Transactions } from './transactions.ts'

/** PostgreSQL takes at most 65,535 placeholders in one statement. */
const MAX_EVENTS_PER_STATEMENT = 1_000
const COLUMNS = 9

/**
 * Reads the primary key in order and stops: taking `limit` more than what is excluded is enough, whatever is excluded.
 * NOT IN (SELECT …) is hashed, where <> ALL ($2) would be compared one by one before PostgreSQL 15.
 */
const DUE = `
  select id, bucket, state, attempts, order_key
  from (
    select id, bucket, state, attempts, order_key from warren.outbox_pending p
    where state = 'pending' and bucket = any($1::smallint[]) and (due_at is null or due_at <= now())
      and (order_key is null or order_key <> all($4::text[]) and not exists (
        select from warren.outbox_pending q
        where q.order_key = p.order_key and q.id < p.id and q.state = 'pending' and q.due_at > now()))
    order by id limit $3::int + cardinality($2::uuid[])
  ) as head
  where id not in (select unnest($2::uuid[]))
  order by id limit $3::int`

/** Steps from name to name through the partial index instead of reading every unroutable row. */
const PROBES = `
  with recursive names as (
    (select name from warren.outbox_pending where state = 'unroutable' order by name limit 1)
    union all
    select (
      select p.name from warren.outbox_pending p
      where p.state = 'unroutable' and p.name > names.name order by p.name limit 1)
    from names where names.name is not null
  )
  select p.id, p.bucket, p.state, p.attempts, p.order_key
  from names
  cross join lateral (
    select id, bucket, state, attempts, order_key from warren.outbox_pending
    where state = 'unroutable' and name = names.name and bucket = any($1::smallint[])
      and (due_at is null or due_at <= now())
    order by id limit 1
  ) as p
  order by p.id`

/**
 * LATERAL, so that each row is one look into one partition. The range is for the planner: with it, it plans for the one
 * or two partitions that hold these ids instead of for all (0.2 instead of 2.2 ms with a month of them).
 */
const EVENTS = `
  select o.id, o.name, o.entity_id, o.source, o.payload::text as payload, o.headers::text as headers,
    o.is_optional, ${ms('o.created_at')} as created_at
  from unnest($1::uuid[]) as k(id)
  cross join lateral (
    select * from warren.outbox o where o.id = k.id and o.id >= $2::uuid and o.id <= $3::uuid
  ) as o`

type DueRow = Pick<PendingRow, 'id' | 'bucket' | 'state' | 'attempts' | 'order_key'>

/** Written out, because the primary key begins with it. */
const ANY_STATE = `state in ('pending', 'unroutable', 'unpublishable')`

export class PostgresOutbox implements OutboxStore {
  readonly #connection: Connection
  readonly #transactions: Transactions
  readonly #partitions: Partitions
  #lastDay: (DayRange & { readonly text: string }) | null = null

  constructor(connection: Connection, transactions: Transactions, partitions: Partitions) {
    this.#connection = connection
    this.#transactions = transactions
    this.#partitions = partitions
  }

  async append(tx: Sql, events: readonly NewEvent[]): Promise<void> {
    assertTransaction(tx)
    const { statements, usesPreparedStatements } = this.#connection
    if (events.length > 1) {
      for (let start = 0; start < events.length; start += MAX_EVENTS_PER_STATEMENT) {
        const chunk = events.slice(start, start + MAX_EVENTS_PER_STATEMENT)
        await tx.query(statements.rewrite(appendMany(chunk.length)), chunk.flatMap(valuesOf))
      }
      return
    }
    const [event] = events
    if (event === undefined) return
    const text = tx instanceof PostgresTx ? this.#appendOneText(event.id) : statements.text(APPEND_ONE)
    const query = { text, values: valuesOf(event), ...(usesPreparedStatements ? { name: statements.name(text) } : {}) }
    if (tx instanceof PostgresTx) tx.post(query)
    else if (isPgClient(tx)) await tx.query(query)
    else await tx.query(text, query.values)
  }

  /** In a transaction of this store's own role; another role may be allowed to insert into the table alone. */
  #appendOneText(id: string): string {
    const last = this.#lastDay
    if (last !== null && id >= last.from && id < last.to) return last.text
    const { statements } = this.#connection
    const day = this.#partitions.writableFor(id)
    if (day === null) return statements.text(APPEND_ONE)
    this.#lastDay = { ...day, text: statements.rewrite(appendOne(day.name)) }
    return this.#lastDay.text
  }

  /**
   * Tries to insert the ids and rolls back. Reading is not enough: a server that has lost the connection may still be
   * about to commit, and an insert of the same id waits for it.
   */
  async present(ids: readonly string[]): Promise<readonly string[]> {
    const text = this.#connection.statements.text(`
      insert into warren.outbox (id, name, entity_id, source, payload, headers, is_optional)
      select k.id, '', '', '', '{}', '{}', true from unnest($1::uuid[]) as k(id) order by k.id
      on conflict do nothing
      returning id`)
    const absent = await this.#transactions.probe(async (tx) => {
      const { rows } = await tx.query<{ id: string }>(text, [uuidArray(ids)])
      return new Set(rows.map(({ id }) => id))
    })
    return ids.filter((id) => !absent.has(id))
  }

  async claim(request: {
    readonly buckets: readonly number[]
    readonly exclude: readonly string[]
    readonly excludeOrders?: readonly string[]
    readonly limit: number
  }): Promise<readonly PendingEvent[]> {
    const { buckets, exclude, excludeOrders = [], limit } = request
    const values = [buckets, uuidArray(exclude), limit, excludeOrders]
    return this.#withEvents(await this.#connection.run<DueRow>(DUE, values))
  }

  async confirm(ids: readonly string[]): Promise<void> {
    await this.#connection.run('select warren.confirm($1::uuid[])', [uuidArray(ids)])
  }

  async reschedule(changes: readonly Reschedule[]): Promise<void> {
    await this.#connection.run(
      `update warren.outbox_pending as p
       set state = c.state, attempts = p.attempts + 1, due_at = now() + c.delay_ms * interval '1 ms', error = c.error
       from json_to_recordset($1::json) as c(id uuid, state text, delay_ms float8, error text)
       where p.${ANY_STATE} and p.id = c.id`,
      [
        JSON.stringify(
          changes.map(({ id, state, delayMs, error }) => ({ id, state, delay_ms: delayMs, error: withoutNul(error) })),
        ),
      ],
    )
  }

  async probes(buckets: readonly number[]): Promise<readonly PendingEvent[]> {
    return this.#withEvents(await this.#connection.run<DueRow>(PROBES, [buckets]))
  }

  /** The ledger rows of pending rows that are ordered by id. Most looks find nothing, and stop before this. */
  async #withEvents(due: readonly DueRow[]): Promise<readonly PendingEvent[]> {
    const [first, last] = [due.at(0), due.at(-1)]
    if (first === undefined || last === undefined) return []
    const ids = uuidArray(due.map(({ id }) => id))
    const events = await this.#connection.run<EventRow & { is_optional: boolean }>(EVENTS, [ids, first.id, last.id])
    const byId = new Map(events.map((event) => [event.id, event]))
    return due.flatMap((row) => {
      const event = byId.get(row.id)
      return event === undefined ? [] : [pendingEventOf({ ...event, ...row })]
    })
  }

  async release(which: { readonly ids: readonly string[] } | { readonly name: string }): Promise<number> {
    const [condition, value] =
      'ids' in which
        ? [`${ANY_STATE} and id = any($1::uuid[])`, uuidArray(which.ids)]
        : [`state = 'unroutable' and name = $1`, which.name]
    const [row] = await this.#connection.run<{ released: number | string }>(
      `with released as (
         update warren.outbox_pending set state = 'pending', due_at = null where ${condition} returning 1
       )
       select count(*) as released from released`,
      [value],
    )
    return Number(row?.released ?? 0)
  }

  async backlog(): Promise<OutboxBacklog> {
    const [row] = await this.#connection.run<
      Record<'pending' | 'unroutable' | 'unpublishable', string> & { oldest: number | string | null }
    >(
      `select
         (select count(*) from warren.outbox_pending where state = 'pending') as pending,
         (select count(*) from warren.outbox_pending where state = 'unroutable') as unroutable,
         (select count(*) from warren.outbox_pending where state = 'unpublishable') as unpublishable,
         (select ${ms('o.created_at')}
          from (select id from warren.outbox_pending where state = 'pending' order by id limit 1) as p
          cross join lateral (select created_at from warren.outbox where id = p.id) as o) as oldest`,
    )
    return {
      pending: Number(row?.pending ?? 0),
      unroutable: Number(row?.unroutable ?? 0),
      unpublishable: Number(row?.unpublishable ?? 0),
      oldestPendingAt: row?.oldest == null ? null : new Date(Number(row.oldest)),
    }
  }
}

/**
 * Ledger and pending row in one statement. Only scalars, and every one sent as text: arrays, booleans and JSON mean
 * something else to each of the libraries whose transactions are passed here.
 */
const appendOne = (ledger: string) => `
  with ledger as (
    insert into warren.${ledger} (id, name, entity_id, source, payload, headers, is_optional)
    values ($1::text::uuid, $2::text, $3::text, $4::text, $5::text::json, $6::text::json, $7::text::boolean)
  )
  insert into warren.outbox_pending (id, name, bucket, order_key)
  values ($1::text::uuid, $2::text, $8::text::smallint, $9::text)`

const APPEND_ONE = appendOne('outbox')

function appendMany(events: number): string {
  const rows = Array.from({ length: events }, (_, row) => {
    const at = (column: number) => `$${row * COLUMNS + column}::text`
    return `(${at(1)}::uuid, ${at(2)}, ${at(3)}, ${at(4)}, ${at(5)}::json, ${at(6)}::json, ${at(7)}::boolean, ${at(8)}::smallint, ${at(9)})`
  })
  return `
    with event (id, name, entity_id, source, payload, headers, is_optional, bucket, order_key) as (values ${rows.join(', ')}),
    ledger as (
      insert into warren.outbox (id, name, entity_id, source, payload, headers, is_optional)
      select id, name, entity_id, source, payload, headers, is_optional from event
    )
    insert into warren.outbox_pending (id, bucket, name, order_key) select id, bucket, name, order_key from event`
}

function valuesOf(event: NewEvent): (string | null)[] {
  return [
    event.id,
    event.name,
    event.entityId,
    event.source,
    event.payload,
    JSON.stringify(event.headers),
    String(event.isOptional),
    String(event.bucket),
    event.orderKey ?? null,
  ]
}

/** A `pg` client can prepare: 45 instead of 125 µs of the server's time for one event. */
function isPgClient(tx: object): tx is { query(query: PgQuery): Promise<unknown> } {
  return 'processID' in tx && 'connectionParameters' in tx
}

/** PostgreSQL's text takes every character but this one. */
export function withoutNul(text: string): string {
  return text.replaceAll('\u0000', '\u2400')
}
