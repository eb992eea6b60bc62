import { DAY_MS, leastIdAt } from '../ids.ts'
import type { MaintenanceReport, Retention } from '../store.ts'
import type { Transactions } from './transactions.ts'

/** Deletes in steps this small: nobody else writes meanwhile. */
const BATCH = 2_000

const OLD_EVENTS = `
  delete from warren_outbox where id in (
    select o.id from warren_outbox o
    where o.id < $1 and not exists (
      select 1 from warren_outbox_pending p where p.state in ('pending', 'unroutable', 'unpublishable') and p.id = o.id)
    order by o.id limit $2)
  returning 1`

const OLD_ENTRIES = `
  delete from warren_inbox where (subscription, message_id) in (
    select i.subscription, i.message_id from warren_inbox i
    where i.subscription = $3 and i.message_id < $1 and not exists (
      select 1 from warren_inbox_failure f where f.subscription = i.subscription and f.message_id = i.message_id)
    order by i.message_id limit $2)
  returning 1`

const OLD_STARTS = `
  delete from warren_inbox_start where (subscription, message_id) in (
    select subscription, message_id from warren_inbox_start where counted_at < $1 limit $2)
  returning 1`

const KEPT_EVENTS = `
  select count(*) as count from warren_outbox_pending
  where state in ('pending', 'unroutable', 'unpublishable') and id < $1`
const KEPT_ENTRIES = 'select count(*) as count from warren_inbox_failure where message_id < $1'

/** Deletes what is old and settled, a little at a time. */
export async function maintainTables(transactions: Transactions, retention: Retention): Promise<MaintenanceReport> {
  const now = Date.now()
  const oldestEvent = leastIdAt(now - retention.outboxDays * DAY_MS)
  const oldestEntryMs = now - retention.inboxDays * DAY_MS
  const oldestEntry = leastIdAt(oldestEntryMs)
  const removed: string[] = []
  const kept: { what: string; why: string }[] = []

  const events = await deleteAll(transactions, OLD_EVENTS, [oldestEvent])
  if (events > 0) removed.push(`outbox: ${events} rows`)

  let entries = 0
  const subscriptions = await transactions.write((tx) =>
    tx.all<{ subscription: string }>('select distinct subscription from warren_inbox'),
  )
  for (const { subscription } of subscriptions) {
    entries += await deleteAll(transactions, OLD_ENTRIES, [oldestEntry], [subscription])
  }
  if (entries > 0) removed.push(`inbox: ${entries} rows`)

  const starts = await deleteAll(transactions, OLD_STARTS, [oldestEntryMs])
  if (starts > 0) removed.push(`inbox_start: ${starts} rows`)

  const pending = await count(transactions, KEPT_EVENTS, oldestEvent)
  if (pending > 0) kept.push({ what: `outbox: ${pending} rows`, why: 'they are not sent yet' })
  const failures = await count(transactions, KEPT_ENTRIES, oldestEntry)
  if (failures > 0) kept.push({ what: `inbox: ${failures} rows`, why: 'their failures are not settled yet' })
  return { created: [], removed, kept }
}

async function deleteAll(
  transactions: Transactions,
  text: string,
  before: readonly [unknown],
  after: readonly unknown[] = [],
): Promise<number> {
  let deleted = 0
  for (;;) {
    const batch = await transactions.write((tx) => tx.all(text, [...before, BATCH, ...after]).length)
    deleted += batch
    if (batch < BATCH) return deleted
  }
}

async function count(transactions: Transactions, text: string, value: string): Promise<number> {
  const [row] = await transactions.write((tx) => tx.all<{ count: number }>(text, [value]))
  return row?.count ?? 0
}
