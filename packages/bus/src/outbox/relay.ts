import type { Connection } from '../amqp/connection.ts'
import type { Publisher, PublishOutcome } from '../amqp/publisher.ts'
import { encodeEvent } from '../envelope/encode.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import { SingleFlight } from '../single-flight.ts'
import type { LeaseStore, OutboxStore, PendingEvent } from '../store/store.ts'
import type { Telemetry } from '../telemetry.ts'
import { EntityLanes, insertById } from './entity-lanes.ts'
import { Marks } from './marks.ts'
import { send } from './send.ts'
import { decideSettlement } from './settle.ts'
import type { Settlement } from './settle.ts'
import { BucketShare } from './share.ts'

export interface RelayOptions {
  readonly outbox: OutboxStore
  readonly leases: LeaseStore
  readonly connection: Connection
  readonly publisher: Publisher
  /** Where an event of this name is published. */
  readonly exchangeOf: (name: string) => string
  readonly logger: Logger
  readonly telemetry: Telemetry
  /** How many events one claim takes. Default 500. */
  readonly claimLimit?: number
  /** Longest pause between two looks into the store when nothing announces new events. Default 100 ms. */
  readonly idlePollMs?: number
  readonly leaseMs?: number
}

/** How long after append() in a caller's transaction the relay looks often: the commit is near, but we are not told. */
const EXPECT_MS = 250
const EXPECTING_POLL_MS = 5
/** A thousand commits a second must not cause a thousand queries: they share one per gap. */
const MIN_CLAIM_GAP_MS = 8
/** After a claim that found something: more is likely. */
const BUSY_POLL_MS = 20
const PROBE_INTERVAL_MS = 1_000
const STORE_RETRY_MS = 500

/**
 * Takes pending events to the broker. Four things overlap: claiming the next events, publishing with a window of
 * unconfirmed ones, removing the pending rows of the confirmed, and asking whether unroutable events have a queue by now.
 *
 * An event is in one place at a time: in the store, `#lanes` (behind another one of its ordered entity), `#ready`, `#alone`,
 * `#inFlight`, or `#marks` (answered, not yet written). All but the first are in `#held`, which claims leave out. A crash at any point leaves rows in the store,
 * which are sent again with the same id.
 */
export class Relay {
  readonly signals: { readonly settled: Signal<RelayedEvent>; readonly idle: Signal } = {
    settled: new Signal(),
    idle: new Signal(),
  }
  readonly #options: RelayOptions
  readonly #claimLimit: number
  readonly #idlePollMs: number
  readonly #share: BucketShare
  #isRunning = false
  #ready: PendingEvent[] = []
  /** Suspects after the broker closed the channel: each is sent with nothing else in flight. */
  #alone: PendingEvent[] = []
  readonly #inFlight = new Map<string, PendingEvent>()
  readonly #held = new Set<string>()
  readonly #lanes = new EntityLanes()
  readonly #marks: Marks
  readonly #claim: SingleFlight
  #pollTimer: NodeJS.Timeout | null = null
  #pollDueMs = 0
  #claimedAtMs = 0
  #probeTimer: NodeJS.Timeout | null = null
  #expectUntilMs = 0
  #unsubscribe: (() => void)[] = []

  constructor(options: RelayOptions) {
    this.#options = options
    this.#claimLimit = options.claimLimit ?? 500
    this.#idlePollMs = options.idlePollMs ?? 100
    this.#share = new BucketShare({
      leases: options.leases,
      logger: options.logger,
      drain: (bucket) => this.#drain(bucket),
      ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
    })
    const { outbox, logger } = options
    this.#marks = new Marks({ outbox, logger, onMarked: (ids) => this.#marked(ids) })
    this.#claim = new SingleFlight(() => this.#claimOnce())
  }

  /** Events taken from the store and not yet settled in it. */
  get held(): number {
    return this.#held.size
  }

  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    const { publisher, connection } = this.#options
    this.#unsubscribe = [
      publisher.signals.ready.on(() => this.#pump()),
      publisher.signals.available.on(() => this.#pump()),
      connection.signals.unblocked.on(() => this.#pump()),
      this.#share.signals.changed.on(() => this.wake()),
    ]
    await this.#share.start()
    this.#probeTimer = setTimeout(() => void this.#probe(), PROBE_INTERVAL_MS)
    this.wake()
  }

  /** Claims no more, waits for the confirms in flight, removes their rows, gives the leases back. */
  async stop(): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    if (this.#pollTimer !== null) clearTimeout(this.#pollTimer)
    if (this.#probeTimer !== null) clearTimeout(this.#probeTimer)
    await this.#claim.idle()
    this.#forget([...this.#lanes.drain(null), ...this.#ready, ...this.#alone])
    this.#ready = []
    this.#alone = []
    while (this.#inFlight.size > 0) await this.signals.settled.next()
    await this.#marks.flush()
    this.#marks.stop()
    await this.#share.stop().catch((error: unknown) => {
      this.#options.logger.warn({ error }, 'relay leases could not be released; they expire')
    })
  }

  /** Something was committed: look now. */
  wake(): void {
    this.#pollIn(Math.max(0, this.#claimedAtMs + MIN_CLAIM_GAP_MS - performance.now()))
  }

  /** Something was written in a transaction that somebody else will commit: look often for a while. */
  expect(): void {
    this.#expectUntilMs = performance.now() + EXPECT_MS
    this.#pollIn(EXPECTING_POLL_MS)
  }

  async #claimOnce(): Promise<void> {
    const { outbox, logger } = this.#options
    const buckets = this.#share.buckets
    // Not while the broker is away or blocked: what is claimed then only waits in memory instead of in the store.
    if (!this.#isRunning || buckets.length === 0 || !this.#options.publisher.isReady) {
      this.#pollIn(this.#idlePollMs)
      return
    }
    if (this.#ready.length >= this.#claimLimit) return
    this.#claimedAtMs = performance.now()
    try {
      this.#lanes.claiming()
      const excludeOrders = this.#lanes.full
      const events = await outbox.claim({ buckets, exclude: [...this.#held], excludeOrders, limit: this.#claimLimit })
      for (const event of events) {
        const entered = this.#lanes.enter(event)
        if (entered !== 'refused') this.#held.add(event.id)
        if (entered === 'go') this.#ready.push(event)
      }
      this.#pump()
      if (events.length === this.#claimLimit) return // #pump() claims again when the buffer runs low
      if (events.length === 0 && this.#held.size === 0) this.signals.idle.emit()
      this.#pollIn(
        performance.now() < this.#expectUntilMs
          ? EXPECTING_POLL_MS
          : events.length > 0
            ? BUSY_POLL_MS
            : this.#idlePollMs,
      )
    } catch (error) {
      logger.warn({ error }, 'pending events could not be read; trying again')
      this.#pollIn(STORE_RETRY_MS)
    }
  }

  /** Claims after the delay, or sooner if that is planned already. */
  #pollIn(delayMs: number): void {
    if (!this.#isRunning) return
    const dueMs = performance.now() + delayMs
    if (this.#pollTimer !== null) {
      if (this.#pollDueMs <= dueMs) return
      clearTimeout(this.#pollTimer)
    }
    this.#pollDueMs = dueMs
    this.#pollTimer = setTimeout(() => {
      this.#pollTimer = null
      void this.#claim.run()
    }, delayMs)
  }

  /** Hands events to the publisher as far as its window reaches. */
  #pump(): void {
    const { publisher } = this.#options
    if (!this.#isRunning || !publisher.isReady) return
    if (this.#alone.length > 0) {
      if (this.#inFlight.size === 0) this.#send(this.#alone.shift(), true)
      return
    }
    let sent = 0
    while (sent < this.#ready.length && publisher.free > 0) {
      const event = this.#ready[sent++]
      if (event !== undefined && this.#share.has(event.bucket)) this.#send(event, false)
      else if (event !== undefined) this.#forget([event])
    }
    if (sent > 0) this.#ready = this.#ready.slice(sent)
    this.#claimIfLow()
  }

  /** When a claim is planned, it is planned for a reason: the last one left nothing behind. */
  #claimIfLow(): void {
    const isLow = this.#isRunning && this.#ready.length < this.#claimLimit / 2
    if (isLow && this.#pollTimer === null && !this.#claim.isBusy) void this.#claim.run()
  }

  #send(event: PendingEvent | undefined, isAlone: boolean): void {
    if (event === undefined) return
    this.#inFlight.set(event.id, event)
    const { publisher, telemetry, exchangeOf } = this.#options
    const message = encodeEvent(event, exchangeOf(event.name))
    void send(publisher, telemetry, message, event.headers).then((outcome) => this.#settle(event, outcome, isAlone))
  }

  #settle(event: PendingEvent, outcome: PublishOutcome, isAlone: boolean): void {
    this.#inFlight.delete(event.id)
    const settlement = decideSettlement(event, outcome, { isAlone, random: Math.random() })
    this.#apply(event, settlement)
    if (event.state === 'unroutable' && outcome.kind === 'confirmed') void this.#releaseName(event.name)
    this.signals.settled.emit({ event, outcome, settlement })
    this.#pump()
  }

  #apply(event: PendingEvent, settlement: Settlement): void {
    const { logger } = this.#options
    switch (settlement.kind) {
      case 'sent':
        this.#marks.confirm(event.id)
        this.#next(event)
        return
      case 'again':
        if (this.#isRunning) insertById(this.#ready, event)
        else this.#forget([event])
        return
      case 'alone':
        if (this.#isRunning) insertById(this.#alone, event)
        else this.#forget([event])
        return
      case 'later': {
        const { state, delayMs, error } = settlement
        if (state === 'pending') this.#forget(this.#lanes.close(event))
        else this.#next(event)
        this.#marks.reschedule({ id: event.id, state, delayMs, error })
        const fields = {
          id: event.id,
          event: event.name,
          entityId: event.entityId,
          state,
          error,
          attempts: event.attempts + 1,
        }
        if (state === 'unpublishable') logger.error(fields, 'the broker refuses this event; it is kept aside')
        else if (event.state !== state || state === 'pending') logger.warn(fields, `event is ${state}`)
      }
    }
  }

  /** The event has its answer: the next one of its ordered entity may go. */
  #next(event: PendingEvent): void {
    const next = this.#lanes.leave(event)
    if (next !== null) insertById(this.#ready, next)
  }

  #marked(ids: readonly string[]): void {
    this.#lanes.known(ids)
    for (const id of ids) this.#held.delete(id)
    this.#claimIfLow()
  }

  /**
   * A million unroutable events of one name must not be sent again and again: the oldest of each name asks for all.
   * When a queue takes it, the others of its name become pending.
   */
  async #probe(): Promise<void> {
    const { outbox, publisher, logger } = this.#options
    try {
      const buckets = this.#share.buckets
      if (buckets.length > 0 && publisher.isReady) {
        const probes = (await outbox.probes(buckets)).filter((event) => !this.#held.has(event.id))
        for (const event of probes) this.#held.add(event.id)
        if (this.#isRunning) this.#ready.unshift(...probes)
        this.#pump()
      }
    } catch (error) {
      logger.warn({ error }, 'unroutable events could not be read; trying again')
    }
    if (this.#isRunning) this.#probeTimer = setTimeout(() => void this.#probe(), PROBE_INTERVAL_MS)
  }

  async #releaseName(name: string): Promise<void> {
    const { outbox, logger } = this.#options
    try {
      const released = await outbox.release({ name })
      if (released > 0)
        logger.info({ event: name, released }, 'a subscription takes this event now; the unroutable ones follow')
      this.wake()
    } catch (error) {
      logger.warn(
        { error, event: name },
        'unroutable events could not be released; the next one that is due asks again',
      )
    }
  }

  /** Resolves when nothing of the bucket is on its way to the broker and all of it is settled in the store. */
  async #drain(bucket: number): Promise<void> {
    const waiting = this.#lanes.drain(bucket)
    const dropped = [...waiting, ...this.#ready, ...this.#alone].filter((event) => event.bucket === bucket)
    this.#ready = this.#ready.filter((event) => event.bucket !== bucket)
    this.#alone = this.#alone.filter((event) => event.bucket !== bucket)
    this.#forget(dropped)
    while ([...this.#inFlight.values()].some((event) => event.bucket === bucket)) await this.signals.settled.next()
    await this.#marks.flush()
  }

  #forget(events: readonly PendingEvent[]): void {
    for (const event of events) {
      this.#held.delete(event.id)
      for (const behind of this.#lanes.drop(event)) this.#held.delete(behind.id)
    }
  }
}

export interface RelayedEvent {
  readonly event: PendingEvent
  readonly outcome: PublishOutcome
  readonly settlement: Settlement
}
