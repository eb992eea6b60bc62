import type { TimeRange } from '@warren/bus'
import type { NamedStore } from '@warren/bus/operate'
import { readConsumers } from '@warren/cluster'
import { MonitorError } from '../errors.ts'
import type { BrokerCharts, QueueLag, WatchedQueue } from './broker.ts'
import type { ChartsReply, ConsumersReply, SubscriptionChartsReply } from './reply.ts'
import { fromStores } from './problem.ts'
import { bucketsOf } from './range.ts'
import type { RangeName } from './range.ts'
import type { Series } from './series.ts'
import { readInboxes, readStoreFlow, readWatched, sampledOf } from './stores.ts'

/** Of a bucket, when all subscriptions are read, and when one is. */
const PARTS_OF_ALL = 2
const PARTS_OF_ONE = 4

/** What flows through all stores and clusters. What does not answer is told of, and the others are read all the same. */
export function readCharts(
  stores: readonly NamedStore[],
  broker: BrokerCharts,
  range: RangeName,
): Promise<ChartsReply> {
  return fromStores(stores, async (answering, problems) => {
    const { head, buckets } = headOf(range)
    const [inboxes, watched] = await Promise.all([readInboxes(answering), readWatched(answering)])
    const queues = unique([...watched, ...inboxes])
    const [flow, fromInboxes] = await Promise.all([
      broker.read(range, buckets, queues, problems),
      readStoreFlow(inboxes, buckets, PARTS_OF_ALL),
    ])
    const since = (subscription: string): string | null => {
      const times = watched.flatMap((each) => (each.subscription === subscription ? (each.waitingSinceMs ?? []) : []))
      return times.length === 0 ? null : new Date(Math.min(...times)).toISOString()
    }
    return {
      ...head,
      flow: { published: [...flow.published], handled: [...flow.handled], failed: [...fromInboxes.failed] },
      latency: {
        ...latencyDocument(fromInboxes),
        subscriptions: { read: sampledOf(inboxes), of: inboxes.length },
      },
      lag: {
        all: [...flow.messages],
        queues: flow.queues.toSorted(byName).map(({ series, ...each }) => ({
          ...each,
          waitingSince: since(each.subscription),
          series: series === null ? null : [...series],
        })),
      },
    }
  })
}

/** The same of one subscription. Throws NOT_FOUND. */
export function readSubscriptionCharts(
  stores: readonly NamedStore[],
  broker: BrokerCharts,
  name: string,
  range: RangeName,
): Promise<SubscriptionChartsReply> {
  return fromStores(stores, async (answering, problems) => {
    const { head, buckets } = headOf(range)
    const { queue, inboxes } = await find(answering, name)
    const [flow, fromInboxes] = await Promise.all([
      broker.readQueue(range, buckets, queue, problems),
      inboxes.length === 0 ? null : readStoreFlow(inboxes, buckets, PARTS_OF_ONE),
    ])
    const none = buckets.map(() => null)
    return {
      ...head,
      queue,
      latency: fromInboxes === null ? null : latencyDocument(fromInboxes),
      flow: { handled: [...(flow?.handled ?? none)], failed: [...(fromInboxes?.failed ?? none)] },
      lag: { waiting: [...(flow?.waiting ?? none)], inHand: [...(flow?.inHand ?? none)] },
      handlingMs: flow === null ? null : handlingMsOf(flow.inHand, flow.handled),
    }
  })
}

/** Who consumes the queue of a subscription. Throws NOT_FOUND. */
export function readSubscriptionConsumers(
  stores: readonly NamedStore[],
  broker: BrokerCharts,
  name: string,
): Promise<ConsumersReply> {
  return fromStores(stores, async (answering, problems) => {
    const { queue } = await find(answering, name)
    const consumers = await broker.onFirst(queue, problems, async ({ name: cluster, vhost, client }) => {
      const read = await readConsumers(client, { vhost, name: queue })
      if (read !== undefined) return read.map((each) => ({ ...each, user: each.user ?? null, node: each.node ?? null }))
      problems.push({ kind: 'statistics-off', name: cluster, message: 'its statistics are switched off' })
      return null
    })
    return { queue, consumers }
  })
}

/**
 * How long a delivery is in the hands of a consumer on average, by Little's law: how many are at a time, by how many go a second. Null
 * where none went. Pure.
 */
export function handlingMsOf(inHand: Series, handledPerSecond: Series): number | null {
  const both = inHand.flatMap((held, index) => {
    const rate = handledPerSecond[index]
    return held === null || rate === null || rate === undefined ? [] : [{ held, rate }]
  })
  const rates = both.reduce((total, { rate }) => total + rate, 0)
  if (rates === 0) return null
  return Math.round((both.reduce((total, { held }) => total + held, 0) / rates) * 1_000)
}

async function find(stores: readonly NamedStore[], name: string) {
  const [inboxes, watched] = await Promise.all([readInboxes(stores), readWatched(stores)])
  const own = inboxes.filter(({ subscription }) => subscription === name)
  const known = [...watched, ...own].find(({ subscription }) => subscription === name)
  if (known === undefined) throw new MonitorError('NOT_FOUND', 404, `no store knows a subscription "${name}"`)
  return { queue: known.queue, inboxes: own }
}

function headOf(range: RangeName) {
  const nowMs = Date.now()
  const buckets = bucketsOf(range, nowMs)
  const head = { at: new Date(nowMs).toISOString(), range, times: buckets.map(({ toMs }: TimeRange) => toMs) }
  return { head, buckets }
}

function latencyDocument({ latency, samples }: Awaited<ReturnType<typeof readStoreFlow>>) {
  return { p50: [...latency.p50], p95: [...latency.p95], p99: [...latency.p99], samples }
}

/** A subscription is known to its own store and to those of its publishers. */
function unique(watched: readonly WatchedQueue[]): readonly WatchedQueue[] {
  return [...new Map(watched.map(({ subscription, queue }) => [subscription, { subscription, queue }])).values()]
}

function byName(a: QueueLag, b: QueueLag): number {
  return a.subscription < b.subscription ? -1 : a.subscription > b.subscription ? 1 : 0
}
