import type { TimeRange } from '@warren/bus'
import type { SampleWindow } from '@warren/cluster'

/** Of a time range that a reader can choose: how fine it is shown, and which samples of the broker that takes, the finest first. */
interface RangeShape {
  readonly bucketMs: number
  readonly buckets: number
  /**
   * By default the broker keeps samples of 10 minutes 5 s apart, of an hour 60 s, of 8 hours 10 min, of a day 30 min. A longer window
   * alone would show nothing of the time since its last sample.
   */
  readonly windows: readonly SampleWindow[]
}

const MINUTE_MS = 60_000
const anHour: SampleWindow = { ageSeconds: 3_600, stepSeconds: 60 }

export const shapes = {
  '15m': {
    ...{ bucketMs: 15_000, buckets: 60 },
    windows: [
      { ageSeconds: 600, stepSeconds: 5 },
      { ageSeconds: 900, stepSeconds: 60 },
    ],
  },
  '1h': { bucketMs: MINUTE_MS, buckets: 60, windows: [anHour] },
  '6h': { bucketMs: 10 * MINUTE_MS, buckets: 36, windows: [anHour, { ageSeconds: 21_600, stepSeconds: 600 }] },
  '24h': { bucketMs: 30 * MINUTE_MS, buckets: 48, windows: [anHour, { ageSeconds: 86_400, stepSeconds: 1_800 }] },
} as const satisfies Record<string, RangeShape>

export type RangeName = keyof typeof shapes
export const rangeNames = Object.keys(shapes) as readonly RangeName[]

/** What is younger says too little: an event in a second of it would be one per second. */
const LEAST_PART_MS = MINUTE_MS

/**
 * The buckets of a range, oldest first. They begin at whole multiples of their length, so that one stays as it is when the next is there.
 * The last one ends now, unless it has begun less than a minute ago: then, or when buckets are that short, it is left out. Pure.
 */
export function bucketsOf(range: RangeName, nowMs: number): readonly TimeRange[] {
  const { bucketMs, buckets }: RangeShape = shapes[range]
  const currentMs = Math.floor(nowMs / bucketMs) * bucketMs
  const hasCurrent = nowMs - currentMs >= LEAST_PART_MS
  const firstMs = currentMs - (hasCurrent ? buckets - 1 : buckets) * bucketMs
  return Array.from({ length: buckets }, (_, index) => {
    const fromMs = firstMs + index * bucketMs
    return { fromMs, toMs: Math.min(fromMs + bucketMs, nowMs) }
  })
}

/** Each bucket in so many equal parts: the newest rows of a whole bucket could all be of its last second. Pure. */
export function partsOf(buckets: readonly TimeRange[], parts: number): readonly TimeRange[] {
  return buckets.flatMap(({ fromMs, toMs }) =>
    Array.from({ length: parts }, (_, index) => {
      const at = (part: number): number => Math.round(fromMs + ((toMs - fromMs) * part) / parts)
      return { fromMs: at(index), toMs: at(index + 1) }
    }),
  )
}
