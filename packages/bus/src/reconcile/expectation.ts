import { matches } from '../catalog/pattern.ts'
import type { Period, TimeRange } from '../store/contract/reconciliation.ts'

/** A range in which the same names are expected throughout. */
export interface Expectation extends TimeRange {
  /** False for every name where nothing is expected. */
  readonly expects: (name: string) => boolean
  readonly isEmpty: boolean
}

/**
 * Cuts a range where a subscription's interest changes. An event is expected only if the subscription has wanted it without a
 * break since `toleranceMs` before its time, and still does:
 * - the clocks of publisher and subscriber differ, so that an event near a change may have been sent on either side of it;
 * - an event is routed when it is sent, which may be long after the time in its id, by the bindings of that moment.
 * So a change costs the proof of a moment, and never makes an event missing that the subscription did not want.
 */
export function expectations(
  periods: readonly Period[],
  { fromMs, toMs }: TimeRange,
  toleranceMs: number,
): readonly Expectation[] {
  const cuts = new Set([fromMs, toMs])
  for (const edge of periods.flatMap((period) => [period.fromMs, period.toMs ?? Infinity])) {
    const cut = edge + toleranceMs
    if (cut > fromMs && cut < toMs) cuts.add(cut)
  }
  const edges = [...cuts].sort((a, b) => a - b)
  return edges.slice(1).map((end, index) => {
    const start = edges[index] ?? fromMs
    const wanted = periodsSince(periods, start - toleranceMs)
    return {
      fromMs: start,
      toMs: end,
      isEmpty: wanted === null,
      expects: wanted === null ? () => false : expecting(wanted),
    }
  })
}

/** The periods from then on; null when they do not follow each other without a gap until now. */
function periodsSince(periods: readonly Period[], fromMs: number): readonly Period[] | null {
  const later = periods.filter((period) => (period.toMs ?? Infinity) > fromMs).sort((a, b) => a.fromMs - b.fromMs)
  let coveredMs = fromMs
  for (const period of later) {
    if (period.fromMs > coveredMs) return null
    coveredMs = Math.max(coveredMs, period.toMs ?? Infinity)
  }
  return coveredMs === Infinity ? later : null
}

/** Remembers names: there are few, and a minute has thousands of events. */
function expecting(periods: readonly Period[]): (name: string) => boolean {
  const known = new Map<string, boolean>()
  return (name) => {
    let expected = known.get(name)
    if (expected === undefined) {
      expected = periods.every(({ patterns }) => patterns.some((pattern) => matches(pattern, name)))
      known.set(name, expected)
    }
    return expected
  }
}

/** Cuts ranges at the full minutes, at most `limit` of them; the rest is left for the next time. */
export function byMinute<R extends TimeRange>(ranges: readonly R[], limit: number): readonly R[] {
  const cut: R[] = []
  for (const range of ranges) {
    for (let fromMs = range.fromMs; fromMs < range.toMs;) {
      if (cut.length === limit) return cut
      const toMs = Math.min(range.toMs, (Math.floor(fromMs / MINUTE_MS) + 1) * MINUTE_MS)
      cut.push({ ...range, fromMs, toMs })
      fromMs = toMs
    }
  }
  return cut
}

export const MINUTE_MS = 60_000
