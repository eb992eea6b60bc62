import type { Consumer, Delivery } from '../amqp/consumer.ts'
import { isControl } from '../envelope/control.ts'
import { decodeMessage } from '../envelope/decode.ts'
import { lastDeath } from '../envelope/death.ts'
import { WarrenError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { newId } from '../envelope/uuid.ts'
import { Signal } from '../signal.ts'
import type { NewFailure, Sql, Store } from '../store/store.ts'
import { recordFailure } from './batch.ts'
import { failureOf } from './failure.ts'
import { unreadableFailure } from './invalid.ts'
import type { Ordering } from './ordering.ts'
import { StoreOutage } from './outage.ts'

export interface DeadLettersOptions<Tx extends Sql> {
  readonly subscription: string
  /** Null for a subscription that is not ordered. */
  readonly ordering: Ordering<Tx> | null
  readonly store: Store<Tx>
  readonly consumer: Consumer
  readonly logger: Logger
}

/**
 * Turns what the broker gave up on (delivery limit, expiry, rejection) into parked rows, so that a person sees it in the
 * same place as everything else that failed. A message that was handled meanwhile is let go.
 */
export class DeadLetters<Tx extends Sql> {
  readonly signals: { readonly parked: Signal<{ readonly id: string }> } = { parked: new Signal() }
  readonly #options: DeadLettersOptions<Tx>
  readonly #outage: StoreOutage
  #settling: Promise<void> = Promise.resolve()
  #isRunning = false

  constructor(options: DeadLettersOptions<Tx>) {
    this.#options = options
    this.#outage = new StoreOutage({
      store: options.store,
      logger: options.logger,
      onDown: () => options.consumer.pause(false),
      onUp: () => options.consumer.resume(),
    })
  }

  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#outage.start()
    await this.#options.consumer.start()
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    await this.#options.consumer.stop()
    this.#outage.stop()
    await this.#settling
    await this.#options.consumer.close()
  }

  /** For the consumer. One after another: dead letters are rare, and their order tells a story. */
  accept(delivery: Delivery): void {
    // A barrier that came back too often: its publisher sends another.
    if (isControl(delivery.message)) delivery.ack()
    else this.#settling = this.#settling.then(() => this.#park(delivery))
  }

  async #park(delivery: Delivery): Promise<void> {
    const { store, logger, subscription } = this.#options
    await this.#outage.over()
    if (!this.#isRunning) {
      delivery.requeue()
      return
    }
    try {
      const failure = this.#failureOf(delivery)
      const isNew = await recordFailure(store, failure)
      delivery.ack()
      if (!isNew) return
      const fields = { subscription, id: failure.messageId, event: failure.name, error: failure.error.message }
      logger.error(fields, 'the broker gave up on a message; it is parked')
      this.signals.parked.emit({ id: failure.messageId })
    } catch (error) {
      this.#outage.begin(error)
      await this.#park(delivery)
    }
  }

  #failureOf(delivery: Delivery): NewFailure {
    const { subscription, ordering } = this.#options
    const decoded = decodeMessage(delivery.message)
    if (!decoded.ok) return unreadableFailure(subscription, delivery.message, decoded.message, decoded.reason, newId())
    const death = lastDeath(delivery.message.properties.headers)
    const error = new WarrenError(
      'DEAD_LETTERED',
      `the broker gave up on the message: ${death === null ? 'no reason given' : `${death.reason} in ${death.queue}`}`,
      { ...death },
    )
    const order = ordering?.failureOrder(decoded.message) ?? null
    return failureOf(subscription, decoded.message, error, 0, { kind: 'park' }, order)
  }
}
