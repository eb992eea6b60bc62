import { describe, expect, it } from 'vitest'
import { bucketsOf, partsOf } from './range.ts'
import { countsOf, latencyOf, lengthsOf, percentileOf, ratesOf, sumOf } from './series.ts'

const buckets = [0, 1, 2, 3].map((n) => ({ fromMs: n * 10_000, toMs: (n + 1) * 10_000 }))
const points = (...each: readonly (readonly [atMs: number, value: number])[]) =>
  each.map(([atMs, value]) => ({ atMs, value }))

describe('buckets', () => {
  it('are those that are over, and begin at whole multiples of their length', () => {
    const read = bucketsOf('15m', Date.parse('2026-03-01T12:00:20Z'))
    expect(read).toHaveLength(60)
    expect(new Date(read.at(-1)!.toMs).toISOString()).toBe('2026-03-01T12:00:15.000Z')
    expect(new Date(read[0]!.fromMs).toISOString()).toBe('2026-03-01T11:45:15.000Z')
    expect(read.every(({ fromMs }, index) => index === 0 || fromMs === read[index - 1]!.toMs)).toBe(true)
  })

  it('go up to now where they are long, so that a young system is not shown as nothing', () => {
    const ends = (now: string) =>
      bucketsOf('24h', Date.parse(now))
        .slice(-2)
        .map(({ fromMs, toMs }) => [new Date(fromMs), new Date(toMs)].map((date) => date.toISOString().slice(11, 19)))
    expect(ends('2026-03-01T12:29:59Z')).toEqual([
      ['11:30:00', '12:00:00'],
      ['12:00:00', '12:29:59'],
    ])
    expect(ends('2026-03-01T12:30:59Z')).toEqual([
      ['11:30:00', '12:00:00'],
      ['12:00:00', '12:30:00'],
    ])
    expect(bucketsOf('24h', Date.parse('2026-03-01T12:29:59Z'))).toHaveLength(48)
  })

  it('have parts that leave nothing out', () => {
    expect(partsOf(buckets.slice(0, 1), 3)).toEqual([
      { fromMs: 0, toMs: 3_333 },
      { fromMs: 3_333, toMs: 6_667 },
      { fromMs: 6_667, toMs: 10_000 },
    ])
  })
})

describe('what a counter grew by', () => {
  it('is told per second, also where samples lie between the edges of buckets', () => {
    expect(ratesOf(points([0, 100], [5_000, 150], [15_000, 150], [20_000, 170], [40_000, 210]), buckets)).toEqual([
      ...[5, 2, 2, 2],
    ])
  })

  it('is not told before the first sample, behind the last, and where the counter has begun anew', () => {
    expect(ratesOf(points([10_000, 5], [20_000, 15], [30_000, 3]), buckets)).toEqual([null, 1, null, null])
    expect(ratesOf([], buckets)).toEqual([null, null, null, null])
  })

  it('is told of the part of a bucket that was measured', () => {
    expect(ratesOf(points([5_000, 0], [7_000, 4], [10_000, 10], [12_000, 12]), buckets)).toEqual([2, 1, null, null])
  })
})

it('lengths are those at the ends of buckets, and gaps where nothing was measured', () => {
  expect(lengthsOf(points([10_000, 4], [25_000, 10], [30_000, 0]), buckets)).toEqual([4, 8, 0, null])
  expect(lengthsOf(points([12_000, 4], [25_000, 10]), buckets)).toEqual([null, 8, 10, null])
})

it('sums are of what is known', () => {
  expect(
    sumOf(
      [
        [1, null, null, 2],
        [0.5, null, 3, null],
      ],
      buckets,
    ),
  ).toEqual([1.5, null, 3, 2])
  expect(sumOf([], buckets)).toEqual([null, null, null, null])
})

describe('latency', () => {
  const handled = (publishedMs: number, ms: number) => ({
    ...{ publishedMs, status: 'handled' as const, settledMs: publishedMs + ms },
  })

  it('is of the deliveries that are handled, in the bucket in which they were published', () => {
    const samples = [
      ...Array.from({ length: 100 }, (_, n) => handled(n * 10, n + 1)),
      handled(19_999, 60_000),
      { publishedMs: 25_000, status: 'parked' as const, settledMs: null },
      // Discarded by a person, days later.
      { publishedMs: 25_000, status: 'discarded' as const, settledMs: 900_000_000 },
      handled(40_000, 1),
    ]
    expect(latencyOf(samples, buckets)).toEqual({
      p50: [50, 60_000, null, null],
      p95: [95, 60_000, null, null],
      p99: [99, 60_000, null, null],
    })
  })

  it('is never less than nothing, whatever two clocks say', () => {
    expect(latencyOf([handled(0, -5)], buckets).p50[0]).toBe(0)
  })

  it('is a value that was measured', () => {
    expect([0.5, 0.95, 0.99].map((share) => percentileOf([3, 7], share))).toEqual([3, 7, 7])
    expect(percentileOf([], 0.5)).toBeNull()
  })
})

it('counts are per second, and not told of a bucket of which there may be more', () => {
  const rows = [{ publishedMs: 12_000 }, { publishedMs: 19_999 }, { publishedMs: 30_000 }, { publishedMs: -1 }]
  expect(countsOf(rows, buckets, 0)).toEqual([0, 0.2, 0, 0.1])
  expect(countsOf(rows, buckets, 10_001)).toEqual([null, null, 0, 0.1])
})
