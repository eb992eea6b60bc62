import { Gauge, Registry } from 'prom-client'
import type { Overview, OverviewPublisher, OverviewSubscription } from './overview.ts'
import type { OverviewWatch } from './watches.ts'

interface Metric<Row> {
  /** Without the prefix that all of a kind have. */
  readonly name: string
  readonly help: string
  /** Null where it is not known: then it is left out. */
  readonly value: (row: Row) => number | null
}

const ofPublishers: readonly Metric<OverviewPublisher>[] = [
  { name: 'reconciling', help: '1 while the service reconciles', value: ({ isReconciling }) => Number(isReconciling) },
  { name: 'pending_events', help: 'Events that wait to be sent', value: ({ pending }) => pending },
  { name: 'unroutable_events', help: 'Events that no queue took', value: ({ unroutable }) => unroutable },
  {
    name: 'unpublishable_events',
    help: 'Events that the broker refuses',
    value: ({ unpublishable }) => unpublishable,
  },
  {
    name: 'oldest_pending_timestamp_seconds',
    help: 'When the oldest event that waits to be sent was committed',
    value: ({ oldestPendingAt }) => seconds(oldestPendingAt),
  },
]

const ofSubscriptions: readonly Metric<OverviewSubscription>[] = [
  {
    name: 'proven_through_timestamp_seconds',
    help: 'Up to when every event is compared with what was received',
    value: ({ provenThrough }) => seconds(provenThrough),
  },
  {
    name: 'waiting_since_timestamp_seconds',
    help: 'Since when a barrier waits in its queue; absent while none does',
    value: ({ waitingSince }) => seconds(waitingSince),
  },
  {
    name: 'round_trip_seconds',
    help: 'How long the last barrier took through the queue',
    value: ({ roundTripMs }) => (roundTripMs === null ? null : roundTripMs / 1_000),
  },
  { name: 'missing_events', help: 'Events that did not reach it', value: ({ missing }) => missing },
  {
    name: 'suspected_events',
    help: 'Events that seem missing, not yet confirmed',
    value: ({ suspected }) => suspected,
  },
  { name: 'recovered_events', help: 'Events that were missing and have come', value: ({ recovered }) => recovered },
  { name: 'retrying_events', help: 'Events that are to be tried again', value: ({ retrying }) => retrying },
  { name: 'parked_events', help: 'Events that wait for a person', value: ({ parked }) => parked },
  { name: 'ghost_events', help: 'Events received that are not in the ledger', value: ({ ghosts }) => ghosts },
  { name: 'breaker_open', help: '1 while resends are stopped', value: ({ breaker }) => Number(breaker !== null) },
]

const ofWatches: readonly Metric<OverviewWatch>[] = [
  { name: 'alarm', help: '1 while an alarm of the watch is on', value: ({ alarms }) => Number(alarms.length > 0) },
  { name: 'published_events', help: 'Distinct events that it is about', value: ({ published }) => published },
  { name: 'sent_events', help: 'Of these, those that the broker has taken', value: ({ sent }) => sent },
  { name: 'waiting_events', help: 'Events not received yet, at all subscriptions', value: ({ waiting }) => waiting },
  { name: 'missing_events', help: 'Events that did not arrive, at all subscriptions', value: ({ missing }) => missing },
  { name: 'parked_events', help: 'Events that wait for a person, at all subscriptions', value: ({ parked }) => parked },
]

/** All metrics by name, for those who write rules and dashboards. */
export const metricNames: readonly string[] = [
  'warren_store_up',
  ...ofPublishers.map(({ name }) => `warren_publisher_${name}`),
  ...ofSubscriptions.map(({ name }) => `warren_subscription_${name}`),
  ...ofWatches.map(({ name }) => `warren_watch_${name}`),
]

/** The overview in the text format of Prometheus. Retired subscriptions are left out. */
export async function metricsOf(overview: Overview): Promise<string> {
  const registry = new Registry()
  const registers = [registry]
  const up = new Gauge({ name: 'warren_store_up', help: '1 while the store answers', labelNames: ['store'], registers })
  for (const { store } of overview.unreachable) up.set({ store }, 0)
  for (const { store } of overview.publishers) up.set({ store }, 1)

  const add = <Row>(
    kind: string,
    metrics: readonly Metric<Row>[],
    rows: readonly Row[],
    labelsOf: (row: Row) => Record<string, string>,
  ): void => {
    const [first] = rows
    if (first === undefined) return
    const labelNames = Object.keys(labelsOf(first))
    for (const { name, help, value } of metrics) {
      const gauge = new Gauge({ name: `warren_${kind}_${name}`, help, labelNames, registers })
      for (const row of rows) {
        const known = value(row)
        if (known !== null) gauge.set(labelsOf(row), known)
      }
    }
  }
  add('publisher', ofPublishers, overview.publishers, ({ store, service }) => ({ store, service }))
  const active = overview.subscriptions.filter(({ state }) => state !== 'retired')
  add('subscription', ofSubscriptions, active, ({ store, subscription, service }) => ({
    store,
    subscription,
    service,
  }))
  add('watch', ofWatches, overview.watches, ({ name }) => ({ watch: name }))
  return registry.metrics()
}

function seconds(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso) / 1_000
}
