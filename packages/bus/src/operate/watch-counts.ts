import { matches } from '../catalog/pattern.ts'
import { expectations } from '../reconcile/expectation.ts'
import type { RegisteredSubscription, TimeRange } from '../store/contract/reconciliation.ts'
import type { UnhandledCount, Watch } from '../store/contract/watch.ts'
import type { NamedStore } from './named-store.ts'
import { countEntities } from './watch-entities.ts'
import { Readings } from './watch-readings.ts'
import type { Counts, ReadingKey } from './watch-readings.ts'
import { stepAt } from './watch-steps.ts'

/** Of one subscription, distinct events that a watch is about. Null: its own store is none of those that are looked at. */
export interface WatchedDeliveries {
  readonly subscription: string
  readonly service: string
  /** `proof`: it is not looked into; what it has received is what it has proved. */
  readonly source: 'inbox' | 'proof'
  /** Published for it. */
  readonly expected: number
  /** Whatever became of them. */
  readonly received: number
  readonly handled: number | null
  readonly retrying: number | null
  readonly parked: number | null
  readonly discarded: number | null
  /** Published for it, not received, and not known to be missing: in its queue, in hand, or not sent yet. */
  readonly waiting: number
  /** Confirmed, those that are no longer resent included. */
  readonly missing: number
  /** Of the missing ones, those that nobody has resent, and those that were given up on. */
  readonly unresent: number
  /** Since when the oldest is not handled that is to be; of one that waits, to the step that it was counted in. Null for none. */
  readonly oldestUnhandledMs: number | null
}

export interface WatchCount {
  /** Distinct events in the ledgers. */
  readonly published: number
  /** Of these, those that the broker has taken. */
  readonly sent: number
  readonly subscriptions: readonly WatchedDeliveries[]
  /** The part of the period that is counted by now, from 0 to 1: the rest is counted later, the newest first. */
  readonly counted: number
  /** There are more events of its entities than are counted; these are the newest. */
  readonly isCut: boolean
}

/** What all stores know, read once for all watches. */
export interface WatchContext {
  readonly nowMs: number
  readonly publishers: readonly { readonly store: NamedStore; readonly oldestMs: number }[]
  readonly subscriptions: readonly KnownSubscription[]
}

export interface KnownSubscription {
  readonly registered: RegisteredSubscription
  /** Of the publisher that knows it so. */
  readonly publisher: NamedStore
  readonly throughMs: number
  /** Of its own service; null: not looked at. */
  readonly inbox: NamedStore | null
}

/** By how much clocks may differ, unless a service has set another `clockToleranceMs`. */
const TOLERANCE_MS = 5_000
const MOST_SUBSCRIPTIONS = 1_000
const MINUTE_MS = 60_000

/** Throws what a store throws that does not answer. */
export async function readWatchContext(stores: readonly NamedStore[], nowMs: number): Promise<WatchContext> {
  const read = await Promise.all(
    stores.map(async (store) => {
      const { reconciliation, samples } = store.store
      const [oldestMs, registered, proofs, own] = await Promise.all([
        reconciliation.backfill.oldestMs(0),
        reconciliation.registry.list(),
        reconciliation.proof.list(),
        samples.subscriptions(MOST_SUBSCRIPTIONS),
      ])
      return { store, oldestMs, registered, proofs, own: own.map(({ name }) => name) }
    }),
  )
  return {
    nowMs,
    publishers: read.flatMap(({ store, oldestMs }) => (oldestMs === null ? [] : [{ store, oldestMs }])),
    subscriptions: read.flatMap(({ store, registered, proofs }) =>
      registered
        .filter(({ retired, hasInbox }) => retired === null && hasInbox)
        .map((each) => ({
          registered: each,
          publisher: store,
          throughMs: proofs.find(({ subscription }) => subscription === each.name)?.throughMs ?? 0,
          inbox: read.find(({ own }) => own.includes(each.name))?.store ?? null,
        })),
    ),
  }
}

/** The part of a watch's period in which anything can have been published by now; null while it has not begun. */
export function countedRange(watch: Pick<Watch, 'fromMs' | 'toMs'>, context: WatchContext): TimeRange | null {
  const oldestMs = Math.min(...context.publishers.map((each) => each.oldestMs))
  const fromMs = Math.max(watch.fromMs ?? 0, oldestMs)
  // To the full minute, so that the step that it ends in is the same when it is read again; and clocks differ.
  const nextMs = Math.ceil((context.nowMs + TOLERANCE_MS) / MINUTE_MS) * MINUTE_MS
  const toMs = Math.min(watch.toMs ?? Infinity, nextMs)
  return fromMs < toMs ? { fromMs, toMs } : null
}

/** Up to which part of the budget each may go, so that all of them come on each time; inboxes have the rest. */
const SHARES = { looking: 0.3, ledger: 0.6 }

const NOTHING: WatchCount = { published: 0, sent: 0, subscriptions: [], counted: 1, isCut: false }

/** Counts what watches are about. Keep it: what it has counted it counts again only where it can have changed. */
export class WatchCounter {
  readonly #clockMs: () => number
  readonly #readings: Readings

  constructor(clockMs?: () => number) {
    this.#clockMs = clockMs ?? (() => performance.now())
    this.#readings = new Readings(this.#clockMs)
  }

  /** Takes `budgetMs` and one step more, at most; what is not counted then is left for the next time. */
  async count(watch: Watch, context: WatchContext, budgetMs: number = Infinity): Promise<WatchCount> {
    const range = countedRange(watch, context)
    if (range === null) return NOTHING
    if (watch.entityIds.length > 0) return countEntities(watch, range, context)
    const isWatched = matcher(watch.patterns)
    const beganMs = this.#clockMs()
    const cuts = context.subscriptions.flatMap(({ registered: { periods } }) =>
      periods.flatMap(({ fromMs, toMs }) => [fromMs + TOLERANCE_MS, ...(toMs === null ? [] : [toMs + TOLERANCE_MS])]),
    )
    const { steps, skippedMs } = await this.#occupied(range, context, cuts, beganMs + SHARES.looking * budgetMs)
    const ledgerKeys = steps.flatMap((step) => ledgerKeysOf(context, step))
    await this.#readings.read(ledgerKeys, context.nowMs, beganMs + SHARES.ledger * budgetMs)
    const names = this.#namesIn(ledgerKeys, isWatched)
    const concerned = context.subscriptions.filter(({ registered: { periods } }) =>
      names.some((name) => periods.some(({ patterns }) => patterns.some((pattern) => matches(pattern, name)))),
    )
    await this.#readings.read(inboxKeys(steps, concerned), context.nowMs, beganMs + budgetMs)

    const isRead = (key: ReadingKey): boolean => this.#readings.find(key) !== null
    const unread = [...ledgerKeys, ...inboxKeys(steps, concerned)].filter((key) => !isRead(key))
    const incomplete = new Set(unread.map(({ step }) => step))
    const complete = steps.filter((step) => !incomplete.has(step))
    const uncountedMs = [...incomplete].reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, skippedMs)
    const published = sumOf(
      ledgerKeys.filter(({ step }) => !incomplete.has(step)).map((key) => this.#readings.find(key)),
      isWatched,
    )
    const unsent = await Promise.all(context.publishers.map(({ store }) => store.store.watches.reads.unsent(range)))
    const byName = Map.groupBy(concerned, ({ registered }) => registered.name)
    const subscriptions = await Promise.all(
      [...byName.values()].map((known) => this.#countDeliveries(known, range, complete, isWatched)),
    )
    this.#readings.forgetUnused()
    return {
      published,
      sent: Math.max(0, published - sumOf(unsent, isWatched)),
      subscriptions: subscriptions.sort((a, b) => (a.subscription < b.subscription ? -1 : 1)),
      counted: 1 - uncountedMs / (range.toMs - range.fromMs),
      isCut: false,
    }
  }

  /**
   * The steps in which anything was published, the newest first: a year without any costs one look. `skippedMs`: how much of the range
   * was not come to.
   */
  async #occupied(
    range: TimeRange,
    context: WatchContext,
    cuts: readonly number[],
    untilMs: number,
  ): Promise<{ readonly steps: readonly TimeRange[]; readonly skippedMs: number }> {
    const steps: TimeRange[] = []
    for (let endMs = range.toMs; endMs > range.fromMs;) {
      let step = stepAt(endMs - 1, range, context.nowMs, cuts)
      if (!ledgerKeysOf(context, step).every((key) => this.#readings.find(key) !== null)) {
        if (this.#clockMs() >= untilMs) return { steps, skippedMs: endMs - range.fromMs }
        const latest = await Promise.all(
          context.publishers.map(({ store }) => store.store.watches.reads.latestMs({ ...range, toMs: endMs })),
        )
        const latestMs = Math.max(...latest.map((each) => each ?? -Infinity))
        if (latestMs < range.fromMs) break
        step = stepAt(latestMs, range, context.nowMs, cuts)
      }
      steps.push(step)
      endMs = step.fromMs
    }
    return { steps, skippedMs: 0 }
  }

  #namesIn(keys: readonly ReadingKey[], isWatched: (name: string) => boolean): readonly string[] {
    const names = new Set(keys.flatMap((key) => [...(this.#readings.find(key)?.keys() ?? [])]))
    return [...names].filter(isWatched)
  }

  /** `known`: the same subscription, at each publisher that knows it. */
  async #countDeliveries(
    known: readonly KnownSubscription[],
    range: TimeRange,
    steps: readonly TimeRange[],
    isWatched: (name: string) => boolean,
  ): Promise<WatchedDeliveries> {
    const [first] = known
    if (first === undefined) throw new Error('a subscription that nobody knows')
    const { name, service } = first.registered
    const { inbox } = first
    const missing = await missingOf(known, range, isWatched)
    let [expected, received, waiting] = [0, 0, 0]
    let oldestWaitingMs: number | null = null
    for (const step of steps) {
      const wanted = sumsOf(known.map((each) => this.#expectedIn(each, step)))
      const stepExpected = sumOf([wanted], isWatched)
      const key = inbox === null ? null : { store: inbox, subscription: name, step }
      const had = key === null ? null : (this.#readings.find(key) ?? new Map<string, number>())
      const isProven = known.every(({ throughMs }) => step.toMs <= throughMs)
      const stepReceived = had !== null ? sumOf([had], isWatched) : isProven ? stepExpected : 0
      if (key !== null && had !== null) this.#readings.settle(key, sumOf([had]) >= sumOf([wanted]))
      const stepWaiting = Math.max(0, stepExpected - stepReceived)
      // Some may have come that were not sure to be wanted: near a change of its patterns.
      expected += Math.max(stepExpected, stepReceived)
      received += stepReceived
      waiting += stepWaiting
      if (stepWaiting > 0) oldestWaitingMs = step.toMs
    }
    const unhandled =
      inbox === null
        ? null
        : (await inbox.store.watches.reads.unhandled(name, range)).filter((row) => isWatched(row.name))
    const count = (status: UnhandledCount['status']): number | null =>
      unhandled === null
        ? null
        : unhandled.filter((row) => row.status === status).reduce((sum, row) => sum + row.count, 0)
    const [retrying, parked, discarded] = [count('retrying'), count('parked'), count('discarded')]
    const oldest = [
      ...(oldestWaitingMs === null ? [] : [oldestWaitingMs]),
      ...(unhandled ?? []).filter(({ status }) => status !== 'discarded').map(({ oldestMs }) => oldestMs),
    ]
    return {
      ...{
        subscription: name,
        service,
        source: inbox === null ? 'proof' : 'inbox',
        expected,
        retrying,
        parked,
        discarded,
      },
      // What is missing was compared, and so counts as proven.
      received: inbox === null ? Math.max(0, received - missing.missing) : received,
      handled: unhandled === null ? null : Math.max(0, received - (retrying ?? 0) - (parked ?? 0) - (discarded ?? 0)),
      waiting: inbox === null ? waiting : Math.max(0, waiting - missing.missing),
      ...missing,
      oldestUnhandledMs: oldest.length === 0 ? null : Math.min(...oldest),
    }
  }

  #expectedIn({ registered, publisher }: KnownSubscription, step: TimeRange): Counts {
    const published = this.#readings.find({ store: publisher, subscription: null, step }) ?? new Map<string, number>()
    // Steps are cut where interests change, so that one expectation holds for the whole of it.
    const [expectation] = expectations(registered.periods, step, TOLERANCE_MS)
    return new Map([...published].filter(([name]) => expectation?.expects(name) === true))
  }
}

function ledgerKeysOf(context: WatchContext, step: TimeRange): readonly ReadingKey[] {
  return context.publishers
    .filter(({ oldestMs }) => oldestMs < step.toMs)
    .map(({ store }) => ({ store, subscription: null, step }))
}

function inboxKeys(steps: readonly TimeRange[], concerned: readonly KnownSubscription[]): readonly ReadingKey[] {
  return steps.flatMap((step) =>
    concerned.flatMap(({ registered, inbox }) =>
      inbox === null ? [] : [{ store: inbox, subscription: registered.name, step }],
    ),
  )
}

async function missingOf(
  known: readonly KnownSubscription[],
  range: TimeRange,
  isWatched: (name: string) => boolean,
): Promise<{ readonly missing: number; readonly unresent: number }> {
  const rows = await Promise.all(
    known.map(async ({ publisher, registered }) =>
      (await publisher.store.watches.reads.missing(range)).filter(
        ({ subscription, name, state }) => subscription === registered.name && state !== 'suspect' && isWatched(name),
      ),
    ),
  )
  const missing = rows.flat()
  return {
    missing: missing.reduce((sum, { count }) => sum + count, 0),
    unresent: missing.reduce((sum, { state, count, unresent }) => sum + (state === 'gave-up' ? count : unresent), 0),
  }
}

/** Remembers names: there are few of them. */
export function matcher(patterns: readonly string[]): (name: string) => boolean {
  const known = new Map<string, boolean>()
  return (name) => {
    let isMatch = known.get(name)
    if (isMatch === undefined) {
      isMatch = patterns.some((pattern) => matches(pattern, name))
      known.set(name, isMatch)
    }
    return isMatch
  }
}

function sumsOf(counts: readonly Counts[]): Counts {
  const sums = new Map<string, number>()
  for (const each of counts) for (const [name, count] of each) sums.set(name, (sums.get(name) ?? 0) + count)
  return sums
}

function sumOf(counts: readonly (Counts | null)[], isWatched: (name: string) => boolean = () => true): number {
  let sum = 0
  for (const each of counts) for (const [name, count] of each ?? []) if (isWatched(name)) sum += count
  return sum
}
