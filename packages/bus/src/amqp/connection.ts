import type { ChannelModel } from 'amqplib'
import type { WarrenError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import { backoffMs } from './backoff.ts'
import type { Backoff } from './backoff.ts'
import type { Endpoint } from './endpoints.ts'
import { Link } from './link.ts'
import { roundError } from './refusal.ts'
import type { ConnectFailure } from './refusal.ts'
import { Rotation } from './rotation.ts'
import { SilenceWatch } from './silence.ts'
import type { TlsOptions } from './tls.ts'
import { canHeal } from './topology.ts'
import { waitMs } from './wait.ts'

export interface ConnectionOptions {
  readonly endpoints: readonly Endpoint[]
  /** Shown by the management interface: `order-service publish`. */
  readonly name: string
  readonly tls?: TlsOptions | undefined
  /** In which order endpoints are tried at first. Default `random`. */
  readonly order?: 'random' | 'given' | undefined
  /** Default 10 s. A frozen node is noticed sooner, see idleProbeMs. */
  readonly heartbeatS?: number | undefined
  /** For one attempt at one endpoint: TCP, TLS and AMQP together. Grows to 4 times that while attempts fail. Default 2,000 ms. */
  readonly connectTimeoutMs?: number | undefined
  /** Between rounds in which every endpoint failed. Default 200 ms to 10 s. */
  readonly backoff?: Backoff | undefined
  /** Between rounds in which every endpoint refused the credentials or a certificate. Default 30 s. */
  readonly refusedRetryMs?: number | undefined
  /** When nothing came from the node for so long it is asked, and given up after as long again. Default 3,000 ms. */
  readonly idleProbeMs?: number | undefined
  readonly logger: Logger
}

export type ConnectionState = 'connecting' | 'connected' | 'blocked' | 'stopped'

type Setup = (model: ChannelModel) => Promise<void>

/** A connection that did not live as long counts as a failed attempt, so that a node that drops us is not stormed. */
const STABLE_MS = 5_000

/**
 * One connection to one of several nodes, opened again, to the next node, whenever it is lost.
 *
 * - `stopped`: before start() and after stop(). Left by start().
 * - `connecting`: no node, or setups still run. Entered by start() and by every loss; left when all setups have run.
 * - `connected`: `current` can be used. Left by loss, stop(), or an alarm of the broker.
 * - `blocked`: connected, but an alarm (memory, disk) keeps the broker from reading what is published; consuming goes
 *   on. Left when the alarm ends, by loss or stop().
 */
export class Connection {
  readonly signals: {
    /** After all setups have run. */
    readonly connected: Signal<ChannelModel>
    readonly lost: Signal<Error>
    readonly blocked: Signal<string>
    readonly unblocked: Signal
    /** A whole round of endpoints failed. */
    readonly failed: Signal<WarrenError>
  } = {
    connected: new Signal(),
    lost: new Signal(),
    blocked: new Signal(),
    unblocked: new Signal(),
    failed: new Signal(),
  }
  readonly name: string
  readonly #options: ConnectionOptions
  readonly #logger: Logger
  readonly #rotation: Rotation
  readonly #setups = new Set<Setup>()
  #state: ConnectionState = 'stopped'
  #link: Link | null = null
  #stopping = new AbortController()
  #running: Promise<void> | null = null
  #started: Promise<void> | null = null
  /** Until start() has returned. */
  #starting: PromiseWithResolvers<void> | null = null

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#logger = options.logger
    this.name = options.name
    this.#rotation = new Rotation(options.endpoints, options.order ?? 'random')
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Null unless connected or blocked. */
  get current(): ChannelModel | null {
    return this.#state === 'connected' || this.#state === 'blocked' ? (this.#link?.model ?? null) : null
  }

  /** `host:port` of the connected node. */
  get endpoint(): string | null {
    return this.current === null ? null : (this.#link?.endpoint.label ?? null)
  }

  /**
   * Returns when every endpoint was tried once: connected, or with nothing reachable, which is logged and tried again in
   * the background. Throws ACCESS_REFUSED or TLS_FAILED when no endpoint lets us in and one refuses us for good, and
   * what a setup threw that cannot heal; then it is stopped.
   */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  async #start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#state = 'connecting'
    const starting: PromiseWithResolvers<void> = Promise.withResolvers()
    this.#starting = starting
    this.#running = this.#run()
    try {
      await starting.promise
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Closes the connection; waits 2 s at most for a node that does not answer. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#state = 'stopped'
    await this.#link?.close()
    await this.#running
    this.#running = null
    this.#started = null
  }

  /**
   * Runs for the current connection, if there is one, and for each one after it, before it counts as connected; setups
   * run one after the other in the order in which they were added. One that rejects costs the connection, and the next
   * is tried; an error that cannot heal is logged instead (or thrown by start()) and the connection stays.
   * Returns how to remove it.
   */
  onConnected(setup: Setup): () => void {
    this.#setups.add(setup)
    const link = this.#link
    if (link !== null && this.current !== null)
      void this.#setUp(link, setup).then((error) => this.#logUnhealable(error))
    return () => this.#setups.delete(setup)
  }

  /** Gives up a connection that looks frozen: ends it at once and tries the other endpoints first. */
  drop(reason: Error): void {
    this.#link?.destroy(reason)
  }

  /** Before sending many small things: they leave together when the event loop has come round. */
  cork(): void {
    this.#link?.cork()
  }

  /** Whether the node answers a trivial question; true while it is blocked, when it reads no questions. */
  async answers(timeoutMs: number): Promise<boolean> {
    const link = this.#link
    if (link === null) return false
    if (this.#state === 'blocked') return true
    return (await link.answers(timeoutMs)) || this.#isBlocked()
  }

  // Methods, because the compiler takes what it saw before an await for what is true after it.
  #isBlocked(): boolean {
    return this.#state === 'blocked'
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    let failures: ConnectFailure[] = []
    let failedRounds = 0
    while (!signal.aborted) {
      const endpoint = this.#rotation.first
      const failure = await this.#connectOnce(endpoint, failedRounds)
      this.#rotation.moveToEnd(endpoint)
      if (failure === null) {
        failures = []
        failedRounds = 0
        continue
      }
      failures.push(failure)
      if (failures.length < this.#rotation.size || this.#isStopping()) continue

      failedRounds += 1
      const retryMs = this.#roundFailed(failures, failedRounds)
      failures = []
      await waitMs(retryMs, signal)
    }
    this.#isStarted()
  }

  /** Returns when the connection is lost again: null when it had been stable, why it was not otherwise. */
  async #connectOnce(endpoint: Endpoint, failedRounds: number): Promise<ConnectFailure | null> {
    const { tls, heartbeatS = 10, connectTimeoutMs = 2_000 } = this.#options
    const { signal } = this.#stopping
    const timeoutMs = connectTimeoutMs * 2 ** Math.min(failedRounds, 2)
    const link = await Link.open(endpoint, { name: this.name, tls, heartbeatS, timeoutMs, signal })
    if (!(link instanceof Link)) return link
    if (this.#isStopping()) {
      await link.close()
      return null
    }
    const openedAtMs = performance.now()
    const error = await this.#serve(link)
    if (performance.now() - openedAtMs >= STABLE_MS) return null
    return { kind: 'unreachable', endpoint, reason: error.message }
  }

  async #serve(link: Link): Promise<Error> {
    const fields = { connection: this.name, endpoint: link.endpoint.label }
    const silence = new SilenceWatch(link, this.#options.idleProbeMs ?? 3_000, (timeoutMs) => this.answers(timeoutMs))
    this.#link = link
    silence.start()
    link.model.on('blocked', (reason) => this.#block(link, reason))
    link.model.on('unblocked', () => this.#unblock(link))
    const isSetUp = await this.#setUpAll(link)
    if (isSetUp) {
      this.#state = 'connected'
      this.#logger.info(fields, 'connected to the broker')
      this.signals.connected.emit(link.model)
      this.#isStarted()
    }
    const error = await link.lost
    silence.stop()
    this.#link = null
    if (this.#isStopping()) return error
    this.#state = 'connecting'
    this.#logger.warn({ ...fields, reason: error.message }, 'connection to the broker lost')
    if (isSetUp) this.signals.lost.emit(error)
    return error
  }

  async #setUpAll(link: Link): Promise<boolean> {
    for (const setup of [...this.#setups]) {
      const error = await this.#setUp(link, setup)
      if (error === null) continue
      if (canHeal(error)) return false
      if (this.#refuseToStart(error)) return false
      this.#logUnhealable(error)
    }
    return !this.#isStopping()
  }

  #isStarted(): void {
    this.#starting?.resolve()
    this.#starting = null
  }

  /** False when start() has returned already. */
  #refuseToStart(error: Error): boolean {
    if (this.#starting === null) return false
    this.#starting.reject(error)
    this.#starting = null
    this.#stopping.abort()
    return true
  }

  /** Null when it went well. */
  async #setUp(link: Link, setup: Setup): Promise<Error | null> {
    try {
      await setup(link.model)
      return null
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause))
      if (canHeal(error)) link.destroy(new Error(`its set-up failed: ${error.message}`, { cause }))
      return error
    }
  }

  #logUnhealable(error: Error | null): void {
    if (error !== null && !canHeal(error)) {
      this.#logger.error({ connection: this.name, error }, 'the topology on the broker needs attention')
    }
  }

  #block(link: Link, reason: string): void {
    if (link !== this.#link || this.#state !== 'connected') return
    this.#state = 'blocked'
    this.#logger.warn({ connection: this.name, reason }, 'the broker blocks publishing: an alarm is on')
    this.signals.blocked.emit(reason)
  }

  #unblock(link: Link): void {
    if (link !== this.#link || this.#state !== 'blocked') return
    this.#state = 'connected'
    this.#logger.info({ connection: this.name }, 'the broker takes messages again')
    this.signals.unblocked.emit()
  }

  /** Says what was tried and returns how long to wait. */
  #roundFailed(failures: readonly ConnectFailure[], failedRounds: number): number {
    const { backoff = { minMs: 200, maxMs: 10_000 }, refusedRetryMs = 30_000 } = this.#options
    const refusals = failures.filter((failure) => failure.kind === 'refused').length
    const error = roundError(failures)
    const retryMs = refusals === failures.length ? refusedRetryMs : backoffMs(backoff, failedRounds, Math.random())
    // Nobody waits for a service that runs and does nothing because its password is wrong.
    if (refusals > 0 && this.#refuseToStart(error)) return 0
    this.#isStarted()
    // A broker that is away for a day must not fill the log.
    const level = refusals > 0 ? 'error' : isPowerOfTwo(failedRounds) ? 'warn' : 'debug'
    const message = refusals > 0 ? 'the broker refuses this service' : 'no endpoint could be reached'
    this.#logger[level]({ connection: this.name, error, retryMs, failedRounds }, message)
    this.signals.failed.emit(error)
    return retryMs
  }
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0
}
