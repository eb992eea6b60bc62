import { randomUUID } from 'node:crypto'
import type { Consumer, Delivery } from '../amqp/consumer.ts'
import { decodeMessage } from '../envelope/decode.ts'
import type { Decoded, DecodedMessage } from '../envelope/decode.ts'
import { isWarrenError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { isControl } from '../envelope/control.ts'
import { Signal } from '../signal.ts'
import type { FailureOrder } from '../store/contract/order.ts'
import type { Sql } from '../store/store.ts'
import { crashed, handleBatch, recordFailure } from './batch.ts'
import type { BatchOptions, BatchResult } from './batch.ts'
import { failureOf } from './failure.ts'
import { InHand } from './in-hand.ts'
import { unreadableFailure } from './invalid.ts'
import { decideOutcome } from './outcome.ts'
import { entityKey } from './ordering.ts'
import { reportResult } from './report.ts'
import { StoreOutage } from './outage.ts'
import { Waiting } from './waiting.ts'

export interface SubscriberOptions<Tx extends Sql> extends BatchOptions<Tx> {
  readonly consumer: Consumer
  readonly logger: Logger
  /** Told of every message that Warren sent for itself; settles it. */
  readonly onControl: (delivery: Delivery) => void
  /** Events that waited in the store are due now. */
  readonly onReleased: () => void
}

const BUSY_PAUSE_MS = 1_000

interface Incoming {
  readonly message: DecodedMessage
  readonly delivery: Delivery
  readonly redelivered: boolean
  readonly arrivedAtMs: number
}

/**
 * Takes the deliveries of one subscription through the inbox. Two lanes:
 * - the fast lane: batches of messages that come for the first time, several transactions at a time;
 * - the careful lane: redelivered messages, each start counted and committed before its handler runs. The first time they share a
 *   batch, because most were only in hand when something else went wrong; those that come back once more go one by one, so that a
 *   message which takes the process down is told from its neighbours and parked.
 * A delivery is acknowledged only after the transaction that settles it has committed.
 */
export class Subscriber<Tx extends Sql> {
  readonly signals: { readonly settled: Signal<SettledMessage>; readonly idle: Signal } = {
    settled: new Signal(),
    idle: new Signal(),
  }
  /** What was accepted and is not settled. */
  readonly inHand: InHand = new InHand()
  readonly #options: SubscriberOptions<Tx>
  readonly #outage: StoreOutage
  #isRunning = false
  readonly #waiting: Waiting<Incoming>
  #fastLanes = 0
  #isCarefulBusy = false
  #isDispatchDue = false
  #gatherTimer: NodeJS.Timeout | null = null

  constructor(options: SubscriberOptions<Tx>) {
    this.#options = options
    const exclusive = options.ordering === null ? undefined : ({ message }: Incoming) => entityKey(message)
    this.#waiting = new Waiting({ ...options.subscription, exclusive })
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
    const { lost, cancelled } = options.consumer.signals
    for (const signal of [lost, cancelled]) signal.on(() => this.inHand.lose())
  }

  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#outage.start()
    await this.#options.consumer.start()
  }

  /**
   * Takes no more deliveries, lets running handlers finish and acknowledges them; what has not been started goes back to
   * the queue. Can be started again.
   */
  async stop(): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    await this.#options.consumer.stop()
    this.#dropWaiting()
    while (this.#isBusy) await this.signals.idle.next()
    this.#outage.stop()
    await this.#options.consumer.close()
    // What came late, or waited for another transaction, is the queue's again, and comes back when this is started again.
    this.#waiting.drain()
    this.inHand.lose()
  }

  get #isBusy(): boolean {
    return this.#fastLanes > 0 || this.#isCarefulBusy
  }

  /** For the consumer: never blocks, never throws. */
  accept(delivery: Delivery): void {
    if (isControl(delivery.message)) this.#options.onControl(delivery)
    else this.#take(this.inHand.take(delivery))
  }

  #take(delivery: Delivery): void {
    const decoded = decodeMessage(delivery.message)
    if (!decoded.ok) {
      void this.#parkUnreadable(delivery, decoded)
      return
    }
    const { redelivered } = delivery
    this.#waiting.add({ message: decoded.message, delivery, redelivered, arrivedAtMs: performance.now() })
    if (this.#isDispatchDue) return
    this.#isDispatchDue = true
    // Deliveries of one network read come in one turn of the event loop: taken together, they share a transaction.
    setImmediate(() => {
      this.#isDispatchDue = false
      this.#dispatch()
    })
  }

  #dispatch(): void {
    if (this.#isRunning && !this.#outage.isDown) {
      this.#dispatchFast()
      if (!this.#isCarefulBusy) this.#dispatchCareful()
    }
    if (!this.#isBusy) this.signals.idle.emit()
  }

  #dispatchFast(): void {
    const nowMs = performance.now()
    for (;;) {
      const batch = this.#waiting.next(this.#fastLanes, nowMs)
      if (batch.length === 0) break
      this.#fastLanes++
      void this.#settleBatch(batch).finally(() => {
        this.#fastLanes--
        this.#waiting.ended(batch)
        this.#dispatch()
      })
    }
    const gatheredInMs = this.#waiting.gatheredInMs(nowMs)
    if (gatheredInMs === null || this.#gatherTimer !== null) return
    if (this.#fastLanes >= this.#options.subscription.concurrency) return // the next one that ends looks again
    this.#gatherTimer = setTimeout(() => {
      this.#gatherTimer = null
      this.#dispatch()
    }, Math.ceil(gatheredInMs))
  }

  #dispatchCareful(): void {
    const work = this.#waiting.nextCareful()
    if (work === null) return
    this.#isCarefulBusy = true
    const settled = work.kind === 'batch' ? this.#settleRedelivered(work.items) : this.#settleSuspect(work.item)
    void settled.finally(() => {
      this.#isCarefulBusy = false
      this.#dispatch()
    })
  }

  /** One statement counts the first start of all of them; those that have one already are suspects. */
  async #settleRedelivered(batch: readonly Incoming[]): Promise<void> {
    const { store, subscription } = this.#options
    let first: ReadonlySet<string>
    try {
      first = await store.inbox.countFirstStarts(
        subscription.name,
        batch.map(({ message }) => message.id),
      )
    } catch (error) {
      this.#giveBack(batch, error, { isCounted: false })
      return
    }
    this.#waiting.suspect(batch.filter(({ message }) => !first.has(message.id)))
    const together = batch.filter(({ message }) => first.has(message.id))
    if (together.length > 0) await this.#settleBatch(together)
  }

  async #settleSuspect(incoming: Incoming): Promise<void> {
    const { store, subscription } = this.#options
    const { message, delivery } = incoming
    try {
      const starts = await store.inbox.countStart(subscription.name, message.id)
      if (starts > subscription.maxStarts) {
        const error = crashed(message, starts - 1)
        const failure = failureOf(subscription.name, message, error, starts - 1, { kind: 'park' }, this.#order(message))
        const isNew = await recordFailure(store, failure)
        delivery.ack()
        this.#report(message, isNew ? { kind: 'failed', failure, error } : { kind: 'duplicate' })
        return
      }
    } catch (error) {
      this.#giveBack([incoming], error, { isCounted: false })
      return
    }
    await this.#settleBatch([incoming])
  }

  async #settleBatch(batch: readonly Incoming[]): Promise<void> {
    const messages = batch.map(({ message }) => message)
    const beganMs = performance.now()
    let results: ReadonlyMap<string, BatchResult>
    try {
      const handled = await handleBatch(this.#options, messages, {
        clearStarts: batch.some(({ redelivered }) => redelivered),
      })
      results = handled.results
      if (handled.released > 0) this.#options.onReleased()
    } catch (error) {
      await this.#settleFailedBatch(batch, error, beganMs)
      return
    }
    const told = new Set<string>()
    const postponed: Incoming[] = []
    for (const incoming of batch) {
      const { id } = incoming.message
      const result = results.get(id) ?? { kind: 'postponed' }
      if (result.kind === 'postponed') {
        if (this.#isRunning) postponed.push(incoming)
        else incoming.delivery.requeue()
        continue
      }
      incoming.delivery.ack()
      // Twice in one batch: the result is that of the first.
      this.#report(incoming.message, told.has(id) ? { kind: 'duplicate' } : result)
      told.add(id)
    }
    this.#waiting.putBack(postponed)
  }

  /** The transaction did not commit; nothing of it has happened. */
  async #settleFailedBatch(batch: readonly Incoming[], error: unknown, beganMs: number): Promise<void> {
    const { store, subscription } = this.#options
    const [first] = batch
    if (first === undefined) return
    if (store.isUnavailable(error) || isWarrenError(error, 'COMMIT_UNKNOWN')) {
      this.#giveBack(batch, error, { isCounted: true })
      return
    }
    if (batch.length > 1) {
      if (this.#isRunning) this.#waiting.isolate(batch)
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
    const order = this.#order(first.message)
    const failure = failureOf(subscription.name, first.message, error, 1, outcome, order, beganMs)
    try {
      const isNew = await recordFailure(store, failure)
      first.delivery.ack()
      this.#report(first.message, isNew ? { kind: 'failed', failure, error } : { kind: 'duplicate' })
    } catch (recordError) {
      this.#giveBack(batch, recordError, { isCounted: true })
    }
  }

  #takeBack(incoming: Incoming): void {
    if (this.#isRunning && !this.#outage.isDown) this.#waiting.isolate([incoming])
    else incoming.delivery.requeue()
    this.#dispatch()
  }

  /**
   * The store could not answer: the messages wait, and consuming pauses until it can. Those whose start is counted go on one by
   * one and are not counted again: the process has not died of them.
   */
  #giveBack(batch: readonly Incoming[], error: unknown, options: { readonly isCounted: boolean }): void {
    if (!this.#isRunning) {
      for (const { delivery } of batch) delivery.requeue()
      return
    }
    if (options.isCounted) this.#waiting.isolate(batch)
    else for (const incoming of batch) this.#waiting.add(incoming)
    this.#outage.begin(error)
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
        void this.#outage.over().then(() => this.#take(delivery))
      } else delivery.requeue()
    } finally {
      this.#fastLanes--
      this.#dispatch()
    }
  }

  #order(message: DecodedMessage): FailureOrder | null {
    return this.#options.ordering?.failureOrder(message) ?? null
  }

  #report(message: DecodedMessage, result: BatchResult): void {
    reportResult(this.#options, message, result)
    this.signals.settled.emit({ id: message.id, name: message.name, kind: result.kind })
  }

  #dropWaiting(): void {
    if (this.#gatherTimer !== null) clearTimeout(this.#gatherTimer)
    this.#gatherTimer = null
    for (const { delivery } of this.#waiting.drain()) delivery.requeue()
  }
}

export interface SettledMessage {
  readonly id: string
  readonly name: string
  readonly kind: BatchResult['kind']
}
