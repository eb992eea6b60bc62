import { uuidTime } from '../envelope/uuid.ts'
import { interestIn } from '../reconcile/delivery.ts'
import type { MissingEvent, TimeRange } from '../store/contract/reconciliation.ts'
import type { InboxStatus } from '../store/store.ts'
import type { Watch, WatchedEvent } from '../store/contract/watch.ts'
import { matcher } from './watch-counts.ts'
import type { KnownSubscription, WatchContext, WatchCount, WatchedDeliveries } from './watch-counts.ts'

/** An inbox does not know entities: the events are looked up one by one, so there are not more of them than this. */
const MOST_EVENTS = 5_000
const TOLERANCE_MS = 5_000

/** Counts a watch of a few entities, event by event. */
export async function countEntities(watch: Watch, range: TimeRange, context: WatchContext): Promise<WatchCount> {
  const isWatched = matcher(watch.patterns)
  let isCut = false
  const published = await Promise.all(
    context.publishers.map(async ({ store }) => {
      const events = await store.store.watches.reads.eventsOf(watch.entityIds, range, MOST_EVENTS + 1)
      if (events.length > MOST_EVENTS) isCut = true
      return { store, events: events.slice(0, MOST_EVENTS).filter(({ name }) => isWatched(name)) }
    }),
  )
  const all = published.flatMap(({ events }) => events)
  const byName = Map.groupBy(context.subscriptions, ({ registered }) => registered.name)
  const subscriptions = await Promise.all(
    [...byName.values()].map(async (known) => {
      const wanted = known.flatMap(({ registered, publisher }) =>
        (published.find(({ store }) => store === publisher)?.events ?? []).filter(
          (event) => interestIn(registered.periods, event, TOLERANCE_MS) === 'yes',
        ),
      )
      return wanted.length === 0 ? null : countDeliveries(known, wanted, range)
    }),
  )
  return {
    published: all.length,
    sent: all.filter(({ isSent }) => isSent).length,
    subscriptions: subscriptions
      .filter((each) => each !== null)
      .sort((a, b) => (a.subscription < b.subscription ? -1 : 1)),
    counted: 1,
    isCut,
  }
}

const MOST_MISSING = 10_000

async function countDeliveries(
  known: readonly KnownSubscription[],
  wanted: readonly WatchedEvent[],
  range: TimeRange,
): Promise<WatchedDeliveries> {
  const [first] = known
  if (first === undefined) throw new Error('a subscription that nobody knows')
  const { name, service } = first.registered
  const { inbox } = first
  const ids = wanted.map(({ id }) => id)
  const missing = (await Promise.all(known.map((each) => missingOf(each, ids, range)))).flat()
  const missingIds = new Set(missing.map(({ id }) => id))
  const statuses = inbox === null ? null : await inbox.store.watches.reads.statuses(name, ids)
  const isProven = (id: string): boolean =>
    !missingIds.has(id) && known.every(({ throughMs }) => timeOf(id) < throughMs)
  const received = ids.filter((id) => (statuses === null ? isProven(id) : statuses.has(id)))
  const receivedIds = new Set(received)
  const open = ids.filter((id) => !receivedIds.has(id) && !missingIds.has(id))
  const count = (status: InboxStatus): number | null =>
    statuses === null ? null : [...statuses.values()].filter((each) => each === status).length
  const isUnhandled = (id: string): boolean => {
    const status = statuses?.get(id)
    return status === undefined ? !receivedIds.has(id) : status === 'retrying' || status === 'parked'
  }
  const oldest = ids.filter(isUnhandled).map(timeOf)
  return {
    ...{ subscription: name, service, source: statuses === null ? 'proof' : 'inbox' },
    ...{ expected: ids.length, received: received.length, waiting: open.length },
    ...{
      handled: count('handled'),
      retrying: count('retrying'),
      parked: count('parked'),
      discarded: count('discarded'),
    },
    missing: missing.length,
    unresent: missing.filter(({ state, attempts }) => state === 'gave-up' || attempts === 0).length,
    oldestUnhandledMs: oldest.length === 0 ? null : Math.min(...oldest),
  }
}

async function missingOf(
  { registered, publisher }: KnownSubscription,
  ids: readonly string[],
  range: TimeRange,
): Promise<readonly MissingEvent[]> {
  const chosen = new Set(ids)
  const rows = await publisher.store.reconciliation.missing.list({
    ...{ subscription: registered.name, states: ['missing', 'gave-up'], published: range, limit: MOST_MISSING },
  })
  return rows.filter(({ id }) => chosen.has(id))
}

function timeOf(id: string): number {
  return uuidTime(id)?.getTime() ?? 0
}
