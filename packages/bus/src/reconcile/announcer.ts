import type { BrokerNames } from '../amqp/names.ts'
import type { Publisher } from '../amqp/publisher.ts'
import type { Logger } from '../logger.ts'
import { SingleFlight } from '../single-flight.ts'
import type { SubscriptionStore } from '../store/store.ts'
import { sinceMs } from '../inbox/since.ts'
import type { Since } from '../inbox/since.ts'
import { ANNOUNCEMENT_KEY } from './messages.ts'
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
  /** Whether the subscription consumes, which it does only when its bindings stand. */
  readonly isStanding: () => boolean
  readonly intervalMs: number
  /** What is older the subscription parks. */
  readonly maxAgeMs: number
  readonly logger: Logger
}

/** Tells every publisher of a subscription whose bindings stand: when they do, and regularly. */
export class Announcer {
  readonly #options: AnnouncerOptions
  readonly #telling = new SingleFlight(() => this.#tell())
  #isNewQueue = false
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

  /** The bindings stand, for the first time or again. `isNewQueue`: the queue was not there and had to be made. */
  stands(isNewQueue: boolean): void {
    this.#isNewQueue ||= isNewQueue
    if (this.#timer !== null) void this.#telling.run()
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
    const { service, subscription, queue, subscriptions, publisher, names, isStanding, logger } = this.#options
    const { name, patterns, timeoutMs, since } = subscription
    if (!isStanding()) return
    const isNewQueue = this.#isNewQueue
    try {
      const standing = await subscriptions.stand(name, patterns, isNewQueue)
      if (standing === null) return
      this.#isNewQueue = false
      const backfillSinceMs = since === null ? null : sinceMs(since, standing.activeFrom)
      this.#warn(backfillSinceMs, standing.activeFrom)
      const body = {
        subscription: name,
        service,
        queue,
        patterns,
        hasInbox: true,
        timeoutMs,
        activeFromMs: standing.activeFrom.getTime(),
        patternsSinceMs: standing.patternsSince.getTime(),
        previousSinceMs: standing.previousSince?.getTime() ?? null,
        queueCreatedMs: standing.queueCreatedAt?.getTime() ?? null,
        backfillSinceMs,
      }
      const target = { exchange: names.controlExchange, routingKey: ANNOUNCEMENT_KEY, source: service }
      // Where nobody publishes yet nobody listens, and it comes back.
      await sendControl({ publisher, logger }, { kind: 'announcement', body }, target)
    } catch (error) {
      logger.warn({ subscription: name, error }, 'a subscription could not be announced; the next time tells it')
    }
  }
}
