import type { OutboxBacklog, SubscriptionProblem, SubscriptionState } from '@warren/bus'
import { readPublishers } from '@warren/bus/operate'
import type { NamedStore, Publisher, WatchedSubscription } from '@warren/bus/operate'
import { z } from 'zod'
import { readAnswering, unreachable } from './answering.ts'
import { breakerCause, compensation, compensationOf, orderedBreaker, orderOf } from './compensation.ts'
import { overviewWatch, overviewWatchOf } from './watches.ts'
import type { WatchReader } from './watches.ts'

const time = z.iso.datetime()

const problem = z.enum(['missing', 'ghosts', 'silent', 'breaker-open'] satisfies readonly SubscriptionProblem[])
const state = z.enum([
  ...([
    'retired',
    'unproven',
    'paused',
    'missing',
    'silent',
    'lagging',
    'proven',
  ] satisfies readonly SubscriptionState[]),
])

export const overviewSubscription = z.object({
  store: z.string().meta({ description: 'of the publisher that says this' }),
  subscription: z.string(),
  service: z.string(),
  state,
  since: time.nullable(),
  pausedBy: z.string().nullable(),
  problems: z.array(problem),
  provenThrough: time.nullable(),
  waitingSince: time.nullable().meta({ description: 'since when a barrier waits in its queue: its lag' }),
  roundTripMs: z.number().nullable(),
  deliveries: z.number().meta({ description: 'compared, of the period' }),
  missing: z.number(),
  suspected: z.number(),
  recovered: z.number(),
  retrying: z.number(),
  parked: z.number(),
  ghosts: z.number(),
  openMinutes: z.number(),
  breaker: z.string().nullable().meta({ description: 'why it is open' }),
  breakerCause: breakerCause.nullable(),
  order: orderedBreaker,
  compensation,
})

export const overviewPublisher = z.object({
  store: z.string(),
  service: z.string(),
  isReconciling: z.boolean(),
  pending: z.number(),
  unroutable: z.number(),
  unpublishable: z.number(),
  oldestPendingAt: time.nullable(),
  compensation: compensation.meta({ description: 'where nothing is set for a subscription; resent to all' }),
})

/** Whether everything is delivered, and what is not. */
export const overviewReply = z.object({
  at: time,
  periodMs: z.number(),
  isWell: z.boolean().meta({ description: 'nobody has to look at anything; lag ends by itself' }),
  deliveries: z.number().meta({ description: 'compared, of the period, at all subscriptions' }),
  provenSubscriptions: z.number(),
  provableSubscriptions: z.number(),
  provenThrough: time.nullable().meta({ description: 'where the proof ends that has come least far' }),
  publishers: z.array(overviewPublisher),
  subscriptions: z.array(overviewSubscription),
  watches: z.array(overviewWatch),
  unreachable,
})

export type Overview = z.infer<typeof overviewReply>
export type OverviewSubscription = z.infer<typeof overviewSubscription>
export type OverviewPublisher = z.infer<typeof overviewPublisher>

export interface OverviewSources {
  readonly stores: readonly NamedStore[]
  readonly watches: WatchReader
}

/** Reads all stores; one that does not answer is told of, and the others are read all the same. */
export async function readOverview({ stores, watches: reader }: OverviewSources, periodMs: number): Promise<Overview> {
  const sinceMs = Date.now() - periodMs
  const { value: publishers, unreachable: away } = await readAnswering(stores, async (answering) => {
    const read = await readPublishers(answering, sinceMs)
    return Promise.all(read.map(async (publisher) => ({ publisher, backlog: await publisher.store.outbox.backlog() })))
  })
  const watches = (await reader.read()).rows.map(overviewWatchOf)
  const subscriptions = publishers.flatMap(({ publisher }) =>
    publisher.subscriptions.map((watched) => subscriptionOf(publisher, watched)),
  )
  const active = subscriptions.filter((each) => each.state !== 'retired')
  const provable = active.filter((each) => each.state !== 'unproven')
  const through = provable.map((each) => each.provenThrough).filter((each) => each !== null)
  const isWell =
    away.length === 0 &&
    publishers.every(({ publisher }) => publisher.isReconciling) &&
    active.every(({ problems }) => problems.length === 0) &&
    watches.every(({ alarms }) => alarms.length === 0)
  return {
    at: new Date().toISOString(),
    periodMs,
    isWell,
    deliveries: active.reduce((sum, { deliveries }) => sum + deliveries, 0),
    provenSubscriptions: provable.filter((each) => each.state === 'proven').length,
    provableSubscriptions: provable.length,
    provenThrough: through.sort()[0] ?? null,
    publishers: publishers.map(({ publisher, backlog }) => publisherOf(publisher, backlog)),
    subscriptions,
    watches,
    unreachable: away,
  }
}

function publisherOf(
  { label, service, isReconciling, compensation: seen }: Publisher,
  backlog: OutboxBacklog,
): OverviewPublisher {
  const { pending, unroutable, unpublishable, oldestPendingAt } = backlog
  return {
    ...{ store: label, service, isReconciling, pending, unroutable, unpublishable },
    oldestPendingAt: oldestPendingAt?.toISOString() ?? null,
    compensation: compensationOf(seen),
  }
}

export function subscriptionOf(
  { label }: Publisher,
  { subscription, proof, status, compared, compensation: seen }: WatchedSubscription,
): OverviewSubscription {
  const iso = (timeMs: number | null): string | null => (timeMs === null ? null : new Date(timeMs).toISOString())
  return {
    store: label,
    subscription: subscription.name,
    service: subscription.service,
    state: status.state,
    since: iso(status.sinceMs),
    pausedBy: subscription.paused?.by ?? null,
    problems: [...status.problems],
    provenThrough: status.state === 'unproven' ? null : iso(proof.throughMs),
    waitingSince: iso(proof.waitingSinceMs),
    roundTripMs: proof.roundTripMs,
    deliveries: compared,
    missing: status.missing,
    suspected: proof.counts.suspect,
    recovered: proof.counts.recovered,
    retrying: proof.retrying,
    parked: proof.parked,
    ghosts: proof.ghosts,
    openMinutes: proof.openMinutes,
    breaker: proof.breaker?.reason ?? null,
    breakerCause: proof.breaker?.cause ?? null,
    order: orderOf(proof.order),
    compensation: compensationOf(seen),
  }
}
