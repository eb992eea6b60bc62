import { describe, expect, it } from 'vitest'
import { publishGapMs } from './gap.ts'

/** Created and confirmed, in milliseconds. */
function confirms(...pairs: readonly (readonly [number, number])[]) {
  return pairs.map(([createdAtMs, confirmedAtMs]) => ({ createdAtMs, confirmedAtMs }))
}

describe('publishGapMs', () => {
  it('is the time from the last confirm before the kill to the first after it', () => {
    expect(publishGapMs(confirms([0, 10], [95, 100], [96, 700], [97, 705]), 150)).toBe(600)
  })

  it('does not count the time in which nothing waited', () => {
    expect(publishGapMs(confirms([0, 10], [500, 700]), 150)).toBe(200)
  })

  it('counts from the oldest event that waits, whichever is confirmed first', () => {
    expect(publishGapMs(confirms([0, 10], [600, 700], [200, 705]), 150)).toBe(500)
  })

  it('leaves out gaps before the kill and long after it', () => {
    expect(publishGapMs(confirms([0, 10], [20, 900], [950, 1_000], [17_000, 17_001], [17_002, 30_000]), 950)).toBe(50)
  })

  it('is null when nothing was confirmed after the kill', () => {
    expect(publishGapMs(confirms([0, 10], [20, 30]), 150)).toBeNull()
    expect(publishGapMs([], 150)).toBeNull()
  })
})
