import type { BrokerNames } from '../amqp/names.ts'
import type { Publisher } from '../amqp/publisher.ts'
import type { Logger } from '../logger.ts'
import { SingleFlight } from '../single-flight.ts'
import type { Pause, Standing as StoredStanding, SubscriptionStore } from '../store/store.ts'
import { sinceMs } from '../inbox/since.ts'
import type { Since } from '../inbox/since.ts'
import { ANNOUNCEMENT_KEY } from './messages.ts'
import type { Standing } from './registry.ts'
import { sendControl } from './send-control.ts'

export interface AnnouncerOptions {
  readonly service: string
  readonly subscription: {
    readonly name: string
    readonly patterns: readonly string[]
    readonly timeoutMs: number
    readonly since: Since | null
  }
  readonly queue: string
  readonly subscriptions: SubscriptionStore
  readonly publisher: Publisher
  readonly names: BrokerNames
  readonly isStanding: () => Promise<boolean>
  /** Null when it is not paused. */
  readonly pause: () => Pause | null
  readonly intervalMs: number
  /** What is older the subscription parks. */
  readonly maxAgeMs: number
  readonly logger: Logger
}

/** Knows what stands of a subscription, and tells every publisher: when its bindings do, and regularly. */
export class Announcer {
  readonly #options: AnnouncerOptions
  readonly #telling = new SingleFlight(() => this.#tell())
  #isNewQueue = false
  #storing: Promise<unknown> = Promise.resolve()
  #isWarned = false
  #timer: NodeJS.Timeout | null = null

  constructor(options: AnnouncerOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#timer !== null) return
    this.#timer = setInterval(() => void this.#telling.run(), this.#options.intervalMs)
    this.#timer.unref()
    void this.#telling.run()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    await this.#telling.idle()
  }

  /** The queue is another one than before. Said before it is consumed: no answer goes out that does not know it. */
  queueIsNew(): void {
    this.#isNewQueue = true
  }

  /** The bindings stand, for the first time or again. */
  stands(): void {
    if (this.#timer !== null) void this.#telling.run()
  }

  /** What stands, for one that consumes; null for a subscription that its store does not know. */
  async standing(): Promise<Standing | null> {
    const stored = await this.#store()
    return stored === null ? null : this.#standingOf(stored)
  }

  /** One after another: of two at once the second could be told the queue of before. */
  #store(): Promise<StoredStanding | null> {
    const storing = this.#storing.then(async () => {
      const { subscriptions, subscription } = this.#options
      const isNewQueue = this.#isNewQueue
      this.#isNewQueue = false
      let stored: StoredStanding | null = null
      try {
        stored = await subscriptions.stand(subscription.name, subscription.patterns, isNewQueue)
        return stored
      } finally {
        if (stored === null) this.#isNewQueue ||= isNewQueue
      }
    })
    this.#storing = storing.catch(() => undefined)
    return storing
  }

  #standingOf({ patternsSince, previousSince, queueCreatedAt }: StoredStanding): Standing {
    return {
      patterns: this.#options.subscription.patterns,
      patternsSinceMs: patternsSince.getTime(),
      previousSinceMs: previousSince?.getTime() ?? null,
      queueCreatedMs: queueCreatedAt?.getTime() ?? null,
    }
  }

  #warn(backfillSinceMs: number | null, activeFrom: Date): void {
    const { subscription, maxAgeMs, logger } = this.#options
    if (this.#isWarned || backfillSinceMs === null || activeFrom.getTime() - backfillSinceMs <= maxAgeMs) return
    this.#isWarned = true
    logger.warn(
      { subscription: subscription.name, since: new Date(backfillSinceMs) },
      '"since" goes back further than retention.inboxDays: older events are parked as MESSAGE_TOO_OLD',
    )
  }

  async #tell(): Promise<void> {
    const { service, subscription, queue, publisher, names, isStanding, pause, logger } = this.#options
    const { name, timeoutMs, since } = subscription
    try {
      if (!(await isStanding())) return
      const standing = await this.#store()
      if (standing === null) return
      const backfillSinceMs = since === null ? null : sinceMs(since, standing.activeFrom)
      this.#warn(backfillSinceMs, standing.activeFrom)
      const paused = pause()
      const body = {
        subscription: name,
        service,
        queue,
        ...this.#standingOf(standing),
        hasInbox: true,
        timeoutMs,
        backfillSinceMs,
        paused: paused === null ? null : { atMs: paused.at.getTime(), by: paused.by },
      }
      const target = { exchange: names.controlExchange, routingKey: ANNOUNCEMENT_KEY, source: service }
      // Where nobody publishes yet nobody listens, and it comes back.
      await sendControl({ publisher, logger }, { kind: 'announcement', body }, target)
    } catch (error) {
      logger.warn({ subscription: name, error }, 'a subscription could not be announced; the next time tells it')
    }
  }
}
