import type { Connection } from '../amqp/connection.ts'
import type { BrokerNames } from '../amqp/names.ts'
import type { Publisher, PublishOutcome } from '../amqp/publisher.ts'
import { readQueueDepth } from '../amqp/queue-depth.ts'
import { waitMs } from '../amqp/wait.ts'
import type { Logger } from '../logger.ts'
import { resend } from '../outbox/resend.ts'
import { Signal } from '../signal.ts'
import { SingleFlight } from '../single-flight.ts'
import type { Backfill } from '../store/contract/backfill.ts'
import type { ReconciliationStore, RegisteredSubscription, StoredEvent } from '../store/contract/reconciliation.ts'
import { countMatching, totalOf } from './backfill-count.ts'
import { confirmedPrefix, decideHold } from './backfill-decisions.ts'
import type { BackfillLimits, Hold } from './backfill-decisions.ts'
import { Pace } from './pace.ts'
import { TokenBucket } from './token-bucket.ts'

export interface BackfillingOptions {
  readonly store: ReconciliationStore
  readonly publisher: Publisher
  readonly connection: Connection
  readonly names: BrokerNames
  readonly limits: BackfillLimits
  readonly logger: Logger
}

const LOOK_MS = 1_000
const HOLD_MS = 500
/** Between two handfuls of a batch: a burst would make live events wait behind it. */
const DRIP_MS = 20
const BURST_SECONDS = 0.1
const MAX_BATCH = 500

/** What one process remembers of a backfill that it sends. */
interface Run {
  readonly bucket: TokenBucket
  readonly pace: Pace
}

/**
 * Sends backfills: events of the ledger, each to the one subscription that asked, oldest first. The cursor moves, committed,
 * when a whole batch is confirmed, so that a process that dies costs the next one that batch alone, which its inbox tells
 * from new ones. One instance of a service does it, the leader of reconciliation; were there two for a moment, the cursor tells.
 */
export class Backfilling {
  readonly signals: { readonly advanced: Signal<Backfill>; readonly ended: Signal<Backfill> } = {
    advanced: new Signal(),
    ended: new Signal(),
  }
  readonly #options: BackfillingOptions
  readonly #looking = new SingleFlight(() => this.#look())
  readonly #running = new Map<string, Promise<void>>()
  #timer: NodeJS.Timeout | null = null
  #stopping = new AbortController()

  constructor(options: BackfillingOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#timer !== null) return
    this.#stopping = new AbortController()
    this.#timer = setInterval(() => void this.#looking.run(), LOOK_MS)
    this.#timer.unref()
    void this.#looking.run()
  }

  /** Waits for the confirms of what is sent, and writes them down. */
  async stop(): Promise<void> {
    if (this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
    this.#stopping.abort()
    await this.#looking.idle()
    await Promise.all(this.#running.values())
  }

  async #look(): Promise<void> {
    const { store, logger } = this.#options
    try {
      for (const backfill of await store.backfill.list({ states: ['running'], limit: 1_000 })) {
        const { id } = backfill
        if (this.#stopping.signal.aborted || this.#running.has(id)) continue
        this.#running.set(
          id,
          this.#run(backfill).finally(() => this.#running.delete(id)),
        )
      }
    } catch (error) {
      logger.warn({ error }, 'backfills could not be looked for; trying again')
    }
  }

  /** Until it is over, is paused, or this process stops. Never rejects. */
  async #run(backfill: Backfill): Promise<void> {
    const { logger } = this.#options
    const { id, subscription } = backfill
    logger.info({ subscription, backfill: id, cursor: backfill.cursor }, 'a backfill begins, or goes on')
    try {
      const nowMs = performance.now()
      const run = { bucket: new TokenBucket({ burstSeconds: BURST_SECONDS, tokens: 0 }, nowMs), pace: new Pace(nowMs) }
      let current: Backfill | null = await this.#counted(backfill)
      while (current?.state === 'running' && !this.#stopping.signal.aborted) current = await this.#step(current, run)
    } catch (error) {
      // The next look finds it where the cursor is.
      logger.warn({ subscription, backfill: id, error }, 'a backfill was interrupted; it goes on')
    }
  }

  async #counted(backfill: Backfill): Promise<Backfill> {
    if (backfill.names !== null) return backfill
    const { store } = this.#options
    const counted = totalOf(await countMatching(store.backfill, backfill.range, [backfill.patterns]))
    await store.backfill.counted(backfill.id, counted)
    return { ...backfill, ...counted }
  }

  /** One batch, or one wait. Null: another process sends it, or it is gone. */
  async #step(backfill: Backfill, run: Run): Promise<Backfill | null> {
    const { store } = this.#options
    const subscription = (await store.registry.list()).find(({ name }) => name === backfill.subscription)
    if (subscription === undefined || subscription.retired !== null)
      return this.#end(
        backfill,
        'failed',
        `the subscription is ${subscription === undefined ? 'not known' : 'retired'}`,
      )

    const nowMs = await store.nowMs()
    const unsentMs = await store.ledger.oldestUnsentMs()
    const hold = await this.#holdOf(subscription, unsentMs === null ? null : nowMs - unsentMs)
    if (hold !== null) return this.#hold(backfill, hold)

    const rate = this.#rateOf(backfill)
    const limit = Math.min(MAX_BATCH, Math.ceil(rate))
    const events = await store.backfill.next(backfill, { beforeMs: unsentMs ?? Infinity, limit })
    if (events.length > 0) return this.#sendBatch(backfill, subscription, events, run)
    if (unsentMs === null || unsentMs >= backfill.range.toMs) return this.#end(backfill, 'done', null)
    return this.#hold(backfill, { by: 'relay', error: null })
  }

  async #holdOf({ queue }: RegisteredSubscription, unsentMs: number | null): Promise<Hold | null> {
    const { publisher, connection, limits } = this.#options
    const model = connection.current
    const depth = model === null ? 'unknown' : await readQueueDepth(model, queue)
    return decideHold({ queue, isReady: publisher.isReady, depth, unsentMs }, limits)
  }

  /** Those without a rate of their own share the default. */
  #rateOf({ rate }: Backfill): number {
    return rate ?? this.#options.limits.perSecond / Math.max(1, this.#running.size)
  }

  async #sendBatch(
    backfill: Backfill,
    subscription: RegisteredSubscription,
    events: readonly StoredEvent[],
    run: Run,
  ): Promise<Backfill | null> {
    const { store } = this.#options
    const outcomes = await this.#send(backfill, subscription.queue, events, run)
    const { cursor, confirmed, result } = confirmedPrefix(events, outcomes)
    let current: Backfill | null = backfill
    if (cursor !== null) {
      const pace = run.pace.add(confirmed, performance.now())
      current = await store.backfill.advance(backfill, { cursor, sent: confirmed, pace })
      if (current !== null) this.signals.advanced.emit(current)
    }
    if (current?.state !== 'running' || result.kind === 'confirmed') return current
    if (result.kind === 'refused') return this.#end(current, 'failed', result.error)
    return outcomes.length < events.length ? current : this.#hold(current, { by: 'broker', error: result.error })
  }

  /** Drips a batch as the rate allows. Fewer outcomes than events: this process stops. */
  async #send(
    backfill: Backfill,
    queue: string,
    events: readonly StoredEvent[],
    { bucket }: Run,
  ): Promise<readonly PublishOutcome[]> {
    const { publisher, names } = this.#options
    const sent: Promise<PublishOutcome>[] = []
    while (sent.length < events.length && !this.#stopping.signal.aborted) {
      const taken = bucket.take(events.length - sent.length, this.#rateOf(backfill), performance.now())
      for (const event of events.slice(sent.length, sent.length + taken)) {
        sent.push(resend(publisher, names, event, queue))
      }
      if (sent.length < events.length) await waitMs(DRIP_MS, this.#stopping.signal)
    }
    return Promise.all(sent)
  }

  async #hold(backfill: Backfill, { by, error }: Hold): Promise<Backfill | null> {
    const { store, logger } = this.#options
    const { id, subscription } = backfill
    const isNew = backfill.heldBy !== by || backfill.error !== error
    if (isNew) logger.debug({ subscription, backfill: id, by, error }, 'a backfill gives way')
    const current = isNew ? await store.backfill.hold(id, by, error) : await store.backfill.find(id)
    await waitMs(HOLD_MS, this.#stopping.signal)
    return current
  }

  async #end(backfill: Backfill, state: 'done' | 'failed', error: string | null): Promise<null> {
    const { store, logger } = this.#options
    const { id, subscription, sent } = backfill
    await store.backfill.end(id, state, error)
    if (error === null) logger.info({ subscription, backfill: id, sent }, 'a backfill is done')
    else logger.error({ subscription, backfill: id, sent, reason: error }, 'a backfill has failed')
    this.signals.ended.emit({ ...backfill, state, error, heldBy: null })
    return null
  }
}
