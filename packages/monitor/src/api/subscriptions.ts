import type {
  AnnouncedSubscription,
  MissingEvent,
  MissingState,
  RegisteredSubscription,
  SubscriptionTally,
} from '@warren/bus'
import { changePause, readPublishers, readStores, withHolders } from '@warren/bus/operate'
import type { NamedStore, StoreRow } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { callerOf } from '../access/guard.ts'
import { MonitorError } from '../errors.ts'
import { overviewSubscription, subscriptionOf } from '../reads/overview.ts'
import { readPartly, unreachable } from '../reads/answering.ts'
import { chosenStores, iso, time } from '../reads/pages.ts'
import { addRoute } from './route.ts'

const minute = z.object({
  at: time,
  state: z.enum(['proven', 'open']),
  expected: z.number(),
  missing: z.number(),
  waived: z.number(),
})

const missingRow = z.object({
  store: z.string(),
  id: z.string(),
  name: z.string(),
  state: z.string(),
  cause: z.string().nullable(),
  evidence: z.record(z.string(), z.unknown()).nullable(),
  resends: z.number(),
  suspectedAt: time,
  settledAt: time.nullable().meta({ description: 'when it was found to have come' }),
  confirmedAt: time.nullable(),
  error: z.string().nullable(),
  heldBy: z.string().nullable().meta({ description: 'the watch because of which it is not resent by itself' }),
})

const detail = z.object({
  name: z.string(),
  service: z.string(),
  queue: z.string(),
  hasInbox: z.boolean(),
  patterns: z.array(z.string()),
  firstSeenAt: time.nullable(),
  lastSeenAt: time.nullable(),
  retired: z.object({ at: time, by: z.string() }).nullable(),
  paused: z
    .object({ at: time, by: z.string() })
    .nullable()
    .meta({ description: 'by its own store, else as its publishers have heard it' }),
  publishers: z.array(overviewSubscription),
  minutes: z.array(minute).meta({ description: 'the last ones that were compared, oldest first' }),
  missing: z.array(missingRow),
  recovered: z.array(missingRow).meta({ description: 'were missing and have come, the newest events' }),
  periods: z.array(z.object({ from: time, to: time.nullable(), patterns: z.array(z.string()) })),
  inbox: z
    .object({
      store: z.string(),
      retrying: z.number(),
      parked: z.number(),
      isExact: z.boolean().meta({ description: 'false: they were counted no further, and there may be more' }),
      lastHandledAt: time.nullable(),
    })
    .nullable()
    .meta({ description: "of the subscriber's own store; null when it is none of those that are looked at" }),
  unreachable,
})

export type SubscriptionReply = z.infer<typeof detail>
export type MinuteRow = z.infer<typeof minute>

/** Of each state: more than that nobody counts. */
const COUNTED_FAILURES = 50_000
const MINUTES = 120
const MOST_MISSING = 200
const MOST_RECOVERED = 20

/** Who should receive what, and how far it is proven that they did. */
export function addSubscriptionsApi(
  app: FastifyInstance,
  { stores, periodMs }: { readonly stores: readonly NamedStore[]; readonly periodMs: number },
): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/subscriptions',
    access: 'viewer',
    summary: 'All subscriptions, as their publishers know them',
    reply: z.object({ rows: z.array(overviewSubscription), unreachable }),
    handle: () =>
      readPartly(stores, async (answering) => {
        const publishers = await readPublishers(answering, Date.now() - periodMs)
        return {
          rows: publishers.flatMap((publisher) =>
            publisher.subscriptions.map((watched) => subscriptionOf(publisher, watched)),
          ),
        }
      }),
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/subscriptions/:name',
    access: 'viewer',
    summary: 'One subscription: what is proven of it minute by minute, and what it misses',
    params: z.object({ name: z.string().max(255) }),
    reply: detail,
    handle: ({ params: { name } }) => readPartly(stores, (answering) => readSubscription(answering, name, periodMs)),
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/subscriptions/:name/run',
    access: 'operator',
    summary: 'Asks it now what it has received',
    params: z.object({ name: z.string().max(255) }),
    reply: z.object({ count: z.number() }),
    handle: async ({ params: { name } }) => {
      const counts = await Promise.all(stores.map(({ store }) => store.reconciliation.proof.requestRun(name)))
      return { count: counts.reduce((total, count) => total + count, 0) }
    },
  })

  const pauses = [
    ['pause', 'Lets it handle nothing until it is resumed: its events wait in its queue, its retries in its store'],
    ['resume', 'Lets one that is paused go on'],
  ] as const
  for (const [action, summary] of pauses) {
    addRoute(app, {
      method: 'POST',
      url: `/api/subscriptions/:name/${action}`,
      access: 'operator',
      summary,
      params: z.object({ name: z.string().max(255) }),
      body: z.object({
        store: z.string().max(200).optional().meta({ description: 'its own; default: whichever it is' }),
      }),
      reply: z.object({ count: z.number().meta({ description: '0: it was so before' }) }),
      handle: async ({ params: { name }, body: { store } }, request) => {
        const { actor } = callerOf(request).identity
        const changes = await changePause(chosenStores(stores, store), name, action, actor)
        if (changes.length === 0)
          throw new MonitorError(
            'NOT_FOUND',
            404,
            `the store of the subscription "${name}" is none of those that are looked at`,
          )
        return { count: changes.filter(({ isChanged }) => isChanged).length }
      },
    })
  }

  addRoute(app, {
    method: 'POST',
    url: '/api/subscriptions/:name/retire',
    access: 'operator',
    summary: 'Ends its interest: nothing more is expected of it, and what it misses is waived',
    params: z.object({ name: z.string().max(255) }),
    reply: z.object({ waived: z.number() }),
    handle: async ({ params: { name } }, request) => {
      const { actor } = callerOf(request).identity
      const done = await Promise.all(stores.map(({ store }) => store.reconciliation.registry.retire(name, actor)))
      const known = done.filter((each) => each !== null)
      if (known.length === 0) throw unknown(name)
      return { waived: known.reduce((total, { waived }) => total + waived, 0) }
    },
  })
}

async function readSubscription(
  stores: readonly NamedStore[],
  name: string,
  periodMs: number,
): Promise<Omit<SubscriptionReply, 'unreachable'>> {
  const publishers = await readPublishers(stores, Date.now() - periodMs)
  const watched = publishers.flatMap((publisher) =>
    publisher.subscriptions.filter((each) => each.subscription.name === name).map((each) => ({ publisher, ...each })),
  )
  const own = (await readStores(stores, (store) => store.subscriptions.list())).find((each) => each.name === name)
  const tally = await stores
    .find(({ label }) => label === own?.store)
    ?.store.subscriptions.tally(name, COUNTED_FAILURES)
  const [first] = watched
  const known = first?.subscription
  if (known === undefined && own === undefined) throw unknown(name)
  const toMs = Date.now()
  const range = { fromMs: toMs - MINUTES * 60_000, toMs }
  const minutes = await Promise.all(
    watched.map(({ publisher }) => publisher.store.reconciliation.proof.minutes(name, range)),
  )
  const publishing = watched.map(({ publisher: { label, store } }) => ({ label, store }))
  const missingIn = (states: readonly MissingState[], limit: number): Promise<readonly StoreRow<MissingEvent>[]> =>
    readStores(publishing, (store) => store.reconciliation.missing.list({ subscription: name, states, limit }))
  const held = await withHolders(publishing, await missingIn(['suspect', 'missing', 'gave-up'], MOST_MISSING))
  const recovered = await missingIn(['recovered'], MOST_RECOVERED)
  const at = (timeMs: number): string => new Date(timeMs).toISOString()
  return {
    name,
    service: known?.service ?? own?.service ?? '',
    queue: known?.queue ?? own?.queue ?? '',
    hasInbox: known?.hasInbox ?? true,
    patterns: [...(known?.periods.findLast(({ toMs: endMs }) => endMs === null)?.patterns ?? own?.patterns ?? [])],
    firstSeenAt: known === undefined ? null : at(known.firstSeenMs),
    lastSeenAt: known === undefined ? iso(own?.lastSeenAt ?? null) : at(known.lastSeenMs),
    retired: known?.retired == null ? null : { at: at(known.retired.atMs), by: known.retired.by },
    paused: pausedOf(known, own),
    publishers: watched.map(({ publisher, ...each }) => subscriptionOf(publisher, each)),
    minutes: minutes
      .flat()
      .toSorted((a, b) => a.minuteMs - b.minuteMs)
      .map(({ minuteMs, ...each }) => ({ at: at(minuteMs), ...each })),
    missing: held.map(missingOf),
    recovered: recovered.map((row) => missingOf({ ...row, heldBy: null })),
    periods: (known?.periods ?? []).map(({ fromMs, toMs: endMs, patterns }) => ({
      from: at(fromMs),
      to: endMs === null ? null : at(endMs),
      patterns: [...patterns],
    })),
    inbox: own === undefined || tally === undefined ? null : inboxOf(own.store, tally),
  }
}

function missingOf(row: StoreRow<MissingEvent> & { readonly heldBy: string | null }): z.infer<typeof missingRow> {
  const at = (timeMs: number | null): string | null => (timeMs === null ? null : new Date(timeMs).toISOString())
  const { store, id, name, state, cause, error, heldBy } = row
  return {
    ...{ store, id, name, state, cause, error, heldBy },
    evidence: row.evidence === null ? null : { ...row.evidence },
    resends: row.attempts,
    suspectedAt: new Date(row.suspectedMs).toISOString(),
    settledAt: at(row.settled?.atMs ?? null),
    confirmedAt: at(row.confirmedMs),
  }
}

/** The store of the subscriber knows at once, and publishers when they hear it. */
function pausedOf(
  known: RegisteredSubscription | undefined,
  own: AnnouncedSubscription | undefined,
): SubscriptionReply['paused'] {
  if (own !== undefined) return own.paused === null ? null : { at: own.paused.at.toISOString(), by: own.paused.by }
  return known?.paused == null ? null : { at: new Date(known.paused.atMs).toISOString(), by: known.paused.by }
}

function inboxOf(
  store: string,
  { retrying, parked, isExact, lastHandledAt }: SubscriptionTally,
): SubscriptionReply['inbox'] {
  return { store, retrying, parked, isExact, lastHandledAt: iso(lastHandledAt) }
}

function unknown(name: string): MonitorError {
  return new MonitorError('NOT_FOUND', 404, `no store knows a subscription "${name}"`)
}
