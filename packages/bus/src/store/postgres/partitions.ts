import { WarrenError } from '../../errors.ts'
import { DAY_MS, dayOf, leastIdAt } from '../ids.ts'
import type { MaintenanceReport, Retention } from '../store.ts'
import { sqlState } from './sqlstate.ts'
import { ms } from './statements.ts'
import type { Statements } from './statements.ts'
import type { PostgresTx } from './transaction.ts'
import type { Transactions } from './transactions.ts'

/** Partitions are made for today and this many days to come: maintain() may fail for a week. */
const DAYS_AHEAD = 7
/** Everybody who comes after a waiting ALTER or DROP waits behind it: it must give up soon. */
const LOCK_TIMEOUT_MS = 500
const LOCK_NOT_AVAILABLE = '55P03'
const DELETE_BATCH = 10_000
/** Each start of a process leaves one behind. */
const FORGOTTEN_LEASE_DAYS = 7

type Table = 'outbox' | 'inbox'

/** Makes the partitions of the next days and returns their names. */
export async function createPartitions(transactions: Transactions, statements: Statements): Promise<readonly string[]> {
  const { created } = await ensurePartitions(transactions, statements)
  return created
}

/** Makes what is needed soon, drops what is old and settled, empties the default partitions of what is old. */
export async function maintainPartitions(
  transactions: Transactions,
  statements: Statements,
  retention: Retention,
): Promise<MaintenanceReport> {
  const { created, kept } = await ensurePartitions(transactions, statements)
  const removed: string[] = []
  for (const [table, days] of [
    ['outbox', retention.outboxDays],
    ['inbox', retention.inboxDays],
  ] as const) {
    const report = await dropOld(transactions, statements, table, days)
    removed.push(...report.removed)
    kept.push(...report.kept)
  }
  removed.push(...(await deleteOldRows(transactions, statements, 'inbox_start', retention.inboxDays)))
  removed.push(...(await deleteOldRows(transactions, statements, 'lease', FORGOTTEN_LEASE_DAYS)))
  return { created, removed, kept }
}

interface Kept {
  readonly what: string
  readonly why: string
}

async function ensurePartitions(
  transactions: Transactions,
  statements: Statements,
): Promise<{ created: string[]; kept: Kept[] }> {
  const created: string[] = []
  const kept: Kept[] = []
  const today = await transactions.run(async (tx) => dayOf(await nowMs(tx)))
  for (const table of ['outbox', 'inbox'] as const) {
    const existing = new Set(
      (await transactions.run((tx) => partitionsOf(tx, statements, table))).map(({ day }) => day),
    )
    for (let day = today; day <= today + DAYS_AHEAD * DAY_MS; day += DAY_MS) {
      if (existing.has(day)) continue
      const outcome = await attempt(() => createPartition(transactions, statements, table, day))
      const what = partitionName(table, day)
      if (outcome === 'created') created.push(what)
      else if (outcome !== 'exists') kept.push({ what, why: outcome })
    }
  }
  return { created, kept }
}

/**
 * Made as a table and attached: CREATE … PARTITION OF would stop all reading and writing of the whole table for a moment,
 * ATTACH locks the default partition alone.
 */
function createPartition(
  transactions: Transactions,
  statements: Statements,
  table: Table,
  day: number,
): Promise<string> {
  const { schema } = statements
  const name = `${schema}.${partitionName(table, day)}`
  const [from, to] = [leastIdAt(day), leastIdAt(day + DAY_MS)]
  const key = keyOf(table)
  return transactions.run(async (tx) => {
    await tx.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`)
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`warren partitions of ${schema}`])
    const { rows } = await tx.query<{ name: string | null }>('select to_regclass($1)::text as name', [name])
    if (rows[0]?.name != null) return 'exists'
    const stray = await tx.query(
      `select 1 from ${schema}.${table}_default where ${key} >= $1::uuid and ${key} < $2::uuid limit 1`,
      [from, to],
    )
    if (stray.rows.length > 0)
      return `rows of that day are in ${table}_default already, and stay there until they are too old`
    await tx.query(`create table ${name} (like ${schema}.${table} including all)`)
    await tx.query(`alter table ${schema}.${table} attach partition ${name} for values from ('${from}') to ('${to}')`)
    return 'created'
  })
}

async function dropOld(
  transactions: Transactions,
  statements: Statements,
  table: Table,
  days: number,
): Promise<{ removed: string[]; kept: Kept[] }> {
  const removed: string[] = []
  const kept: Kept[] = []
  const oldest = await transactions.run(async (tx) => (await nowMs(tx)) - days * DAY_MS)
  const partitions = await transactions.run((tx) => partitionsOf(tx, statements, table))
  for (const { name, day } of partitions) {
    if (day + DAY_MS > oldest) continue
    const outcome = await attempt(() => dropPartition(transactions, statements, table, name, day))
    if (outcome === 'dropped') removed.push(name)
    else kept.push({ what: name, why: outcome })
  }
  const deleted = await deleteFromDefault(transactions, statements, table, oldest)
  if (deleted > 0) removed.push(`${table}_default: ${deleted} rows`)
  return { removed, kept }
}

function dropPartition(
  transactions: Transactions,
  statements: Statements,
  table: Table,
  name: string,
  day: number,
): Promise<string> {
  const { schema } = statements
  const range = [leastIdAt(day), leastIdAt(day + DAY_MS)]
  return transactions.run(async (tx) => {
    await tx.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`)
    const { rows } = await tx.query<{ needed: number | string }>(statements.text(NEEDED[table]), range)
    const needed = Number(rows[0]?.needed ?? 0)
    if (needed > 0)
      return `${needed} ${table === 'outbox' ? 'events are not sent yet' : 'failures are not settled yet'}`
    // DETACH … CONCURRENTLY would not lock, but is refused where there is a default partition.
    await tx.query(`drop table if exists ${schema}.${name}`)
    return 'dropped'
  })
}

const NEEDED: Readonly<Record<Table, string>> = {
  outbox: `select count(*) as needed from warren.outbox_pending
    where state in ('pending', 'unroutable', 'unpublishable') and id >= $1::uuid and id < $2::uuid`,
  inbox: `select count(*) as needed from warren.inbox_failure where message_id >= $1::uuid and message_id < $2::uuid`,
}

const DELETE_FROM_DEFAULT: Readonly<Record<Table, string>> = {
  outbox: `delete from warren.outbox_default where id in (
    select o.id from warren.outbox_default o where o.created_at < to_timestamp($1::float8 / 1000)
      and not exists (
        select from warren.outbox_pending p where p.state in ('pending', 'unroutable', 'unpublishable') and p.id = o.id)
    limit $2)`,
  inbox: `delete from warren.inbox_default where (subscription, message_id) in (
    select i.subscription, i.message_id from warren.inbox_default i where i.received_at < to_timestamp($1::float8 / 1000)
      and not exists (
        select from warren.inbox_failure f where f.subscription = i.subscription and f.message_id = i.message_id)
    limit $2)`,
}

function deleteFromDefault(
  transactions: Transactions,
  statements: Statements,
  table: Table,
  oldest: number,
): Promise<number> {
  return deleteInBatches(transactions, statements.text(DELETE_FROM_DEFAULT[table]), oldest)
}

const OLD_ROWS = {
  inbox_start: `delete from warren.inbox_start where (subscription, message_id) in (
    select subscription, message_id from warren.inbox_start where counted_at < to_timestamp($1::float8 / 1000) limit $2)`,
  lease: `delete from warren.lease where (lease_group, name) in (
    select lease_group, name from warren.lease where expires_at < to_timestamp($1::float8 / 1000) limit $2)`,
}

async function deleteOldRows(
  transactions: Transactions,
  statements: Statements,
  table: keyof typeof OLD_ROWS,
  days: number,
): Promise<string[]> {
  const oldest = await transactions.run(async (tx) => (await nowMs(tx)) - days * DAY_MS)
  const deleted = await deleteInBatches(transactions, statements.text(OLD_ROWS[table]), oldest)
  return deleted > 0 ? [`${table}: ${deleted} rows`] : []
}

async function deleteInBatches(transactions: Transactions, text: string, oldest: number): Promise<number> {
  let deleted = 0
  for (;;) {
    const { rows } = await transactions.run((tx) =>
      tx.query<{ deleted: number | string }>(
        `with gone as (${text} returning 1) select count(*) as deleted from gone`,
        [oldest, DELETE_BATCH],
      ),
    )
    const batch = Number(rows[0]?.deleted ?? 0)
    deleted += batch
    if (batch < DELETE_BATCH) return deleted
  }
}

interface Partition {
  readonly name: string
  readonly day: number
}

async function partitionsOf(tx: PostgresTx, statements: Statements, table: Table): Promise<readonly Partition[]> {
  const { rows } = await tx.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = to_regclass($1) order by c.relname`,
    [`${statements.schema}.${table}`],
  )
  return rows.flatMap(({ name }) => {
    const digits = new RegExp(`^${table}_(\\d{4})(\\d{2})(\\d{2})$`).exec(name)
    if (digits === null) return []
    return [{ name, day: Date.parse(`${digits[1] ?? ''}-${digits[2] ?? ''}-${digits[3] ?? ''}T00:00:00Z`) }]
  })
}

function partitionName(table: Table, day: number): string {
  return `${table}_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`
}

function keyOf(table: Table): string {
  return table === 'outbox' ? 'id' : 'message_id'
}

async function nowMs(tx: PostgresTx): Promise<number> {
  const { rows } = await tx.query<{ now: number | string }>(`select ${ms('now()')} as now`)
  return Number(rows[0]?.now)
}

async function attempt(work: () => Promise<string>): Promise<string> {
  try {
    return await work()
  } catch (error) {
    if (sqlState(error) === LOCK_NOT_AVAILABLE) return 'it is in use; it is tried again the next time'
    if (
      error instanceof WarrenError &&
      error.code === 'TRANSACTION_ABORTED' &&
      sqlState(error.cause) === LOCK_NOT_AVAILABLE
    ) {
      return 'it is in use; it is tried again the next time'
    }
    throw error
  }
}
