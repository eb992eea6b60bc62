import type { TimeRange } from '@warren/bus'
import { isClusterError, readQueueSamples, readQueueTotals, readSampling, readVhostSamples } from '@warren/cluster'
import type { QueueTotals, Sampling } from '@warren/cluster'
import type { KnownCluster } from '../clusters/clusters.ts'
import { Shared } from '../reads/shared.ts'
import { fromCluster, noCluster } from './problem.ts'
import type { Problem } from './problem.ts'
import { shapes } from './range.ts'
import type { RangeName } from './range.ts'
import { lengthsOf, ratesOf, sumOf } from './series.ts'
import type { Series } from './series.ts'

/** Operators change it, and nodes restart, seldom. */
const SAMPLING_MAX_AGE_MS = 30_000
/** A chart of more lines cannot be read, and each is a request. */
export const MOST_QUEUES = 8

export interface WatchedQueue {
  readonly subscription: string
  readonly queue: string
}

export interface QueueLag extends WatchedQueue {
  readonly cluster: string
  /** Messages that nobody was given, and those in the hands of consumers; null where the broker does not tell. */
  readonly waiting: number | null
  readonly inHand: number | null
  /** Waiting and in hand, over time; null of a queue that is not among those of which most waits. */
  readonly series: Series | null
}

export interface BrokerFlow {
  readonly published: Series
  readonly handled: Series
  /** Of all queues of the vhost. */
  readonly messages: Series
  readonly queues: readonly QueueLag[]
}

export interface QueueFlow {
  readonly waiting: Series
  readonly inHand: Series
  readonly handled: Series
}

/** The brokers' own samples: they cost the stores nothing. */
export class BrokerCharts {
  readonly clusters: readonly KnownCluster[]
  readonly #sampling = new Shared<Sampling>(SAMPLING_MAX_AGE_MS)

  constructor(clusters: readonly KnownCluster[]) {
    this.clusters = clusters
  }

  /** What goes through the vhosts of all clusters, and what waits for these subscriptions. */
  async read(
    range: RangeName,
    buckets: readonly TimeRange[],
    watched: readonly WatchedQueue[],
    problems: Problem[],
  ): Promise<BrokerFlow> {
    if (this.clusters.length === 0) problems.push(noCluster)
    const read = await Promise.all(
      this.clusters.map((cluster) =>
        fromCluster(cluster.name, problems, () => this.#readCluster(cluster, range, buckets, watched, problems)),
      ),
    )
    const known = read.filter((each) => each !== null)
    const sum = (key: 'published' | 'handled' | 'messages'): Series =>
      sumOf(
        known.map((each) => each[key]),
        buckets,
      )
    return {
      ...{ published: sum('published'), handled: sum('handled'), messages: sum('messages') },
      queues: known.flatMap(({ queues }) => queues),
    }
  }

  async #readCluster(
    cluster: KnownCluster,
    range: RangeName,
    buckets: readonly TimeRange[],
    watched: readonly WatchedQueue[],
    problems: Problem[],
  ): Promise<BrokerFlow> {
    const { name, vhost, client } = cluster
    const [sampling, totals] = await Promise.all([this.#samplingOf(cluster, problems), readQueueTotals(client, vhost)])
    const queues = lagsOf(name, watched, totals)
    const none = sumOf([], buckets)
    if (!sampling.isOn) return { published: none, handled: none, messages: none, queues }
    const { windows } = shapes[range]
    const [all, ...series] = await Promise.all([
      readVhostSamples(client, vhost, windows, sampling),
      ...mostWaiting(queues).map(async ({ queue }) => {
        const samples = await readQueueSamples(client, { vhost, name: queue }, windows, sampling).catch(unlessGone)
        if (samples === null) return null
        const lengths = [samples.ready, samples.unacknowledged].map((points) => lengthsOf(points, buckets))
        return { queue, series: sumOf(lengths, buckets) }
      }),
    ])
    const seriesOf = new Map(series.flatMap((each) => (each === null ? [] : [[each.queue, each.series]])))
    return {
      published: ratesOf(all.published, buckets),
      handled: ratesOf(all.acknowledged, buckets),
      messages: lengthsOf(all.messages, buckets),
      queues: queues.map((each) => ({ ...each, series: seriesOf.get(each.queue) ?? null })),
    }
  }

  /** One queue, on the first cluster that has it; null, and a problem more, when none does. */
  async readQueue(
    range: RangeName,
    buckets: readonly TimeRange[],
    queue: string,
    problems: Problem[],
  ): Promise<QueueFlow | null> {
    return this.onFirst(queue, problems, async (cluster) => {
      const sampling = await this.#samplingOf(cluster, problems)
      const name = { vhost: cluster.vhost, name: queue }
      const samples = await readQueueSamples(cluster.client, name, shapes[range].windows, sampling)
      return {
        waiting: lengthsOf(samples.ready, buckets),
        inHand: lengthsOf(samples.unacknowledged, buckets),
        handled: ratesOf(samples.acknowledged, buckets),
      }
    })
  }

  /** What the first cluster says that has the queue; null, and a problem more, when none does. */
  async onFirst<Value>(
    queue: string,
    problems: Problem[],
    read: (cluster: KnownCluster) => Promise<Value>,
  ): Promise<Value | null> {
    if (this.clusters.length === 0) problems.push(noCluster)
    const before = problems.length
    for (const cluster of this.clusters) {
      const value = await fromCluster(cluster.name, problems, () => read(cluster).catch(unlessGone))
      if (value !== null) return value
    }
    if (problems.length === before && this.clusters.length > 0)
      problems.push({ kind: 'queue-absent', name: queue, message: `no cluster has a queue "${queue}"` })
    return null
  }

  async #samplingOf({ name, client }: KnownCluster, problems: Problem[]): Promise<Sampling> {
    const sampling = await this.#sampling.get(name, () => readSampling(client))
    if (!sampling.isOn) problems.push({ kind: 'statistics-off', name, message: 'its statistics are switched off' })
    return sampling
  }
}

function lagsOf(
  cluster: string,
  watched: readonly WatchedQueue[],
  totals: readonly QueueTotals[],
): readonly QueueLag[] {
  const byName = new Map(totals.map((each) => [each.name, each]))
  return watched.flatMap((each) => {
    const found = byName.get(each.queue)
    if (found === undefined) return []
    return [{ ...each, cluster, waiting: found.ready ?? null, inHand: found.unacknowledged ?? null, series: null }]
  })
}

function mostWaiting(queues: readonly QueueLag[]): readonly QueueLag[] {
  const lengthOf = ({ waiting, inHand }: QueueLag): number => (waiting ?? 0) + (inHand ?? 0)
  return queues.toSorted((a, b) => lengthOf(b) - lengthOf(a)).slice(0, MOST_QUEUES)
}

/** A queue that was deleted since it was listed, or is on another cluster. */
function unlessGone(error: unknown): null {
  if (isClusterError(error) && error.code === 'MANAGEMENT_NOT_FOUND') return null
  throw error
}
