import type { ChannelModel } from 'amqplib'
import type { Message } from '../envelope/message.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import { SingleFlight } from '../single-flight.ts'
import { backoffMs } from './backoff.ts'
import type { Connection } from './connection.ts'
import { CONNECTION_LOST, Lane } from './lane.ts'
import type { PublishOutcome, Settle } from './lane.ts'
import { LoopClock } from './loop-clock.ts'
import { Patience } from './patience.ts'
import type { LaneHealth } from './patience.ts'
import { canHeal } from './topology.ts'
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

/** Between new channels when the broker closes one after the other; short, because each refused message costs one. */
const REOPEN_BACKOFF = { minMs: 10, maxMs: 100 }
const ENSURE_BACKOFF = { minMs: 200, maxMs: 10_000 }
const UNHEALABLE_RETRY_MS = 30_000

/**
 * How much is sent on a new channel before its first confirm. After a failover the queue may have no leader: the channel
 * then blocks in the broker, and past 400 messages (its credit) so does the connection, which answers no question any
 * more. What was sent in vain is sent again later, so less is better.
 */
const START_WINDOW = 100

/**
 * Publishes with confirms and the mandatory flag, and tells for each message what became of it.
 *
 * Messages travel on one confirm channel, the current lane. After a confirm timeout or a nack a new lane takes over,
 * because the old one may be wedged in the broker; the old one is closed once the rest of its messages is settled.
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
  readonly #ensure: (model: ChannelModel) => Promise<void>
  readonly #window: number
  readonly #confirmTimeoutMs: number
  readonly #probeAfterMs: number
  readonly #logger: Logger
  readonly #clock: LoopClock
  #isStarted = false
  #stopping = new AbortController()
  #lane: Lane | null = null
  readonly #retired = new Set<Lane>()
  readonly #opening: SingleFlight = new SingleFlight(() => this.#openLane())
  #starting: PromiseWithResolvers<void> | null = null
  #shortLanes = 0
  #inFlight = 0
  readonly #waiting: { readonly message: Message; readonly settle: Settle }[] = []
  #wasReady = false
  #isProbing = false
  #answeredAtMs = Number.NEGATIVE_INFINITY
  #isSaturated = false
  #openedAtMs = 0
  readonly #patience = new Patience()
  #unsubscribe: readonly (() => void)[] = []

  constructor(options: PublisherOptions) {
    const { window = 1000, confirmTimeoutMs = 10_000, probeAfterMs = 2_000 } = options
    this.#connection = options.connection
    this.#ensure = options.ensure ?? (() => Promise.resolve())
    this.#window = window
    this.#confirmTimeoutMs = confirmTimeoutMs
    this.#probeAfterMs = probeAfterMs
    this.#logger = options.logger
    this.#clock = new LoopClock(Math.min(250, Math.max(5, Math.ceil(probeAfterMs / 20))))
  }

  get isReady(): boolean {
    return this.#isStarted && this.#lane?.isOpen === true && this.#connection.state === 'connected'
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
    const lane = this.#lane
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
    this.#stopping = new AbortController()
    const { signals } = this.#connection
    this.#unsubscribe = [
      signals.connected.on(() => {
        this.#clock.start(() => this.#tick())
        void this.#opening.run()
      }),
      signals.lost.on(() => this.#update()),
      // Then the broker reads nothing, so that a late confirm says nothing.
      signals.blocked.on(() => {
        this.#clock.stop()
        this.#update()
      }),
      signals.unblocked.on(() => {
        this.#clock.start(() => this.#tick())
        this.#update()
      }),
    ]
    if (this.#connection.state !== 'blocked') this.#clock.start(() => this.#tick())
    if (this.#connection.current === null) return
    this.#starting = Promise.withResolvers()
    void this.#opening.run()
    try {
      await this.#starting.promise
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Takes no more messages and waits for the confirms in flight, as long as the confirm timeout at most. */
  async stop(): Promise<void> {
    if (!this.#isStarted) return
    this.#isStarted = false
    this.#stopping.abort()
    this.#update()
    const timeout = new AbortController()
    await Promise.race([this.#idle(), waitMs(this.#confirmTimeoutMs, timeout.signal)])
    timeout.abort()
    this.#clock.stop()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await this.#opening.idle()
    const lanes = [...(this.#lane === null ? [] : [this.#lane]), ...this.#retired]
    for (const lane of lanes) lane.timeOut(Number.POSITIVE_INFINITY, 0)
    await Promise.all(lanes.map((lane) => lane.close()))
    this.#lane = null
    this.#retired.clear()
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
    const lane = this.#lane
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

  /** Ends with a lane, without a connection, or with stop(). Never rejects. */
  async #openLane(): Promise<void> {
    const { signal } = this.#stopping
    const wait = (ms: number): Promise<void> => waitMs(ms, signal, this.#connection.signals.connected)
    if (this.#shortLanes > 0) await wait(backoffMs(REOPEN_BACKOFF, this.#shortLanes, Math.random()))
    for (let failures = 1; !signal.aborted && this.#lane === null; failures++) {
      const model = this.#connection.current
      // The next connection runs this again.
      if (model === null) break
      try {
        await this.#ensure(model)
        this.#lane = await Lane.open(model, {
          onRoom: () => this.#sendWaiting(),
          onEnd: (lane) => this.#laneEnded(lane),
        })
        this.#openedAtMs = this.#clock.nowMs
        this.#update()
      } catch (error) {
        if (this.#connection.current !== model) continue
        const isHealable = canHeal(error)
        if (!isHealable) this.#starting?.reject(error)
        this.#starting?.resolve()
        this.#logger[isHealable ? 'warn' : 'error']({ error }, 'the topology for publishing could not be declared')
        await wait(isHealable ? backoffMs(ENSURE_BACKOFF, failures, Math.random()) : UNHEALABLE_RETRY_MS)
      }
    }
    this.#starting?.resolve()
    this.#starting = null
  }

  #laneEnded(lane: Lane): void {
    this.#retired.delete(lane)
    if (lane !== this.#lane) return
    this.#lane = null
    this.#shortLanes = lane.isRefused && !lane.hasConfirmed ? this.#shortLanes + 1 : 0
    this.#update()
    void this.#opening.run()
  }

  #tick(): void {
    const nowMs = this.#clock.nowMs
    for (const lane of [this.#lane, ...this.#retired]) if (lane !== null) this.#check(lane, nowMs)
  }

  #check(lane: Lane, nowMs: number): void {
    const isCurrent = lane === this.#lane
    const oldestInFlightMs = nowMs - (lane.oldestSentAtMs ?? nowMs)
    if (!isCurrent && lane.inFlight === 0) this.#dispose(lane)
    else if (oldestInFlightMs >= this.#confirmTimeoutMs) this.#timeOut(lane, nowMs)
    else if (isCurrent && this.#patience.isOver(this.#health(lane, nowMs, oldestInFlightMs))) {
      this.#patience.end(nowMs)
      this.#replace(lane)
    } else if (oldestInFlightMs >= this.#probeAfterMs && nowMs - this.#answeredAtMs >= this.#probeAfterMs) this.#probe()
  }

  #health({ hasConfirmed, hasNacked }: Lane, nowMs: number, oldestInFlightMs: number): LaneHealth {
    return { ageMs: nowMs - this.#openedAtMs, oldestInFlightMs, hasConfirmed, hasNacked }
  }

  #timeOut(lane: Lane, nowMs: number): void {
    const before = lane.inFlight
    lane.timeOut(nowMs, this.#confirmTimeoutMs)
    const fields = { count: before - lane.inFlight, timeoutMs: this.#confirmTimeoutMs }
    this.#logger.warn(fields, 'confirms did not come in time')
    if (lane === this.#lane) this.#replace(lane)
  }

  /** What is in flight on it can still be confirmed. */
  #replace(lane: Lane): void {
    this.#lane = null
    this.#retired.add(lane)
    this.#update()
    void this.#opening.run()
  }

  #dispose(lane: Lane): void {
    this.#retired.delete(lane)
    void lane.close()
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
