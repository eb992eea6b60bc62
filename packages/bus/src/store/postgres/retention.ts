import { DAY_MS, leastIdAt } from '../ids.ts'
import { holdBefore } from '../reconciliation/holds.ts'
import type { Holds } from '../reconciliation/holds.ts'
import type { MaintenanceReport, Retention } from '../store.ts'
import type { Connection } from './connection.ts'
import { partitionedTables } from './partitions.ts'
import type { Partition, PartitionedTable, Partitions } from './partitions.ts'
import type { PostgresTx } from './transaction.ts'

const DELETE_BATCH = 10_000
/** Each start of a process leaves one behind. */
const FORGOTTEN_LEASE_MS = 7 * DAY_MS

const FAILED = `select count(*) as needed from warren.inbox_failure where message_id >= $1::uuid and message_id < $2::uuid`
const NEEDED: Readonly<Record<PartitionedTable, string>> = {
  outbox: `select count(*) as needed from warren.outbox_pending
    where state in ('pending', 'unroutable', 'unpublishable') and id >= $1::uuid and id < $2::uuid`,
  inbox: FAILED,
  inbox_attempt: FAILED,
}

const WHY_NEEDED: Readonly<Record<PartitionedTable, string>> = {
  outbox: 'events are not sent yet',
  inbox: 'failures are not settled yet',
  inbox_attempt: 'failures are not settled yet',
}

/** What lies in no day partition, by its own time, and small tables. */
const OLD_ROWS = {
  outbox_default: `delete from warren.outbox_default where id in (
    select o.id from warren.outbox_default o where o.created_at < to_timestamp($1::float8 / 1000)
      and not exists (
        select from warren.outbox_pending p where p.state in ('pending', 'unroutable', 'unpublishable') and p.id = o.id)
    limit $2)`,
  inbox_default: `delete from warren.inbox_default where (subscription, message_id) in (
    select i.subscription, i.message_id from warren.inbox_default i where i.received_at < to_timestamp($1::float8 / 1000)
      and not exists (
        select from warren.inbox_failure f where f.subscription = i.subscription and f.message_id = i.message_id)
    limit $2)`,
  inbox_attempt_default: `delete from warren.inbox_attempt_default where (message_id, subscription, place) in (
    select a.message_id, a.subscription, a.place from warren.inbox_attempt_default a
    where coalesce(a.ended_at, a.began_at) < $1::float8 and not exists (
      select from warren.inbox_failure f where f.subscription = a.subscription and f.message_id = a.message_id)
    limit $2)`,
  inbox_start: `delete from warren.inbox_start where (subscription, message_id) in (
    select subscription, message_id from warren.inbox_start where counted_at < to_timestamp($1::float8 / 1000) limit $2)`,
  lease: `delete from warren.lease where (lease_group, name) in (
    select lease_group, name from warren.lease where expires_at < to_timestamp($1::float8 / 1000) limit $2)`,
}

/** Makes the partitions that are needed soon, drops the days that are old and settled, deletes old rows elsewhere. */
export class PostgresRetention {
  readonly #connection: Connection
  readonly #partitions: Partitions
  readonly #holds: Holds

  constructor(connection: Connection, partitions: Partitions, holds: Holds) {
    this.#connection = connection
    this.#partitions = partitions
    this.#holds = holds
  }

  async maintain(retention: Retention): Promise<MaintenanceReport> {
    const { created, kept: notCreated } = await this.#partitions.create()
    const now = await this.#partitions.nowMs()
    const [outbox, inbox] = [now - retention.outboxDays * DAY_MS, now - retention.inboxDays * DAY_MS]
    const oldest = { outbox, inbox, inbox_attempt: inbox }
    const removed: string[] = []
    const kept = [...notCreated]

    for (const table of partitionedTables) {
      for (const partition of await this.#partitions.list(table)) {
        if (partition.day + DAY_MS > oldest[table]) continue
        const outcome = await this.#partitions.change((tx) => this.#drop(tx, partition, oldest[table]))
        if (outcome === 'dropped') removed.push(partition.name)
        else kept.push({ what: partition.name, why: outcome })
      }
    }
    const bounds = {
      outbox_default: outbox,
      inbox_default: inbox,
      inbox_attempt_default: inbox,
      inbox_start: inbox,
      lease: now - FORGOTTEN_LEASE_MS,
    }
    for (const table of Object.keys(bounds) as readonly (keyof typeof bounds)[]) {
      const deleted = await this.#deleteInBatches(OLD_ROWS[table], bounds[table])
      if (deleted > 0) removed.push(`${table}: ${deleted} rows`)
    }
    const forgotten = await this.#holds.forget(outbox)
    if (forgotten > 0) removed.push(`reconciliation: ${forgotten} rows`)
    return { created, removed, kept }
  }

  async #drop(tx: PostgresTx, { table, name, day }: Partition, oldestMs: number): Promise<string> {
    const { statements } = this.#connection
    const { schema } = statements
    const whyKept = async (): Promise<string | null> => {
      const range = [leastIdAt(day), leastIdAt(day + DAY_MS)]
      const { rows } = await tx.query<{ needed: number | string }>(statements.text(NEEDED[table]), range)
      const needed = Number(rows[0]?.needed ?? 0)
      if (needed > 0) return `${needed} ${WHY_NEEDED[table]}`
      const holds = table === 'outbox' ? await this.#holds.ledger() : await this.#holds.inbox(oldestMs)
      return holdBefore(holds, day + DAY_MS)?.why ?? null
    }
    // Asked before the lock, which stops all writers, and again behind it: a message of that day may just have failed.
    const before = await whyKept()
    if (before !== null) return before
    await tx.query(`lock table only ${schema}.${table} in access exclusive mode`)
    const after = await whyKept()
    if (after !== null) return after
    // DETACH … CONCURRENTLY would not lock, but is refused where there is a default partition.
    await tx.query(`drop table if exists ${schema}.${name}`)
    return 'dropped'
  }

  async #deleteInBatches(statement: string, oldest: number): Promise<number> {
    let deleted = 0
    for (;;) {
      const [row] = await this.#connection.run<{ deleted: number | string }>(
        `with gone as (${statement} returning 1) select count(*) as deleted from gone`,
        [oldest, DELETE_BATCH],
      )
      const batch = Number(row?.deleted ?? 0)
      deleted += batch
      if (batch < DELETE_BATCH) return deleted
    }
  }
}
