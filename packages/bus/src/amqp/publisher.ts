import type { ChannelModel } from 'amqplib'
import type { Message } from '../envelope/message.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import type { Connection } from './connection.ts'
import { CONNECTION_LOST } from './lane.ts'
import type { PublishOutcome, Settle } from './lane.ts'
import { Lanes } from './lanes.ts'
import { LoopClock } from './loop-clock.ts'
import { waitMs } from './wait.ts'

export type { PublishOutcome } from './lane.ts'

export interface PublisherOptions {
  readonly connection: Connection
  /** Declares what is published to; runs before every new channel, so that an exchange that was deleted comes back. */
  readonly ensure?: ((model: ChannelModel) => Promise<void>) | undefined
  /** How many messages may be unconfirmed at once. Default 1000. */
  readonly window?: number | undefined
  /** After so long without a confirm the outcome is unknown. Default 10,000 ms. */
  readonly confirmTimeoutMs?: number | undefined
  /** After so long without a confirm the node is asked whether it lives, and given up after as long again. Default 2,000 ms. */
  readonly probeAfterMs?: number | undefined
  readonly logger: Logger
}

/**
 * How much is sent on a new channel before its first confirm. After a failover the queue may have no leader: the channel
 * then blocks in the broker, and past 400 messages (its credit) so does the connection, which answers no question any
 * more. What was sent in vain is sent again later, so less is better.
 */
const START_WINDOW = 100

/**
 * Publishes with confirms and the mandatory flag, and tells for each message what became of it. No more than a window of
 * messages is in flight, on one confirm channel at a time, the current lane.
 */
export class Publisher {
  readonly signals: {
    /** Messages can be sent (again). */
    readonly ready: Signal
    /** Messages cannot be sent: no connection, no channel, or an alarm of the broker. */
    readonly unready: Signal
    /** `free` was 0 and is no more. */
    readonly available: Signal
    /** Nothing is in flight any more. */
    readonly idle: Signal
  } = { ready: new Signal(), unready: new Signal(), available: new Signal(), idle: new Signal() }
  readonly #connection: Connection
  readonly #lanes: Lanes
  readonly #window: number
  readonly #confirmTimeoutMs: number
  readonly #probeAfterMs: number
  readonly #clock: LoopClock
  readonly #waiting: { readonly message: Message; readonly settle: Settle }[] = []
  #isStarted = false
  #inFlight = 0
  #wasReady = false
  #isSaturated = false
  #isProbing = false
  #answeredAtMs = Number.NEGATIVE_INFINITY
  #unsubscribe: readonly (() => void)[] = []

  constructor(options: PublisherOptions) {
    const { connection, logger, window = 1000, confirmTimeoutMs = 10_000, probeAfterMs = 2_000 } = options
    this.#connection = connection
    this.#window = window
    this.#confirmTimeoutMs = confirmTimeoutMs
    this.#probeAfterMs = probeAfterMs
    this.#clock = new LoopClock(Math.min(250, Math.max(5, Math.ceil(probeAfterMs / 20))))
    this.#lanes = new Lanes({
      connection,
      ensure: options.ensure ?? (() => Promise.resolve()),
      confirmTimeoutMs,
      logger,
      onChange: () => this.#update(),
      onRoom: () => this.#sendWaiting(),
    })
  }

  get isReady(): boolean {
    return this.#isStarted && this.#lanes.current?.isOpen === true && this.#connection.state === 'connected'
  }

  /** Sent and not yet settled. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** How many messages can be sent now without waiting. */
  get free(): number {
    return Math.max(0, this.#room - this.#waiting.length)
  }

  /** How many more messages may be in flight. */
  get #room(): number {
    const lane = this.#lanes.current
    if (lane === null || !this.isReady || lane.isFull) return 0
    const left = this.#window - this.#inFlight
    return lane.hasConfirmed ? left : Math.min(left, START_WINDOW - lane.inFlight)
  }

  /**
   * Returns when messages can be sent, or when they cannot yet and it tries again in the background; see `signals.ready`.
   * Throws what `ensure` threw when that cannot heal (EXCHANGE_INEQUIVALENT, TOPOLOGY_REFUSED).
   */
  async start(): Promise<void> {
    if (this.#isStarted) return
    this.#isStarted = true
    const { signals } = this.#connection
    this.#unsubscribe = [
      signals.connected.on(() => {
        this.#resumeClock()
        this.#lanes.connected()
      }),
      signals.lost.on(() => this.#update()),
      // Then the broker reads nothing, so that a late confirm says nothing.
      signals.blocked.on(() => {
        this.#clock.stop()
        this.#update()
      }),
      signals.unblocked.on(() => {
        this.#resumeClock()
        this.#update()
      }),
    ]
    if (this.#connection.state !== 'blocked') this.#resumeClock()
    try {
      await this.#lanes.start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Takes no more messages and waits for the confirms in flight, as long as the confirm timeout at most. */
  async stop(): Promise<void> {
    if (!this.#isStarted) return
    this.#isStarted = false
    this.#update()
    await this.#lanes.stopOpening()
    const timeout = new AbortController()
    await Promise.race([this.#idle(), waitMs(this.#confirmTimeoutMs, timeout.signal)])
    timeout.abort()
    this.#clock.stop()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await this.#lanes.close()
  }

  /**
   * Never rejects. Not ready: `unknown`, `connection-lost` at once, and nothing was sent. More than the window takes: it
   * waits for its turn.
   */
  publish(message: Message): Promise<PublishOutcome> {
    return new Promise((settle) => {
      if (!this.isReady) settle(CONNECTION_LOST)
      else if (this.free === 0) this.#waiting.push({ message, settle })
      else this.#send(message, settle)
    })
  }

  #send(message: Message, settle: Settle): void {
    const lane = this.#lanes.current
    if (lane === null) {
      settle(CONNECTION_LOST)
      return
    }
    this.#inFlight++
    this.#connection.cork()
    lane.send(message, this.#clock.nowMs, (outcome) => {
      settle(outcome)
      this.#inFlight--
      if (this.#isSaturated) this.#sendWaiting()
      if (this.#inFlight === 0) this.signals.idle.emit()
    })
    this.#isSaturated ||= this.#room <= 0
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0 && this.#room > 0) {
      const next = this.#waiting.shift()
      if (next !== undefined) this.#send(next.message, next.settle)
    }
    if (this.free === 0 || !this.#isSaturated) return
    this.#isSaturated = false
    this.signals.available.emit()
  }

  async #idle(): Promise<void> {
    while (this.#inFlight > 0) await this.signals.idle.next()
  }

  /** Tells of changes of isReady; what waits is not sent when it has become false. */
  #update(): void {
    const isReady = this.isReady
    if (!isReady) for (const { settle } of this.#waiting.splice(0)) settle(CONNECTION_LOST)
    if (isReady === this.#wasReady) return
    this.#wasReady = isReady
    if (isReady) this.signals.ready.emit()
    else this.signals.unready.emit()
  }

  #resumeClock(): void {
    this.#clock.start(() => {
      const nowMs = this.#clock.nowMs
      this.#lanes.check(nowMs)
      const isSuspicious = this.#lanes.oldestInFlightMs(nowMs) >= this.#probeAfterMs
      if (isSuspicious && nowMs - this.#answeredAtMs >= this.#probeAfterMs) this.#probe()
    })
  }

  /** Frozen or only slow? */
  #probe(): void {
    if (this.#isProbing) return
    this.#isProbing = true
    const model = this.#connection.current
    void this.#connection.answers(this.#probeAfterMs).then((isAlive) => {
      this.#isProbing = false
      this.#answeredAtMs = this.#clock.nowMs
      if (isAlive || this.#connection.current !== model) return
      this.#connection.drop(new Error(`the node neither confirmed nor answered for ${2 * this.#probeAfterMs} ms`))
    })
  }
}
