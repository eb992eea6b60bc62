import { leastIdAt } from './ids.ts'
import type { Dialect, Numeric } from './reconciliation/dialect.ts'
import type { TimeRange } from './contract/reconciliation.ts'
import type { FailureTrends } from './store.ts'

interface Row {
  readonly subscription: string
  readonly fingerprint: string
  readonly start: string
  readonly count: Numeric
}

/** `01a218de-4`: 36 of the 48 bits of the time. */
const DIGITS = 10
const RESOLUTION_MS = 2 ** 12

/**
 * See FailureReads.trends(). The newest through the index of message ids, and the row of each: 10,000 of a million took 40 ms on
 * PostgreSQL, 10,000 of 400,000 took 100 ms on SQLite, and more failures make it no slower. Grouped by four seconds, so that what comes
 * back is short where many failed at once. Where the range begins is asked outside: within, PostgreSQL may guess that fewer than the
 * limit lie in it, and read and sort them all (2 s).
 */
export async function readTrends(
  dialect: Dialect,
  { fromMs, toMs }: TimeRange,
  buckets: number,
  most: number,
): Promise<FailureTrends> {
  const rows = await dialect.read<Row>(
    `select t.subscription, t.fingerprint, t.start, count(*) as count from (
       select f.subscription, f.fingerprint, substr(cast(f.message_id as text), 1, ${DIGITS}) as start
       from warren.inbox_failure f where f.message_id < $2 order by f.message_id desc limit $3) as t
     where t.start >= $1
     group by t.subscription, t.fingerprint, t.start`,
    [leastIdAt(fromMs).slice(0, DIGITS), leastIdAt(toMs), most],
  )
  const stepMs = (toMs - fromMs) / buckets
  const bucketOf = (start: string): number => {
    const atMs = Number.parseInt(start.replace('-', ''), 16) * RESOLUTION_MS
    return Math.min(buckets - 1, Math.max(0, Math.floor((atMs - fromMs) / stepMs)))
  }
  const read = rows.reduce((sum, { count }) => sum + Number(count), 0)
  // Of the bucket in which it ended, only a part was read.
  const firstKnown = read < most ? 0 : Math.min(...rows.map(({ start }) => bucketOf(start))) + 1
  const groups = Map.groupBy(rows, ({ subscription, fingerprint }) => `${fingerprint} ${subscription}`)
  return {
    firstKnown,
    groups: [...groups.values()].flatMap((own) => {
      const [first] = own
      if (first === undefined) return []
      const counts = new Array<number>(buckets).fill(0)
      for (const { start, count } of own) {
        const bucket = bucketOf(start)
        counts[bucket] = (counts[bucket] ?? 0) + Number(count)
      }
      const { subscription, fingerprint } = first
      return [{ subscription, fingerprint, counts: counts.map((count, index) => (index < firstKnown ? null : count)) }]
    }),
  }
}
