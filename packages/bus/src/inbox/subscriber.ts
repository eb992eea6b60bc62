import { randomUUID } from 'node:crypto'
import type { Consumer, Delivery } from '../amqp/consumer.ts'
import { decodeMessage } from '../envelope/decode.ts'
import type { Decoded, DecodedMessage } from '../envelope/decode.ts'
import { isWarrenError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import type { Sql } from '../store/store.ts'
import { crashed, handleBatch, recordFailure } from './batch.ts'
import type { BatchOptions, BatchResult } from './batch.ts'
import { failureOf } from './failure.ts'
import { unreadableFailure } from './invalid.ts'
import { decideOutcome } from './outcome.ts'
import { StoreOutage } from './outage.ts'

export interface SubscriberOptions<Tx extends Sql> extends BatchOptions<Tx> {
  readonly consumer: Consumer
  readonly logger: Logger
}

const BUSY_PAUSE_MS = 1_000

interface Incoming {
  readonly message: DecodedMessage
  readonly delivery: Delivery
}

/**
 * Takes the deliveries of one subscription through the inbox. Two lanes:
 * - the fast lane: batches of messages that come for the first time, several transactions at a time;
 * - the careful lane: redelivered messages one by one, each start counted and committed before its handler runs, so that a message which
 *   takes the process down is told from its neighbours and parked.
 * A delivery is acknowledged only after the transaction that settles it has committed.
 */
export class Subscriber<Tx extends Sql> {
  readonly signals: { readonly settled: Signal<SettledMessage>; readonly idle: Signal } = {
    settled: new Signal(),
    idle: new Signal(),
  }
  readonly #options: SubscriberOptions<Tx>
  readonly #outage: StoreOutage
  #isRunning = false
  #fast: Incoming[] = []
  #careful: Incoming[] = []
  /** Batches whose transaction failed as a whole: their messages one by one, to find the one that is to blame. */
  #single: Incoming[] = []
  #fastLanes = 0
  #isCarefulBusy = false

  constructor(options: SubscriberOptions<Tx>) {
    this.#options = options
    this.#outage = new StoreOutage({
      store: options.store,
      logger: options.logger,
      // What is in hand stays in hand: each return to the queue would count towards its delivery limit.
      onDown: () => options.consumer.pause(false),
      onUp: async () => {
        this.#dispatch()
        await options.consumer.resume()
      },
    })
  }

  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    await this.#options.consumer.start()
  }

  /**
   * Takes no more deliveries, lets running handlers finish and acknowledges them; what has not been started goes back to
   * the queue.
   */
  async stop(): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    await this.#options.consumer.stop()
    this.#dropWaiting()
    while (this.#isBusy) await this.signals.idle.next()
    this.#outage.stop()
    await this.#options.consumer.close()
  }

  get #isBusy(): boolean {
    return this.#fastLanes > 0 || this.#isCarefulBusy
  }

  /** For the consumer: never blocks, never throws. */
  accept(delivery: Delivery): void {
    const decoded = decodeMessage(delivery.message)
    if (!decoded.ok) {
      void this.#parkUnreadable(delivery, decoded)
      return
    }
    const incoming = { message: decoded.message, delivery }
    if (delivery.redelivered) this.#careful.push(incoming)
    else this.#fast.push(incoming)
    // Deliveries of one network read come in one turn of the event loop: taken together, they share a transaction.
    setImmediate(() => this.#dispatch())
  }

  #dispatch(): void {
    const { subscription } = this.#options
    if (this.#isRunning && !this.#outage.isDown) {
      while (this.#single.length + this.#fast.length > 0 && this.#fastLanes < subscription.concurrency) {
        const batch = this.#single.length > 0 ? this.#single.splice(0, 1) : this.#fast.splice(0, subscription.batchSize)
        this.#fastLanes++
        void this.#settleBatch(batch, false).finally(() => {
          this.#fastLanes--
          this.#dispatch()
        })
      }
      const next = this.#isCarefulBusy ? undefined : this.#careful.shift()
      if (next !== undefined) {
        this.#isCarefulBusy = true
        void this.#settleCarefully(next).finally(() => {
          this.#isCarefulBusy = false
          this.#dispatch()
        })
      }
    }
    if (!this.#isBusy) this.signals.idle.emit()
  }

  async #settleCarefully(incoming: Incoming): Promise<void> {
    const { store, subscription } = this.#options
    const { message, delivery } = incoming
    try {
      const starts = await store.inbox.countStart(subscription.name, message.id)
      if (starts > subscription.maxStarts) {
        const failure = failureOf(subscription.name, message, crashed(message, starts - 1), starts - 1, {
          kind: 'park',
        })
        const isNew = await recordFailure(store, failure)
        delivery.ack()
        this.#report(
          message,
          isNew ? { kind: 'failed', failure, error: crashed(message, starts - 1) } : { kind: 'duplicate' },
        )
        return
      }
    } catch (error) {
      this.#giveBack([incoming], error)
      return
    }
    await this.#settleBatch([incoming], true)
  }

  async #settleBatch(batch: readonly Incoming[], isCareful: boolean): Promise<void> {
    const messages = batch.map(({ message }) => message)
    let results: ReadonlyMap<string, BatchResult>
    try {
      results = await handleBatch(this.#options, messages, { clearStarts: isCareful })
    } catch (error) {
      await this.#settleFailedBatch(batch, error)
      return
    }
    for (const incoming of batch) {
      const result = results.get(incoming.message.id) ?? { kind: 'postponed' }
      if (result.kind === 'postponed') {
        if (this.#isRunning) this.#fast.unshift(incoming)
        else incoming.delivery.requeue()
        continue
      }
      incoming.delivery.ack()
      this.#report(incoming.message, result)
    }
  }

  /** The transaction did not commit; nothing of it has happened. */
  async #settleFailedBatch(batch: readonly Incoming[], error: unknown): Promise<void> {
    const { store, subscription } = this.#options
    const [first] = batch
    if (first === undefined) return
    if (store.isUnavailable(error) || isWarrenError(error, 'COMMIT_UNKNOWN')) {
      this.#giveBack(batch, error)
      return
    }
    if (batch.length > 1) {
      if (this.#isRunning) this.#single.push(...batch)
      else for (const { delivery } of batch) delivery.requeue()
      return
    }
    if (isWarrenError(error, 'STORE_BUSY')) {
      // Another instance has been handling this very message for long: its outcome decides, and nothing is counted.
      setTimeout(() => this.#takeBack(first), BUSY_PAUSE_MS)
      return
    }
    // Alone and still it cannot commit (a deferred constraint, for one): the failure is this message's own.
    const outcome = decideOutcome(error, 1, subscription.retry, Math.random())
    const failure = failureOf(subscription.name, first.message, error, 1, outcome)
    try {
      const isNew = await recordFailure(store, failure)
      first.delivery.ack()
      this.#report(first.message, isNew ? { kind: 'failed', failure, error } : { kind: 'duplicate' })
    } catch (recordError) {
      this.#giveBack(batch, recordError)
    }
  }

  #takeBack(incoming: Incoming): void {
    if (this.#isRunning && !this.#outage.isDown) this.#single.push(incoming)
    else incoming.delivery.requeue()
    this.#dispatch()
  }

  /** The store could not answer: the messages wait, uncounted, and consuming pauses until it can. */
  #giveBack(batch: readonly Incoming[], error: unknown): void {
    if (this.#isRunning) {
      for (const incoming of batch) (incoming.delivery.redelivered ? this.#careful : this.#single).push(incoming)
      this.#outage.begin(error)
    } else for (const { delivery } of batch) delivery.requeue()
  }

  async #parkUnreadable(delivery: Delivery, { reason, message }: Extract<Decoded, { ok: false }>): Promise<void> {
    const { store, subscription, logger } = this.#options
    this.#fastLanes++
    try {
      const failure = unreadableFailure(subscription.name, delivery.message, message, reason, randomUUID())
      await recordFailure(store, failure)
      delivery.ack()
      logger.error(
        { subscription: subscription.name, reason, id: failure.messageId },
        'a message cannot be read; it is parked',
      )
      this.signals.settled.emit({ id: failure.messageId, name: failure.name, kind: 'failed' })
    } catch (error) {
      if (this.#isRunning) {
        this.#outage.begin(error)
        void this.#outage.over().then(() => this.accept(delivery))
      } else delivery.requeue()
    } finally {
      this.#fastLanes--
      this.#dispatch()
    }
  }

  #report(message: DecodedMessage, result: BatchResult): void {
    const { subscription, logger, telemetry } = this.#options
    const attributes = { 'messaging.consumer.group.name': subscription.name }
    if (result.kind === 'failed') {
      const { state, error, delayMs } = result.failure
      const fields = {
        subscription: subscription.name,
        id: message.id,
        event: message.name,
        entityId: message.entityId,
        code: error.code,
        error: error.message,
      }
      if (state === 'parked') logger.error(fields, 'the handler failed; the message is parked')
      else logger.warn({ ...fields, delayMs }, 'the handler failed; the message is tried again')
      telemetry.record(state === 'parked' ? 'warren.parked' : 'warren.retries', 1, attributes)
    }
    if (result.kind === 'duplicate') telemetry.record('warren.duplicates', 1, attributes)
    this.signals.settled.emit({ id: message.id, name: message.name, kind: result.kind })
  }

  #dropWaiting(): void {
    const waiting = [...this.#fast, ...this.#careful, ...this.#single]
    this.#fast = []
    this.#careful = []
    this.#single = []
    for (const { delivery } of waiting) delivery.requeue()
  }
}

export interface SettledMessage {
  readonly id: string
  readonly name: string
  readonly kind: BatchResult['kind']
}
