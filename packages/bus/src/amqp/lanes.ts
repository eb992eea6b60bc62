import type { ChannelModel } from 'amqplib'
import type { Logger } from '../logger.ts'
import { SingleFlight } from '../single-flight.ts'
import { backoffMs } from './backoff.ts'
import type { Connection } from './connection.ts'
import { Lane } from './lane.ts'
import { Patience } from './patience.ts'
import { canHeal } from './topology.ts'
import { waitMs } from './wait.ts'

export interface LanesOptions {
  readonly connection: Connection
  readonly ensure: (model: ChannelModel) => Promise<void>
  readonly confirmTimeoutMs: number
  readonly logger: Logger
  /** There is another current lane, or none. */
  readonly onChange: () => void
  /** The current lane was full and can take more again. */
  readonly onRoom: () => void
}

/** Between new channels when the broker closes one after the other; short, because each refused message costs one. */
const REOPEN_BACKOFF = { minMs: 10, maxMs: 100 }
const ENSURE_BACKOFF = { minMs: 200, maxMs: 10_000 }
const UNHEALABLE_RETRY_MS = 30_000

/**
 * Keeps one lane open while there is a connection. A lane that ended is followed by a new one, and so is one that seems
 * wedged in the broker, after a confirm timeout or by Patience; that one is retired: what is in flight on it can still
 * be confirmed, and when nothing is any more it is closed.
 */
export class Lanes {
  readonly #options: LanesOptions
  readonly #opening: SingleFlight = new SingleFlight(() => this.#open())
  readonly #patience = new Patience()
  readonly #retired = new Set<Lane>()
  #current: Lane | null = null
  #nowMs = 0
  #openedAtMs = 0
  /** Closed by the broker one after the other before they had confirmed anything. */
  #refusedLanes = 0
  #starting: PromiseWithResolvers<void> | null = null
  #stopping = new AbortController()

  constructor(options: LanesOptions) {
    this.#options = options
  }

  /** The one to send on. */
  get current(): Lane | null {
    return this.#current
  }

  /** Returns after the first attempt. Throws what `ensure` threw when that cannot heal. */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#starting = Promise.withResolvers()
    const { promise } = this.#starting
    void this.#opening.run()
    await promise
  }

  /** There is a new connection. */
  connected(): void {
    void this.#opening.run()
  }

  /** Opens no more lanes; the current one stays. */
  async stopOpening(): Promise<void> {
    this.#stopping.abort()
    await this.#opening.idle()
  }

  /** What is in flight is settled as timed out. */
  async close(): Promise<void> {
    const lanes = this.#all()
    for (const lane of lanes) lane.timeOut(Number.POSITIVE_INFINITY, 0)
    await Promise.all(lanes.map((lane) => lane.close()))
    this.#current = null
    this.#retired.clear()
  }

  /** How long the oldest message has been in flight. */
  oldestInFlightMs(nowMs: number): number {
    return Math.max(0, ...this.#all().map((lane) => nowMs - (lane.oldestSentAtMs ?? nowMs)))
  }

  /** Times out, replaces and closes lanes. To be called often. */
  check(nowMs: number): void {
    this.#nowMs = nowMs
    for (const lane of this.#all()) {
      const isCurrent = lane === this.#current
      const oldestInFlightMs = nowMs - (lane.oldestSentAtMs ?? nowMs)
      const { hasConfirmed, hasNacked } = lane
      const health = { ageMs: nowMs - this.#openedAtMs, oldestInFlightMs, hasConfirmed, hasNacked }
      if (!isCurrent && lane.inFlight === 0) {
        this.#retired.delete(lane)
        void lane.close()
      } else if (oldestInFlightMs >= this.#options.confirmTimeoutMs) {
        this.#timeOut(lane)
      } else if (isCurrent && this.#patience.isOver(health)) {
        this.#patience.end(nowMs)
        this.#replace(lane)
      }
    }
  }

  #all(): readonly Lane[] {
    return this.#current === null ? [...this.#retired] : [this.#current, ...this.#retired]
  }

  #timeOut(lane: Lane): void {
    const { confirmTimeoutMs: timeoutMs, logger } = this.#options
    const before = lane.inFlight
    lane.timeOut(this.#nowMs, timeoutMs)
    logger.warn({ count: before - lane.inFlight, timeoutMs }, 'confirms did not come in time')
    if (lane === this.#current) this.#replace(lane)
  }

  #replace(lane: Lane): void {
    this.#retired.add(lane)
    this.#setCurrent(null)
    void this.#opening.run()
  }

  #setCurrent(lane: Lane | null): void {
    this.#current = lane
    this.#openedAtMs = this.#nowMs
    this.#options.onChange()
  }

  /** Ends with a lane, without a connection, or with stopOpening(). Never rejects. */
  async #open(): Promise<void> {
    const { connection, ensure, logger, onRoom } = this.#options
    const { signal } = this.#stopping
    const wait = (ms: number): Promise<void> => waitMs(ms, signal, connection.signals.connected)
    if (this.#refusedLanes > 0) await wait(backoffMs(REOPEN_BACKOFF, this.#refusedLanes, Math.random()))
    for (let failures = 1; !signal.aborted && this.#current === null; failures++) {
      const model = connection.current
      // The next connection runs this again.
      if (model === null) break
      try {
        await ensure(model)
        this.#setCurrent(await Lane.open(model, { onRoom, onEnd: (lane) => this.#ended(lane) }))
      } catch (error) {
        if (connection.current !== model) continue
        const isHealable = canHeal(error)
        if (!isHealable) this.#starting?.reject(error)
        this.#starting?.resolve()
        logger[isHealable ? 'warn' : 'error']({ error }, 'the topology for publishing could not be declared')
        await wait(isHealable ? backoffMs(ENSURE_BACKOFF, failures, Math.random()) : UNHEALABLE_RETRY_MS)
      }
    }
    this.#starting?.resolve()
    this.#starting = null
  }

  #ended(lane: Lane): void {
    this.#retired.delete(lane)
    if (lane !== this.#current) return
    this.#refusedLanes = lane.isRefused && !lane.hasConfirmed ? this.#refusedLanes + 1 : 0
    this.#setCurrent(null)
    void this.#opening.run()
  }
}
