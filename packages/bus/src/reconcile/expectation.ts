import { matches } from '../catalog/pattern.ts'
import type { Period, TimeRange } from '../store/reconciliation.ts'

/** A range in which the same names are expected throughout. */
export interface Expectation extends TimeRange {
  /** False for every name where nothing is expected. */
  readonly expects: (name: string) => boolean
  readonly isEmpty: boolean
}

/**
 * Cuts a range where a subscription's interest changes. An event is expected only if the subscription wanted it throughout
 * `toleranceMs` on both sides of its time: the clocks of publisher and subscriber differ, and an event near a change may
 * have been sent on either side of it. So a change costs the proof of a moment, and never makes an event missing that the
 * subscription did not want.
 */
export function expectations(
  periods: readonly Period[],
  { fromMs, toMs }: TimeRange,
  toleranceMs: number,
): readonly Expectation[] {
  const cuts = new Set([fromMs, toMs])
  for (const edge of periods.flatMap((period) => [period.fromMs, period.toMs ?? Infinity])) {
    for (const cut of [edge - toleranceMs, edge + toleranceMs]) if (cut > fromMs && cut < toMs) cuts.add(cut)
  }
  const edges = [...cuts].sort((a, b) => a - b)
  return edges.slice(1).map((end, index) => {
    const start = edges[index] ?? fromMs
    const wanted = periodsAround(periods, { fromMs: start - toleranceMs, toMs: end + toleranceMs })
    return {
      fromMs: start,
      toMs: end,
      isEmpty: wanted === null,
      expects: wanted === null ? () => false : expecting(wanted),
    }
  })
}

/** The periods that overlap the range; null when they do not cover it. */
function periodsAround(periods: readonly Period[], { fromMs, toMs }: TimeRange): readonly Period[] | null {
  const overlapping = periods
    .filter((period) => period.fromMs < toMs && (period.toMs ?? Infinity) > fromMs)
    .sort((a, b) => a.fromMs - b.fromMs)
  let coveredMs = fromMs
  for (const period of overlapping) {
    if (period.fromMs > coveredMs) return null
    coveredMs = Math.max(coveredMs, period.toMs ?? Infinity)
  }
  return coveredMs >= toMs ? overlapping : null
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
