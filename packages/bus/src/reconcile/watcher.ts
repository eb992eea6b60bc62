import type { BrokerNames } from '../amqp/names.ts'
import type { Logger } from '../logger.ts'
import { SingleFlight } from '../single-flight.ts'
import type { Observation, ReconciliationStore, RegisteredSubscription } from '../store/contract/reconciliation.ts'
import { observe } from './observe.ts'
import { bindingText, watchedQueue } from './watch.ts'
import type { BrokerWatch, QueueView, WatchedBinding } from './watch.ts'

export interface WatcherOptions {
  readonly store: ReconciliationStore
  /** Null: nobody looks; what subscribers and barriers tell is noted all the same. */
  readonly watch: BrokerWatch | null
  readonly eventNames: readonly string[]
  readonly names: BrokerNames
  readonly intervalMs: number
  readonly logger: Logger
}

/** What looks have found absent for an interval, of one subscription: to be declared again. */
export interface Difference {
  readonly subscription: string
  readonly absent: readonly WatchedBinding[]
}

/** A look that takes longer says nothing of the time in which it was made. */
const LONGEST_LOOK_MS = 15_000
/** Of an interval; a round may be a little early. */
const MENDED_AFTER = 0.9
const KEPT_MS = 7 * 86_400_000

/** Looks at the broker for a publisher, and keeps what was seen: of it, by barriers, and by subscribers. */
export class Watcher {
  readonly #options: WatcherOptions
  readonly #looking = new SingleFlight(() => this.#look())
  #differences: readonly Difference[] = []
  /** When a binding was found absent first, by subscription and binding. */
  #absentSince: ReadonlyMap<string, number> = new Map()
  #isBlind = false
  #giveUp: ((why: Error) => void) | null = null

  constructor(options: WatcherOptions) {
    this.#options = options
  }

  get isWatching(): boolean {
    return this.#options.watch !== null
  }

  /** Gives up the look that is under way: a service that stops does not wait for a node that does not answer. */
  stop(): void {
    this.#giveUp?.(new Error('stopped'))
  }

  /** Compares the broker with the registry, writes what differs, and tells it. Never rejects; empty when it could not look. */
  async look(): Promise<readonly Difference[]> {
    if (!this.isWatching) return []
    await this.#looking.run()
    return this.#differences
  }

  /** Its subscriber has announced that it found its queue gone and made it anew. */
  async recreated({ name, queue }: RegisteredSubscription, atMs: number): Promise<void> {
    const at = { firstSeenMs: atMs, lastSeenMs: atMs, wellAgainMs: atMs }
    await this.#write([{ subscription: name, kind: 'queue-recreated', what: queue, wellBeforeMs: null, ...at }])
  }

  /** Its subscriber's store was set back. */
  async rewound(
    { name, service }: RegisteredSubscription,
    span: { readonly toMs: number; readonly provenMs: number; readonly foundMs: number },
  ): Promise<void> {
    const { toMs: wellBeforeMs, provenMs: firstSeenMs, foundMs } = span
    const at = { wellBeforeMs, firstSeenMs, lastSeenMs: foundMs, wellAgainMs: foundMs }
    await this.#write([{ subscription: name, kind: 'store-rewound', what: service, ...at }])
  }

  /** A barrier came back: there was no queue at this time. `wellBeforeMs`: another one went into it then. */
  async queueGone({ name, queue }: RegisteredSubscription, wellBeforeMs: number | null, atMs: number): Promise<void> {
    const known = await this.#options.store.observations.list({ subscription: name, isOpen: true })
    const open = known.find(({ kind }) => kind === 'queue-absent')
    if (open !== undefined) return this.#write([{ ...open, lastSeenMs: atMs }])
    const at = { wellBeforeMs, firstSeenMs: atMs, lastSeenMs: atMs, wellAgainMs: null }
    await this.#write([{ subscription: name, kind: 'queue-absent', what: queue, ...at }])
    this.#options.logger.warn({ subscription: name, queue }, 'the queue of a subscription is gone')
  }

  /** A barrier went into its queue. */
  async queueStands({ name, queue }: RegisteredSubscription, atMs: number): Promise<void> {
    const known = await this.#options.store.observations.list({ subscription: name, isOpen: true })
    const open = known.filter(({ kind }) => kind === 'queue-absent')
    if (open.length === 0) return
    await this.#write(open.map((each) => ({ ...each, wellAgainMs: atMs })))
    this.#options.logger.info({ subscription: name, queue }, 'the queue of a subscription is there again')
  }

  async #look(): Promise<void> {
    const { store, logger } = this.#options
    this.#differences = []
    try {
      const subscriptions = (await store.registry.list()).flatMap((each) => this.#watchedOf(each))
      if (subscriptions.length === 0) return
      const fromMs = await store.nowMs()
      const views = await this.#views(subscriptions.map(({ queue }) => queue))
      const toMs = await store.nowMs()
      const known = Map.groupBy(await store.observations.list(), ({ subscription }) => subscription)
      const written: Observation[] = []
      const differences: Difference[] = []
      const absentSince = new Map<string, number>()
      for (const { name, queue } of subscriptions) {
        const view = views.get(queue.queue)
        if (view === undefined) continue
        const look = { subscription: name, fromMs, toMs, view }
        const observed = observe(known.get(name) ?? [], look, this.#maxGapMs())
        written.push(...observed.observations)
        for (const { kind, what } of observed.begun)
          logger.warn({ subscription: name, kind, what }, 'the broker differs from the registry')
        for (const { kind, what, firstSeenMs } of observed.ended)
          logger.info(
            { subscription: name, kind, what, since: new Date(firstSeenMs) },
            'the broker is as the registry says again',
          )
        for (const binding of view.exists ? view.absent : []) {
          const key = `${name} ${bindingText(binding)}`
          absentSince.set(key, this.#absentSince.get(key) ?? fromMs)
        }
        // Other publishers look, too: what one of them mends at once the next has never seen, and cannot tell what it was.
        const isForLong = (binding: WatchedBinding): boolean => {
          const sinceMs = absentSince.get(`${name} ${bindingText(binding)}`)
          return sinceMs !== undefined && fromMs - sinceMs >= this.#options.intervalMs * MENDED_AFTER
        }
        const absent = view.absent.filter(isForLong)
        if (absent.length > 0) differences.push({ subscription: name, absent })
      }
      // Nobody looks any more at those that were retired.
      const watched = new Set(subscriptions.map(({ name }) => name))
      const left = [...known.values()]
        .flat()
        .filter((each) => each.wellAgainMs === null && !watched.has(each.subscription))
      await this.#write([...written, ...left.map((each) => ({ ...each, wellAgainMs: toMs }))])
      await store.observations.forget(toMs - KEPT_MS)
      this.#differences = differences
      this.#absentSince = absentSince
      if (this.#isBlind) logger.info({}, 'the broker can be looked at again')
      this.#isBlind = false
    } catch (error) {
      if (!this.#isBlind)
        logger.warn({ error }, 'the broker cannot be looked at; causes of missing events are less certain until it can')
      this.#isBlind = true
    }
  }

  /** Nothing of a subscription that wants none of this service's events. */
  #watchedOf(
    subscription: RegisteredSubscription,
  ): readonly { name: string; queue: ReturnType<typeof watchedQueue> }[] {
    const { eventNames, names } = this.#options
    if (subscription.retired !== null) return []
    const queue = watchedQueue(subscription, eventNames, names)
    const isInterested = queue.bindings.some(({ source }) => source !== names.directExchange)
    return isInterested ? [{ name: subscription.name, queue }] : []
  }

  async #views(queues: Parameters<BrokerWatch['look']>[0]): Promise<ReadonlyMap<string, QueueView>> {
    const { watch } = this.#options
    if (watch === null) return new Map()
    const { promise: givenUp, reject } = Promise.withResolvers<never>()
    this.#giveUp = reject
    const late = new Error(`the look was not over within ${LONGEST_LOOK_MS / 1_000} s`)
    const timer = setTimeout(() => reject(late), LONGEST_LOOK_MS)
    const views = await Promise.race([watch.look(queues), givenUp]).finally(() => clearTimeout(timer))
    return new Map(views.map((view) => [view.queue, view]))
  }

  /** Two intervals and what a long look takes: rounds follow each other, they do not come by the clock. */
  #maxGapMs(): number {
    return 2 * this.#options.intervalMs + LONGEST_LOOK_MS
  }

  #write(observations: readonly Observation[]): Promise<void> {
    return this.#options.store.observations.write(observations)
  }
}
