import type { DeliverySample, TimeRange } from '@warren/bus'
import type { SamplePoint } from '@warren/cluster'

/** A value for each bucket; null where nothing was measured. */
export type Series = readonly (number | null)[]

/**
 * What a counter grew by in each bucket, per second; of a bucket that was measured in part, in that part. Null where it went back: what
 * counted has begun anew. Pure.
 */
export function ratesOf(points: readonly SamplePoint[], buckets: readonly TimeRange[]): Series {
  return buckets.map((bucket) => {
    const [fromMs, toMs] = measured(points, bucket)
    if (toMs <= fromMs) return null
    const [before, after] = [valueAt(points, fromMs), valueAt(points, toMs)]
    if (before === null || after === null || after < before) return null
    return rounded(((after - before) * 1_000) / (toMs - fromMs))
  })
}

/** What a length was at the end of each bucket, or, of the last ones, when it was measured last. Pure. */
export function lengthsOf(points: readonly SamplePoint[], buckets: readonly TimeRange[]): Series {
  return buckets.map((bucket) => {
    const [fromMs, toMs] = measured(points, bucket)
    const value = toMs < fromMs || toMs <= bucket.fromMs ? null : valueAt(points, toMs)
    return value === null ? null : Math.round(value)
  })
}

/** The part of a bucket that lies between the first sample and the last. */
function measured(
  points: readonly SamplePoint[],
  { fromMs, toMs }: TimeRange,
): readonly [fromMs: number, toMs: number] {
  const [firstMs, lastMs] = [points[0]?.atMs ?? Infinity, points.at(-1)?.atMs ?? -Infinity]
  return [Math.max(fromMs, firstMs), Math.min(toMs, lastMs)]
}

/** On the line from the point before to the point behind; null where there is none on one side. */
function valueAt(points: readonly SamplePoint[], atMs: number): number | null {
  const index = points.findIndex((point) => point.atMs >= atMs)
  const next = points[index]
  if (next === undefined) return null
  if (next.atMs === atMs) return next.value
  const last = points[index - 1]
  if (last === undefined) return null
  return last.value + ((next.value - last.value) * (atMs - last.atMs)) / (next.atMs - last.atMs)
}

/** The sum of what is known of several; null where nothing is. Pure. */
export function sumOf(series: readonly Series[], buckets: readonly TimeRange[]): Series {
  return buckets.map((_, index) => {
    const known = series.flatMap((each) => each[index] ?? [])
    return known.length === 0 ? null : rounded(known.reduce((total, value) => total + value, 0))
  })
}

export interface Latency {
  readonly p50: Series
  readonly p95: Series
  readonly p99: Series
}

/**
 * From publishing to handling, in milliseconds, by when the events were published. Clocks of two machines may say that an event was
 * handled before it was published: that counts as 0. Pure.
 */
export function latencyOf(samples: readonly DeliverySample[], buckets: readonly TimeRange[]): Latency {
  const handled = samples.flatMap(({ publishedMs, status, settledMs }) =>
    status === 'handled' && settledMs !== null ? [{ publishedMs, ms: Math.max(0, settledMs - publishedMs) }] : [],
  )
  const sorted = grouped(handled, buckets).map((bucket) => bucket.map(({ ms }) => ms).toSorted((a, b) => a - b))
  const of = (share: number): Series => sorted.map((values) => percentileOf(values, share))
  return { p50: of(0.5), p95: of(0.95), p99: of(0.99) }
}

/** The least of the sorted values that so large a share of them does not exceed; null of none. Pure. */
export function percentileOf(sorted: readonly number[], share: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
  return value === undefined ? null : rounded(value)
}

/**
 * How many of each bucket, per second. `completeSinceMs`: from then on the rows are all there are; a bucket that begins before that has
 * null. Pure.
 */
export function countsOf(
  rows: readonly { readonly publishedMs: number }[],
  buckets: readonly TimeRange[],
  completeSinceMs: number,
): Series {
  return grouped(rows, buckets).map((bucket, index) => {
    const { fromMs, toMs } = buckets[index] ?? { fromMs: 0, toMs: 1 }
    return fromMs < completeSinceMs ? null : rounded((bucket.length * 1_000) / (toMs - fromMs))
  })
}

function grouped<Row extends { readonly publishedMs: number }>(
  rows: readonly Row[],
  buckets: readonly TimeRange[],
): readonly (readonly Row[])[] {
  const groups: Row[][] = buckets.map(() => [])
  const [first] = buckets
  if (first === undefined) return groups
  const bucketMs = first.toMs - first.fromMs
  for (const row of rows) groups[Math.floor((row.publishedMs - first.fromMs) / bucketMs)]?.push(row)
  return groups
}

/** To three digits behind the point: more are noise, and would be sent. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
