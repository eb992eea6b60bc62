import type { RegisteredSubscription, TimeRange } from '../store/contract/reconciliation.ts'
import type { Announcement } from './messages.ts'

/** The patterns whose bindings stand on the broker, and since when; times are the subscriber's. */
export interface Standing {
  readonly patterns: readonly string[]
  readonly patternsSinceMs: number
  /** Since when those before them stood; null when there were none. */
  readonly previousSinceMs: number | null
  /** When its queue had to be made anew; null for never. */
  readonly queueCreatedMs: number | null
}

/** What begins with other patterns; `closeMs` is the end of those before. */
export interface Beginning {
  readonly closeMs: number
  readonly fromMs: number
  readonly patterns: readonly string[]
}

/**
 * What a subscription changes by telling its patterns: null when they are the ones known. An interest begins when it was told,
 * or earlier when the bindings stand for longer than `toleranceMs`, by which the two clocks may differ; the one before
 * ends where the new one says that it began, if nothing stood between them of which was not heard.
 */
export function beginOf(
  known: RegisteredSubscription | undefined,
  { patterns, patternsSinceMs, previousSinceMs }: Omit<Standing, 'queueCreatedMs'>,
  nowMs: number,
  toleranceMs: number,
): Beginning | null {
  if (known === undefined) return { closeMs: 0, fromMs: Math.min(nowMs, patternsSinceMs + toleranceMs), patterns }
  const { retired, periods } = known
  const last = periods.at(-1)
  const earliestMs = Math.max(last?.fromMs ?? 0, last?.toMs ?? 0) + 2
  // What it missed before it was retired is waived.
  if (retired !== null) return { closeMs: nowMs, fromMs: Math.max(earliestMs, nowMs), patterns }
  if (patternsSinceMs === known.patternsSinceMs && isSame(last?.patterns ?? [], patterns)) return null
  const fromMs = Math.max(earliestMs, Math.min(nowMs, patternsSinceMs))
  const isNext = previousSinceMs === known.patternsSinceMs
  // Around the change an event is expected if both want it. Where other patterns stood in between, nobody knows what was
  // routed then: a gap says so.
  return { closeMs: isNext ? fromMs : fromMs - 1, fromMs, patterns }
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
