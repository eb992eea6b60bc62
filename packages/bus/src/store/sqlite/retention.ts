import { DAY_MS, leastIdAt } from '../ids.ts'
import { holdBefore } from '../reconciliation/holds.ts'
import type { Holds } from '../reconciliation/holds.ts'
import type { MaintenanceReport, Retention } from '../store.ts'
import type { Connection } from './connection.ts'
import { subscriptionsWithEntries } from './messages.ts'
import type { Transactions } from './transactions.ts'

/** Deletes in steps this small: nobody else writes meanwhile. */
const BATCH = 2_000
/** Each start of a process leaves one behind. */
const FORGOTTEN_LEASE_MS = 7 * DAY_MS
const BEYOND_ALL_IDS = 'g'

/**
 * $1 and $2 bound the ids, $3 is the time. Both, because an id that is no UUIDv7, of a publisher that is not Warren, says
 * nothing of its age: such a row goes when it was written long enough ago.
 */
const OLD_EVENTS = `
  delete from warren_outbox where id in (
    select o.id from warren_outbox o
    where o.id >= $1 and o.id < $2 and o.created_at < $3 and not exists (
      select 1 from warren_outbox_pending p where p.state in ('pending', 'unroutable', 'unpublishable') and p.id = o.id)
    order by o.id limit $4)
  returning 1`

const OLD_ENTRIES = `
  delete from warren_inbox where (subscription, message_id) in (
    select i.subscription, i.message_id from warren_inbox i
    where i.subscription = $5 and i.message_id >= $1 and i.message_id < $2 and i.received_at < $3 and not exists (
      select 1 from warren_inbox_failure f where f.subscription = i.subscription and f.message_id = i.message_id)
    order by i.message_id limit $4)
  returning 1`

const OLD_ATTEMPTS = `
  delete from warren_inbox_attempt where (message_id, subscription, place) in (
    select a.message_id, a.subscription, a.place from warren_inbox_attempt a
    where a.message_id >= $1 and a.message_id < $2 and coalesce(a.ended_at, a.began_at) < $3 and not exists (
      select 1 from warren_inbox_failure f where f.subscription = a.subscription and f.message_id = a.message_id)
    order by a.message_id limit $4)
  returning 1`

const OLD_STARTS = `
  delete from warren_inbox_start where (subscription, message_id) in (
    select subscription, message_id from warren_inbox_start where counted_at < $1 limit $2)
  returning 1`

const KEPT_EVENTS = `
  select count(*) as count from warren_outbox_pending
  where state in ('pending', 'unroutable', 'unpublishable') and id < $1`
const KEPT_ENTRIES = 'select count(*) as count from warren_inbox_failure where message_id < $1'

const OLD_LEASES = `
  delete from warren_lease where (lease_group, name) in (
    select lease_group, name from warren_lease where expires_at < $1 limit $2)
  returning 1`

/** Deletes what is old and settled, a little at a time. */
export async function maintainTables(
  connection: Connection,
  transactions: Transactions,
  retention: Retention,
  holds: Holds,
): Promise<MaintenanceReport> {
  const now = Date.now()
  const [tooOldEventMs, tooOldEntryMs] = [now - retention.outboxDays * DAY_MS, now - retention.inboxDays * DAY_MS]
  const heldEvent = holdBefore(await holds.ledger(), tooOldEventMs)
  const heldEntry = holdBefore(await holds.inbox(tooOldEntryMs), tooOldEntryMs)
  const oldestEventMs = heldEvent?.fromMs ?? tooOldEventMs
  const oldestEntryMs = heldEntry?.fromMs ?? tooOldEntryMs
  const subscriptions = await subscriptionsWithEntries(connection)
  const counts = {
    outbox: await deleteById(transactions, OLD_EVENTS, oldestEventMs, now),
    inbox: await sum(subscriptions, (name) => deleteById(transactions, OLD_ENTRIES, oldestEntryMs, now, name)),
    inbox_attempt: await deleteById(transactions, OLD_ATTEMPTS, oldestEntryMs, now),
    inbox_start: await deleteInBatches(transactions, OLD_STARTS, [oldestEntryMs, BATCH]),
    lease: await deleteInBatches(transactions, OLD_LEASES, [now - FORGOTTEN_LEASE_MS, BATCH]),
    reconciliation: await holds.forget(tooOldEventMs),
  }
  const removed = Object.entries(counts).flatMap(([table, rows]) => (rows > 0 ? [`${table}: ${rows} rows`] : []))

  const kept: { what: string; why: string }[] = []
  const pending = await count(connection, KEPT_EVENTS, leastIdAt(oldestEventMs))
  if (pending > 0) kept.push({ what: `outbox: ${pending} rows`, why: 'they are not sent yet' })
  const failures = await count(connection, KEPT_ENTRIES, leastIdAt(oldestEntryMs))
  if (failures > 0) kept.push({ what: `inbox: ${failures} rows`, why: 'their failures are not settled yet' })
  for (const [table, held] of [['outbox', heldEvent] as const, ['inbox', heldEntry] as const]) {
    if (held !== null) kept.push({ what: `${table} from ${new Date(held.fromMs).toISOString()}`, why: held.why })
  }
  return { created: [], removed, kept }
}

/** Ids from before the retention, and ids from the future, which are of another version: each is a range of the key. */
async function deleteById(
  transactions: Transactions,
  text: string,
  oldestMs: number,
  now: number,
  subscription?: string,
): Promise<number> {
  const rest = [oldestMs, BATCH, ...(subscription === undefined ? [] : [subscription])]
  const old = await deleteInBatches(transactions, text, ['', leastIdAt(oldestMs), ...rest])
  const future = await deleteInBatches(transactions, text, [leastIdAt(now + DAY_MS), BEYOND_ALL_IDS, ...rest])
  return old + future
}

async function deleteInBatches(transactions: Transactions, text: string, values: readonly unknown[]): Promise<number> {
  let deleted = 0
  for (;;) {
    const batch = await transactions.write((tx) => tx.all(text, values).length)
    deleted += batch
    if (batch < BATCH) return deleted
  }
}

async function sum<T>(values: readonly T[], measure: (value: T) => Promise<number>): Promise<number> {
  let total = 0
  for (const value of values) total += await measure(value)
  return total
}

async function count(connection: Connection, text: string, value: string): Promise<number> {
  const [row] = await connection.read<{ count: number }>(text, [value])
  return row?.count ?? 0
}
