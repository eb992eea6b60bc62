import type { DeliverySample, TimeRange } from '@warren/bus'
import type { NamedStore } from '@warren/bus/operate'
import type { WatchedQueue } from './broker.ts'
import { partsOf } from './range.ts'
import { countsOf, latencyOf } from './series.ts'
import type { Latency, Series } from './series.ts'

/** Names are short; their deliveries are not read. */
const MOST_NAMES = 1_000
/** Of which deliveries are read for a chart of all: each costs one descent into an index for each part of a bucket. */
const MOST_SUBSCRIPTIONS = 50
/** Rows that are read of one bucket, of all subscriptions together: enough for a p99 that means something. */
const ROWS_PER_BUCKET = 200
const LEAST_ROWS_PER_PART = 4
/** Failures that are read of all subscriptions together. */
const MOST_FAILURES = 20_000
const LEAST_FAILURES = 100

/** A subscription in the store of its own service. */
export interface InboxOf extends WatchedQueue {
  readonly named: NamedStore
}

export interface StoreFlow {
  readonly latency: Latency
  /** Deliveries that the percentiles rest on. */
  readonly samples: number
  readonly failed: Series
}

/** The subscriptions whose inboxes are in these stores. */
export async function readInboxes(stores: readonly NamedStore[]): Promise<readonly InboxOf[]> {
  const read = stores.map(async (named) =>
    (await named.store.samples.subscriptions(MOST_NAMES)).map(({ name, queue }) => ({
      ...{ subscription: name, queue, named },
    })),
  )
  return (await Promise.all(read)).flat()
}

/** What publishers know of the queues of their subscribers, and since when each lags. */
export async function readWatched(
  stores: readonly NamedStore[],
): Promise<readonly (WatchedQueue & { readonly waitingSinceMs: number | null })[]> {
  const read = stores.map(async ({ store }) => {
    const { registry, proof } = store.reconciliation
    const [registered, proofs] = await Promise.all([registry.list(), proof.list()])
    const since = new Map(proofs.map(({ subscription, waitingSinceMs }) => [subscription, waitingSinceMs]))
    return registered
      .filter(({ retired }) => retired === null)
      .map(({ name, queue }) => ({ subscription: name, queue, waitingSinceMs: since.get(name) ?? null }))
  })
  return (await Promise.all(read)).flat()
}

/** Of the first so many subscriptions; a bounded number of rows, however many there are. */
export async function readStoreFlow(
  inboxes: readonly InboxOf[],
  buckets: readonly TimeRange[],
  parts: number,
): Promise<StoreFlow> {
  const chosen = inboxes.slice(0, MOST_SUBSCRIPTIONS)
  const among = Math.max(1, chosen.length)
  const perPart = Math.max(LEAST_ROWS_PER_PART, Math.ceil(ROWS_PER_BUCKET / parts / among))
  const perStatus = Math.max(LEAST_FAILURES, Math.ceil(MOST_FAILURES / among))
  const ranges = partsOf(buckets, parts)
  const whole = { fromMs: buckets[0]?.fromMs ?? 0, toMs: buckets.at(-1)?.toMs ?? 0 }
  const read = await Promise.all(
    chosen.map(async ({ subscription, named }) => {
      const { samples } = named.store
      const [sampled, unhandled] = await Promise.all([
        samples.deliveries(subscription, ranges, perPart),
        samples.unhandled(subscription, whole, perStatus),
      ])
      return { deliveries: sampled, unhandled, completeSinceMs: completeSince(unhandled, perStatus) }
    }),
  )
  const deliveries: readonly DeliverySample[] = read.flatMap((each) => each.deliveries)
  return {
    latency: latencyOf(deliveries, buckets),
    samples: deliveries.length,
    failed: countsOf(
      read.flatMap(({ unhandled }) => unhandled),
      buckets,
      // Before that, some are not all there is: the sum would be too small.
      read.length === 0 ? Infinity : Math.max(...read.map(({ completeSinceMs }) => completeSinceMs)),
    ),
  }
}

/** Where a status has as many as were asked for, there may be more, older ones. */
function completeSince(
  rows: readonly { readonly publishedMs: number; readonly status: string }[],
  perStatus: number,
): number {
  const byStatus = Map.groupBy(rows, ({ status }) => status)
  const oldest = [...byStatus.values()]
    .filter((each) => each.length >= perStatus)
    .map((each) => Math.min(...each.map(({ publishedMs }) => publishedMs)))
  return Math.max(0, ...oldest)
}

export function sampledOf(inboxes: readonly InboxOf[]): number {
  return Math.min(inboxes.length, MOST_SUBSCRIPTIONS)
}
