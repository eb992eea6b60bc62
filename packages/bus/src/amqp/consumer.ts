import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import type { RawMessage } from '../envelope/decode.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import { SingleFlight } from '../single-flight.ts'
import { backoffMs } from './backoff.ts'
import { answerOf, closeChannel } from './channel.ts'
import type { Connection } from './connection.ts'
import { QueueWatch } from './queue-watch.ts'
import { canHeal } from './topology.ts'
import { waitMs } from './wait.ts'

/**
 * One message from the queue, to be settled once by ack(), requeue() or reject(). Settling again does nothing, and so
 * does settling after its channel is gone: then the broker has put it back into the queue already.
 */
export interface Delivery {
  readonly message: RawMessage
  readonly redelivered: boolean
  /** How often the broker counts it as delivered in vain before; 0 where the queue does not count. */
  readonly deliveryCount: number
  readonly ack: () => void
  readonly requeue: () => void
  /** To the dead letter exchange. */
  readonly reject: () => void
}

export interface ConsumerOptions {
  readonly connection: Connection
  readonly queue: string
  /** How many deliveries may be unsettled at once. Default 500: 2.3 times as fast as 100 from a quorum queue. */
  readonly prefetch?: number | undefined
  /** Declares the queue and its bindings; runs before every subscription to it. */
  readonly ensure: (model: ChannelModel) => Promise<void>
  /** How often to ask whether the queue still has its consumer. Default 5,000 ms. */
  readonly watchMs?: number | undefined
  /** Called for each delivery, in their order. */
  readonly onDelivery: (delivery: Delivery) => void
  readonly logger: Logger
}

const RETRY_BACKOFF = { minMs: 200, maxMs: 10_000 }
const UNHEALABLE_RETRY_MS = 30_000

/**
 * Consumes from one queue for as long as it runs: after a lost connection, a closed channel or a cancellation by the
 * broker (the queue was deleted, its leader moved) the topology is declared again and consuming goes on.
 *
 * - `stopped`: before start() and after close(). Left by start().
 * - `waiting`: no connection, or the topology cannot be declared now. Left when consuming begins.
 * - `consuming`: deliveries arrive. Left by loss, cancellation, pause(), stop().
 * - `paused`: by pause() or stop(); unsettled deliveries can still be settled. Left by resume() or close().
 */
export class Consumer {
  readonly signals: {
    readonly consuming: Signal
    /** By the broker. */
    readonly cancelled: Signal
    /** The channel is gone; what was unsettled will be delivered again. */
    readonly lost: Signal
  } = { consuming: new Signal(), cancelled: new Signal(), lost: new Signal() }
  readonly #options: ConsumerOptions
  #isWanted = false
  #session: Session | null = null
  readonly #opening: SingleFlight = new SingleFlight(() => this.#open())
  #starting: PromiseWithResolvers<void> | null = null
  #stopping = new AbortController()
  #unsubscribe: (() => void) | null = null

  constructor(options: ConsumerOptions) {
    this.#options = options
  }

  get isConsuming(): boolean {
    return this.#session?.isConsuming === true
  }

  /** Deliveries handed over and not yet settled. */
  get unsettled(): number {
    return this.#session?.unsettled ?? 0
  }

  /**
   * Returns when it consumes, or when it cannot now and tries again in the background. Throws what `ensure` threw when
   * that cannot heal (QUEUE_INEQUIVALENT, EXCHANGE_INEQUIVALENT, TOPOLOGY_REFUSED).
   */
  async start(): Promise<void> {
    if (this.#unsubscribe !== null) return
    this.#isWanted = true
    this.#stopping = new AbortController()
    this.#unsubscribe = this.#options.connection.signals.connected.on(() => void this.#opening.run())
    if (this.#options.connection.current === null) return
    this.#starting = Promise.withResolvers()
    void this.#opening.run()
    try {
      await this.#starting.promise
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Takes no more deliveries. Those in hand can still be settled until close(). */
  async stop(): Promise<void> {
    this.#isWanted = false
    this.#stopping.abort()
    await this.#opening.idle()
    await this.#session?.cancel()
  }

  /**
   * Takes no more deliveries until resume(). With `requeue` the unsettled ones go back to the queue, and settling them
   * does nothing any more.
   */
  async pause(requeue: boolean): Promise<void> {
    await this.stop()
    if (requeue) await this.#end()
  }

  /** Returns when it consumes, or when there is no connection, on the next of which it will. Never rejects. */
  async resume(): Promise<void> {
    if (this.#unsubscribe === null || this.#isWanted) return
    this.#isWanted = true
    this.#stopping = new AbortController()
    await this.#opening.run()
  }

  /** Stops for good; what is unsettled goes back to the queue. */
  async close(): Promise<void> {
    await this.stop()
    this.#unsubscribe?.()
    this.#unsubscribe = null
    await this.#end()
  }

  async #end(): Promise<void> {
    const session = this.#session
    this.#session = null
    await session?.close()
  }

  /** Ends when it consumes, without a connection, or with stop(). Never rejects. */
  async #open(): Promise<void> {
    const { connection, queue, logger } = this.#options
    const { signal } = this.#stopping
    for (let failures = 1; !signal.aborted && !this.isConsuming; failures++) {
      const model = connection.current
      // The next connection runs this again.
      if (model === null) break
      try {
        await this.#consume(model)
      } catch (error) {
        if (connection.current !== model) continue
        const isHealable = canHeal(error)
        const retryMs = isHealable ? backoffMs(RETRY_BACKOFF, failures, Math.random()) : UNHEALABLE_RETRY_MS
        if (!isHealable) this.#starting?.reject(error)
        this.#starting?.resolve()
        logger[isHealable ? 'warn' : 'error']({ queue, error, retryMs }, 'the queue cannot be consumed')
        await waitMs(retryMs, signal, connection.signals.connected)
      }
    }
    this.#starting?.resolve()
    this.#starting = null
  }

  async #consume(model: ChannelModel): Promise<void> {
    if (this.#session === null) {
      await this.#options.ensure(model)
      if (!this.#isWanted) return
      this.#session = await Session.open(model, this.#options, (session, why) => this.#sessionEnded(session, why))
    }
    try {
      await this.#session.consume()
    } catch (error) {
      // Nothing waits for a channel that is blocked in the broker.
      void this.#end()
      throw error
    }
    this.signals.consuming.emit()
  }

  #sessionEnded(session: Session, why: 'cancelled' | 'lost'): void {
    if (session !== this.#session) return
    this.#session = null
    this.#options.logger.warn({ queue: this.#options.queue }, `consuming was interrupted: ${why}`)
    if (why === 'cancelled') void session.close()
    this.signals[why].emit()
    if (this.#isWanted) void this.#opening.run()
  }
}

type OnEnd = (session: Session, why: 'cancelled' | 'lost') => void

/** One channel and the deliveries on it. A delivery tag means nothing on any other channel: there it would be a 406. */
class Session {
  readonly #channel: Channel
  readonly #options: ConsumerOptions
  readonly #onEnd: OnEnd
  readonly #model: ChannelModel
  #watch: QueueWatch | null = null
  #consumerTag: string | null = null
  #isOpen = true
  #unsettled = 0

  private constructor(model: ChannelModel, channel: Channel, options: ConsumerOptions, onEnd: OnEnd) {
    this.#model = model
    this.#channel = channel
    this.#options = options
    this.#onEnd = onEnd
    channel.on('error', (error) =>
      options.logger.warn({ queue: options.queue, error }, 'the broker closed the consuming channel'),
    )
    channel.on('close', () => this.#end('lost'))
  }

  static async open(model: ChannelModel, options: ConsumerOptions, onEnd: OnEnd): Promise<Session> {
    return new Session(model, await model.createChannel(), options, onEnd)
  }

  get isConsuming(): boolean {
    return this.#isOpen && this.#consumerTag !== null
  }

  get unsettled(): number {
    return this.#isOpen ? this.#unsettled : 0
  }

  /** Begins to deliver, and again after cancel(). */
  async consume(): Promise<void> {
    await this.#channel.prefetch(this.#options.prefetch ?? 500)
    const consuming = this.#channel.consume(this.#options.queue, (message) => {
      if (message === null) this.#end('cancelled')
      else this.#deliver(message)
    })
    const { consumerTag } = await answerOf(consuming, `consume from "${this.#options.queue}"`)
    if (!this.#isOpen) throw new Error('the channel was closed while the consumer was set up')
    this.#consumerTag = consumerTag
    const { queue, watchMs: intervalMs = 5_000 } = this.#options
    this.#watch = new QueueWatch({ model: this.#model, queue, intervalMs, onGone: () => this.#end('cancelled') })
  }

  async cancel(): Promise<void> {
    const tag = this.#consumerTag
    this.#consumerTag = null
    this.#watch?.stop()
    if (tag === null || !this.#isOpen) return
    // Rejects when the channel goes meanwhile.
    await answerOf(this.#channel.cancel(tag), 'end consuming').catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#watch?.stop()
    await closeChannel(this.#channel)
  }

  #end(why: 'cancelled' | 'lost'): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#watch?.stop()
    this.#onEnd(this, why)
  }

  #deliver(message: ConsumeMessage): void {
    this.#unsettled++
    const { fields, properties, content: body } = message
    const count: unknown = properties.headers?.['x-delivery-count']
    let isSettled = false
    const settle = (act: () => void): void => {
      if (isSettled || !this.#isOpen) return
      isSettled = true
      this.#unsettled--
      this.#options.connection.cork()
      act()
    }
    try {
      this.#options.onDelivery({
        message: { body, fields, properties },
        redelivered: fields.redelivered,
        deliveryCount: typeof count === 'number' ? count : 0,
        ack: () => settle(() => this.#channel.ack(message)),
        requeue: () => settle(() => this.#channel.reject(message, true)),
        reject: () => settle(() => this.#channel.reject(message, false)),
      })
    } catch (error) {
      // Thrown into amqplib's frame loop it would end the whole connection.
      this.#options.logger.error({ queue: this.#options.queue, error }, 'a delivery could not be taken')
    }
  }
}
