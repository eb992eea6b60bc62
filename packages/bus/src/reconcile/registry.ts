import type { RegisteredSubscription, TimeRange } from '../store/reconciliation.ts'
import type { Announcement } from './messages.ts'

/**
 * What an announcement changes: null when the patterns are the ones known. An interest begins when the announcement came, or
 * earlier when the bindings stand for longer than `toleranceMs`, by which the two clocks may differ; the one before ends
 * where the new one says that it began.
 */
export function beginOf(
  known: RegisteredSubscription | undefined,
  announced: Announcement,
  nowMs: number,
  toleranceMs: number,
): { readonly closeMs: number; readonly fromMs: number; readonly patterns: readonly string[] } | null {
  const { patterns, patternsSinceMs } = announced
  const current = known?.periods.findLast(({ toMs }) => toMs === null)
  if (current !== undefined && isSame(current.patterns, patterns)) return null
  const sinceMs = Math.min(nowMs, patternsSinceMs)
  if (known === undefined) return { closeMs: 0, fromMs: Math.min(nowMs, patternsSinceMs + toleranceMs), patterns }
  const lastFromMs = known.periods.at(-1)?.fromMs ?? 0
  // Contiguous: around the change an event is expected if both want it. A subscription that was retired begins anew.
  const fromMs = Math.max(lastFromMs + 1, current === undefined ? nowMs : sinceMs)
  return { closeMs: fromMs, fromMs, patterns }
}

/**
 * What a subscription that is new to this publisher wants of the past: up to when its bindings stood, and a little more, by which
 * the clocks may differ. What it gets twice its inbox drops.
 */
export function backfillOf(
  { backfillSinceMs, patternsSinceMs }: Pick<Announcement, 'backfillSinceMs' | 'patternsSinceMs'>,
  toleranceMs: number,
): TimeRange | null {
  if (backfillSinceMs === null) return null
  return { fromMs: Math.max(0, backfillSinceMs), toMs: patternsSinceMs + toleranceMs + 1 }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return [...some].sort().join('\n') === [...others].sort().join('\n')
}
