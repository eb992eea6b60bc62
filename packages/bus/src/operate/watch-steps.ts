import type { TimeRange } from '../store/contract/reconciliation.ts'

const MINUTE_MS = 60_000
const LONG_STEP_MS = 10 * MINUTE_MS
/** Events of so long ago are hardly committed any more, and are handled unless something is wrong. */
const YOUNG_MS = 15 * MINUTE_MS

/**
 * The step that a time of the range is in. Steps are counted apart: what is over once, and what is young again and again. They end at full
 * minutes where they are young, at every tenth before that, so that watches share them; and at `cuts`, where the interest of a
 * subscription changes.
 */
export function stepAt(timeMs: number, range: TimeRange, nowMs: number, cuts: readonly number[]): TimeRange {
  const youngMs = Math.floor((nowMs - YOUNG_MS) / LONG_STEP_MS) * LONG_STEP_MS
  const lengthMs = timeMs >= youngMs ? MINUTE_MS : LONG_STEP_MS
  let fromMs = Math.max(range.fromMs, Math.floor(timeMs / lengthMs) * lengthMs)
  let toMs = Math.min(range.toMs, (Math.floor(timeMs / lengthMs) + 1) * lengthMs)
  for (const cut of cuts) {
    if (cut <= timeMs) fromMs = Math.max(fromMs, cut)
    else toMs = Math.min(toMs, cut)
  }
  return { fromMs, toMs }
}
