import { matches } from '../catalog/pattern.ts'
import type { BackfillStore } from '../store/contract/backfill.ts'
import type { TimeRange } from '../store/contract/reconciliation.ts'

/** Counted apart: SQLite answers on the thread that also publishes, and a million rows are half a second. */
const STEP_MS = 3_600_000

/** Counts the events of the ledger in the range, sent or not, by the names that each of `filters` lets through. */
export async function countMatching(
  store: Pick<BackfillStore, 'count' | 'oldestMs'>,
  range: TimeRange,
  filters: readonly (readonly string[])[],
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  let coveredMs = range.fromMs
  for (;;) {
    // From event to event: a year without any is one step.
    const nextMs = await store.oldestMs(coveredMs)
    if (nextMs === null || nextMs >= range.toMs) return counts
    const fromMs = Math.max(coveredMs, nextMs)
    const toMs = Math.min(range.toMs, fromMs + STEP_MS)
    coveredMs = toMs
    for (const [name, count] of await store.count({ fromMs, toMs })) {
      if (filters.every((patterns) => patterns.some((pattern) => matches(pattern, name))))
        counts.set(name, (counts.get(name) ?? 0) + count)
    }
  }
}

export function totalOf(counts: ReadonlyMap<string, number>): {
  readonly names: readonly string[]
  readonly total: number
} {
  return { names: [...counts.keys()].sort(), total: [...counts.values()].reduce((sum, count) => sum + count, 0) }
}
