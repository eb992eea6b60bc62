import type { ChannelModel } from 'amqplib'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import { SingleFlight } from '../single-flight.ts'
import { backoffMs } from './backoff.ts'
import type { Connection } from './connection.ts'
import { Session } from './session.ts'
import type { Delivery } from './session.ts'
import { canHeal } from './topology.ts'
import { waitMs } from './wait.ts'

export type { Delivery } from './session.ts'

export interface ConsumerOptions {
  readonly connection: Connection
  readonly queue: string
  /** How many deliveries may be unsettled at once. Default 500: 2.3 times as fast as 100 from a quorum queue. */
  readonly prefetch?: number | undefined
  /** Declares the queue and its bindings; runs before every subscription to it. */
  readonly ensure: (model: ChannelModel) => Promise<void>
  /** How often to ask whether the queue still has its consumer. Default 5,000 ms. */
  readonly watchMs?: number | undefined
  /** After how long without a delivery, and with nothing in hand, it begins anew: see QueueWatch. Default 120,000 ms. */
  readonly silentMs?: number | undefined
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

  #sessionEnded(session: Session, why: 'cancelled' | 'lost' | 'silent'): void {
    if (session !== this.#session) return
    if (why === 'silent') {
      // A delivery that came just now shows that the broker knows its consumer; then the channel stays.
      if (session.unsettled === 0) void this.#end()
      if (this.#isWanted) void this.#opening.run()
      return
    }
    this.#session = null
    this.#options.logger.warn({ queue: this.#options.queue }, `consuming was interrupted: ${why}`)
    if (why === 'cancelled') void session.close()
    this.signals[why].emit()
    if (this.#isWanted) void this.#opening.run()
  }
}
