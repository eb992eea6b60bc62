import { assertTransaction } from '../transaction-guard.ts'
import { pendingEventOf } from '../rows.ts'
import type { PendingRow } from '../rows.ts'
import type { NewEvent, OutboxBacklog, OutboxStore, PendingEvent, Reschedule, Sql } from '../store.ts'
import { leastIdAt } from '../ids.ts'
import type { Connection } from './connection.ts'
import type { Transactions } from './transactions.ts'

const EVENT = 'o.name, o.entity_id, o.source, o.payload, o.headers, o.is_optional, o.created_at'

const LEDGER = `
  insert into warren_outbox (id, name, entity_id, source, payload, headers, is_optional, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`

const PENDING = 'insert into warren_outbox_pending (id, bucket, name, order_key) values ($1, $2, $3, $4)'

// CROSS JOIN keeps the order of the tables: the pending rows by their key, then each ledger row by its id.
const CLAIM = `
  select p.id, p.bucket, p.state, p.attempts, p.order_key, ${EVENT}
  from warren_outbox_pending p cross join warren_outbox o on o.id = p.id
  where p.state = 'pending' and p.due_at <= $4
    and p.bucket in (select value from json_each($1))
    and p.id not in (select value from json_each($2))
    and (p.order_key is null or p.order_key not in (select value from json_each($5)) and not exists (
      select 1 from warren_outbox_pending q
      where q.order_key = p.order_key and q.id < p.id and q.state = 'pending' and q.due_at > $4))
  order by p.id limit $3`

/** Steps from name to name through the partial index instead of reading every unroutable row. */
const PROBES = `
  with recursive names(name) as (
    select min(name) from warren_outbox_pending where state = 'unroutable'
    union all
    select (select min(p.name) from warren_outbox_pending p where p.state = 'unroutable' and p.name > names.name)
    from names where names.name is not null
  )
  select p.id, p.bucket, p.state, p.attempts, p.order_key, ${EVENT}
  from names
  cross join warren_outbox_pending p on p.state = 'unroutable' and p.id = (
    select q.id from warren_outbox_pending q
    where q.state = 'unroutable' and q.name = names.name and q.due_at <= $2
      and q.bucket in (select value from json_each($1))
    order by q.id limit 1)
  cross join warren_outbox o on o.id = p.id
  order by p.id`

/** Written out, because the primary key begins with it. */
const ANY_STATE = `state in ('pending', 'unroutable', 'unpublishable')`

export class SqliteOutbox implements OutboxStore {
  readonly #connection: Connection
  readonly #transactions: Transactions

  constructor(connection: Connection, transactions: Transactions) {
    this.#connection = connection
    this.#transactions = transactions
  }

  async append(tx: Sql, events: readonly NewEvent[]): Promise<void> {
    assertTransaction(tx)
    for (const event of events) {
      const { id, name, entityId, source, payload, headers, isOptional, bucket, orderKey } = event
      await tx.query(LEDGER, [id, name, entityId, source, payload, headers, isOptional, Date.now()])
      await tx.query(PENDING, [id, bucket, name, orderKey ?? null])
    }
  }

  async present(ids: readonly string[]): Promise<readonly string[]> {
    const rows = await this.#connection.read<{ id: string }>(
      'select id from warren_outbox where id in (select value from json_each($1))',
      [ids],
    )
    return rows.map(({ id }) => id)
  }

  async claim(request: {
    readonly buckets: readonly number[]
    readonly exclude: readonly string[]
    readonly excludeOrders?: readonly string[]
    readonly limit: number
  }): Promise<readonly PendingEvent[]> {
    const { buckets, exclude, excludeOrders = [], limit } = request
    const values = [buckets, exclude, limit, Date.now(), excludeOrders]
    const rows = await this.#connection.read<PendingRow>(CLAIM, values)
    return rows.map(pendingEventOf)
  }

  async confirm(ids: readonly string[]): Promise<void> {
    await this.#transactions.write((tx) => {
      const sent = tx.all<{ id: string }>(
        `delete from warren_outbox_pending where ${ANY_STATE} and id in (select value from json_each($1)) returning id`,
        [ids],
      )
      // A barrier that asked for later ids than these may not have seen them: their minutes must be compared again.
      const [asked] = tx.all<{ through: number | null }>('select max(asked_through) as through from warren_proof')
      const bound = leastIdAt(asked?.through ?? 0)
      for (const { id } of sent)
        if (id < bound) tx.all('insert into warren_late_event (id) values ($1) on conflict do nothing', [id])
    })
  }

  async reschedule(changes: readonly Reschedule[]): Promise<void> {
    const now = Date.now()
    await this.#transactions.write((tx) => {
      for (const { id, state, delayMs, error } of changes) {
        tx.all(
          `update warren_outbox_pending set state = $2, attempts = attempts + 1, due_at = $3, error = $4
           where ${ANY_STATE} and id = $1`,
          [id, state, Math.ceil(now + delayMs), error],
        )
      }
    })
  }

  async probes(buckets: readonly number[]): Promise<readonly PendingEvent[]> {
    return (await this.#connection.read<PendingRow>(PROBES, [buckets, Date.now()])).map(pendingEventOf)
  }

  async release(which: { readonly ids: readonly string[] } | { readonly name: string }): Promise<number> {
    const [condition, value] =
      'ids' in which
        ? [`${ANY_STATE} and id in (select value from json_each($1))`, which.ids]
        : [`state = 'unroutable' and name = $1`, which.name]
    const text = `update warren_outbox_pending set state = 'pending', due_at = 0 where ${condition} returning 1`
    return this.#transactions.write((tx) => tx.all(text, [value]).length)
  }

  async backlog(): Promise<OutboxBacklog> {
    const [row] = await this.#connection.read<
      Record<'pending' | 'unroutable' | 'unpublishable', number> & { oldest: number | null }
    >(
      `select
         (select count(*) from warren_outbox_pending where state = 'pending') as pending,
         (select count(*) from warren_outbox_pending where state = 'unroutable') as unroutable,
         (select count(*) from warren_outbox_pending where state = 'unpublishable') as unpublishable,
         (select created_at from warren_outbox
          where id = (select min(id) from warren_outbox_pending where state = 'pending')) as oldest`,
    )
    return {
      pending: row?.pending ?? 0,
      unroutable: row?.unroutable ?? 0,
      unpublishable: row?.unpublishable ?? 0,
      oldestPendingAt: row?.oldest == null ? null : new Date(row.oldest),
    }
  }
}
