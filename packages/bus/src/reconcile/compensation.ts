import type { BrokerNames } from '../amqp/names.ts'
import type { Publisher } from '../amqp/publisher.ts'
import type { Logger } from '../logger.ts'
import { resend, resendError } from '../outbox/resend.ts'
import { Signal } from '../signal.ts'
import { SingleFlight } from '../single-flight.ts'
import type { CompensationSettings } from '../store/contract/compensation.ts'
import type {
  Findings,
  Proof,
  ReconciliationStore,
  RegisteredSubscription,
  StoredEvent,
} from '../store/contract/reconciliation.ts'
import type { WatchStore } from '../store/contract/watch.ts'
import { decideBreaker } from './breaker.ts'
import type { BreakerDecision } from './breaker.ts'
import { allowedPerSecond, budgetBucket, livePerSecond } from './budget.ts'
import { settingsInEffect } from './in-effect.ts'
import type { InEffect } from './in-effect.ts'
import { compensationSettings } from './settings.ts'
import type { ReconcileSettings } from './settings.ts'
import { selectionsOf } from './steering.ts'
import type { TokenBucket } from './token-bucket.ts'

export interface CompensationOptions {
  readonly service: string
  readonly store: ReconciliationStore
  readonly watches: Pick<WatchStore, 'list'>
  readonly publisher: Publisher
  readonly names: BrokerNames
  readonly settings: ReconcileSettings
  readonly logger: Logger
}

const TICK_MS = 1_000
const BATCH = 200
const TRIAL_SIZE = 10
/** What the share of missing events is taken of. */
const SHARE_WINDOW_MS = 60 * 60_000

interface Trial {
  /** By the monotonic clock. */
  readonly begunMs: number
  readonly ids: ReadonlySet<string>
  asked: number
  arrived: number
}

/**
 * Resends missing events, each to the one subscription that misses it: claimed and counted before it is sent, within a
 * budget, and not while the breaker is open. Whether it has come is for the next barrier to say. What people have set in the place of what
 * the code says is read each time, so that it counts within a second.
 */
export class Compensation {
  readonly signals: { readonly resent: Signal<{ readonly subscription: string; readonly ids: readonly string[] }> } = {
    resent: new Signal(),
  }
  readonly #options: CompensationOptions
  readonly #code: CompensationSettings
  readonly #sharedBudget: TokenBucket
  /** Of subscriptions for which one is set. */
  readonly #ownBudgets = new Map<string, TokenBucket>()
  readonly #trials = new Map<string, Trial>()
  readonly #tick = new SingleFlight(() => this.#run())
  #isDeclared = false
  #timer: NodeJS.Timeout | null = null

  constructor(options: CompensationOptions) {
    this.#options = options
    this.#code = compensationSettings(options.settings)
    this.#sharedBudget = budgetBucket(this.#code, performance.now())
  }

  start(): void {
    const { settings } = this.#options
    if (this.#timer !== null) return
    // Another version of the service may have led before.
    this.#isDeclared = false
    this.#timer = setInterval(() => void this.#tick.run(), Math.min(TICK_MS, settings.intervalMs))
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    await this.#tick.idle()
  }

  /** What an answer has shown of resends. */
  learn(subscription: RegisteredSubscription, findings: Findings): void {
    const trial = this.#trials.get(subscription.name)
    if (trial !== undefined) {
      const arrived = findings.present.filter((id) => trial.ids.has(id)).length
      if (arrived > 0) {
        trial.arrived += arrived
        trial.asked = trial.ids.size
      }
    }
  }

  async #run(): Promise<void> {
    const { service, store, logger } = this.#options
    try {
      if (!this.#isDeclared) await store.compensation.declare(this.#code, service)
      this.#isDeclared = true
      const rows = await store.compensation.list()
      const proofs = await store.proof.list()
      const registry = new Map((await store.registry.list()).map((each) => [each.name, each]))
      for (const proof of proofs) {
        const subscription = registry.get(proof.subscription)
        if (subscription === undefined || subscription.retired !== null) continue
        // What a trial has shown, and what a person wants, holds for the loss that it was made for, and not for the next one.
        if (proof.counts.missing === 0) this.#trials.delete(proof.subscription)
        const inEffect = settingsInEffect(this.#code, rows, proof.subscription)
        const decision = await this.#decide(proof, inEffect.settings, subscription.paused !== null)
        await this.#tell(proof, decision)
        await this.#obey(proof, decision)
        // With `report`, what a person asked for. What is sent to one that is paused nobody can see arrive.
        if (proof.counts.missing > 0 && subscription.paused === null)
          await this.#resend(subscription, proof, inEffect, decision)
      }
    } catch (error) {
      logger.warn({ error }, 'missing events could not be resent; trying again')
    }
  }

  async #decide(proof: Proof, settings: CompensationSettings, isPaused: boolean): Promise<BreakerDecision> {
    const { store } = this.#options
    const { counts, order } = proof
    const nowMs = await store.nowMs()
    return decideBreaker(
      {
        ...{ missing: counts.missing, mode: settings.mode, order },
        compared:
          counts.missing === 0 ? 0 : await store.proof.comparedSince(proof.subscription, nowMs - SHARE_WINDOW_MS),
        unansweredMs: proof.waitingSinceMs === null || isPaused ? 0 : nowMs - proof.waitingSinceMs,
        trial: this.#trials.get(proof.subscription) ?? null,
      },
      settings,
    )
  }

  async #tell({ subscription, breaker }: Proof, decision: BreakerDecision): Promise<void> {
    const { store, logger } = this.#options
    if (decision.kind === 'open') {
      if (breaker?.cause === decision.cause) return
      const { cause, reason } = decision
      await store.proof.setBreaker(subscription, { cause, reason })
      logger.warn({ subscription, reason }, 'the breaker is open: missing events are not resent')
    } else if (breaker !== null) {
      await store.proof.setBreaker(subscription, null)
      logger.info({ subscription }, 'the breaker is closed: missing events are resent')
    }
  }

  /** Ends what a person has ordered when it has done its work, and clears the way for another trial. */
  async #obey({ subscription, order, counts }: Proof, decision: BreakerDecision): Promise<void> {
    const isDone =
      (order?.order === 'close' && counts.missing === 0) || (order?.order === 'try' && decision.kind === 'closed')
    if (order !== null && isDone) await this.#options.store.compensation.fulfil(subscription, order)
    else if (order?.order === 'try') this.#trials.delete(subscription)
  }

  async #resend(
    subscription: RegisteredSubscription,
    { order }: Proof,
    { settings, hasOwnBudget }: InEffect,
    decision: BreakerDecision,
  ): Promise<void> {
    const { store } = this.#options
    const { name } = subscription
    if (decision.kind === 'open') {
      if (!decision.mayTry || this.#isTrying(name)) return
      const events = await this.#claim(subscription, settings, TRIAL_SIZE)
      if (events.length === 0) return
      this.#trials.set(name, {
        begunMs: performance.now(),
        ids: new Set(events.map(({ id }) => id)),
        asked: 0,
        arrived: 0,
      })
      if (order?.order === 'try') await store.compensation.fulfil(name, order)
      await this.#send(subscription, events)
      return
    }
    const perSecond = allowedPerSecond(settings, await livePerSecond(store.proof, await store.nowMs()))
    const budget = this.#budgetOf(name, settings, hasOwnBudget)
    const allowed = budget.take(BATCH, perSecond, performance.now())
    if (allowed === 0) return
    const events = await this.#claim(subscription, settings, allowed)
    budget.giveBack(allowed - events.length)
    if (events.length > 0) await this.#send(subscription, events)
  }

  #budgetOf(name: string, settings: CompensationSettings, isOwn: boolean): TokenBucket {
    if (!isOwn) this.#ownBudgets.delete(name)
    const known = isOwn ? this.#ownBudgets.get(name) : this.#sharedBudget
    if (known !== undefined) return known
    const own = budgetBucket(settings, performance.now())
    this.#ownBudgets.set(name, own)
    return own
  }

  /** A trial whose resends have not come in all this time has failed, and says nothing of what was mended since. */
  #isTrying(name: string): boolean {
    const trial = this.#trials.get(name)
    return trial !== undefined && performance.now() - trial.begunMs < this.#options.settings.maxBackoffMs
  }

  async #claim(
    { name }: RegisteredSubscription,
    { mode }: CompensationSettings,
    limit: number,
  ): Promise<readonly StoredEvent[]> {
    const { store, settings, watches } = this.#options
    const { maxAttempts, backoffMs, maxBackoffMs } = settings
    const steering = (await watches.list()).filter((watch) => watch.compensation !== null)
    const selections = steering.length === 0 ? {} : selectionsOf(steering, await store.missing.names(name))
    const requestedOnly = mode === 'report'
    return store.missing.claim(name, { limit, maxAttempts, backoffMs, maxBackoffMs, requestedOnly, ...selections })
  }

  async #send({ name, queue }: RegisteredSubscription, events: readonly StoredEvent[]): Promise<void> {
    const { publisher, names, store, logger } = this.#options
    const outcomes = await Promise.all(events.map((event) => resend(publisher, names, event, queue)))
    const failed = Map.groupBy(
      events.flatMap(({ id }, index) => {
        const outcome = outcomes[index]
        const error = outcome === undefined ? null : resendError(outcome)
        return error === null ? [] : [{ id, error }]
      }),
      ({ error }) => error,
    )
    for (const [error, group] of failed) {
      const ids = group.map(({ id }) => id)
      await store.missing.failed(name, ids, error)
    }
    const resent = events.length - [...failed.values()].flat().length
    logger.info({ subscription: name, resent, failed: events.length - resent }, 'missing events were resent')
    this.signals.resent.emit({ subscription: name, ids: events.map(({ id }) => id) })
  }
}
