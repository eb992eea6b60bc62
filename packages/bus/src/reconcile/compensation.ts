import type { BrokerNames } from '../amqp/names.ts'
import type { Publisher } from '../amqp/publisher.ts'
import type { Logger } from '../logger.ts'
import { resend, resendError } from '../outbox/resend.ts'
import { Signal } from '../signal.ts'
import { SingleFlight } from '../single-flight.ts'
import type {
  Findings,
  Proof,
  ReconciliationStore,
  RegisteredSubscription,
  StoredEvent,
} from '../store/reconciliation.ts'
import type { WatchStore } from '../store/watch.ts'
import { decideBreaker } from './breaker.ts'
import { Budget } from './budget.ts'
import type { ReconcileSettings } from './settings.ts'
import { selectionsOf } from './steering.ts'

export interface CompensationOptions {
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
const RATE_WINDOW_MS = 5 * 60_000

interface Trial {
  /** By the monotonic clock. */
  readonly begunMs: number
  readonly ids: ReadonlySet<string>
  asked: number
  arrived: number
}

/**
 * Resends missing events, each to the one subscription that misses it: claimed and counted before it is sent, within a
 * budget, and not while the breaker is open. Whether it has come is for the next barrier to say.
 */
export class Compensation {
  readonly signals: { readonly resent: Signal<{ readonly subscription: string; readonly ids: readonly string[] }> } = {
    resent: new Signal(),
  }
  readonly #options: CompensationOptions
  readonly #budget: Budget
  readonly #trials = new Map<string, Trial>()
  readonly #tick = new SingleFlight(() => this.#run())
  #timer: NodeJS.Timeout | null = null

  constructor(options: CompensationOptions) {
    this.#options = options
    this.#budget = new Budget(options.settings.budget, performance.now())
  }

  start(): void {
    const { settings } = this.#options
    if (this.#timer !== null) return
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
    const { store, logger } = this.#options
    try {
      const proofs = await store.proof.list()
      const registry = new Map((await store.registry.list()).map((each) => [each.name, each]))
      for (const proof of proofs) {
        const subscription = registry.get(proof.subscription)
        if (subscription === undefined || subscription.retired !== null) continue
        // What a trial has shown holds for the loss that it was made for, and not for the next one.
        if (proof.counts.missing === 0) this.#trials.delete(proof.subscription)
        const decision = await this.#decide(proof, subscription.paused !== null)
        if ((decision.kind === 'open') !== (proof.breaker !== null)) await this.#tell(proof, decision)
        // With `report`, what a person asked for. What is sent to one that is paused nobody can see arrive.
        if (proof.counts.missing > 0 && subscription.paused === null) await this.#resend(subscription, decision)
      }
    } catch (error) {
      logger.warn({ error }, 'missing events could not be resent; trying again')
    }
  }

  async #decide(proof: Proof, isPaused: boolean): Promise<ReturnType<typeof decideBreaker>> {
    const { store, settings } = this.#options
    // Told where it stops something, so that nobody waits for what does not come.
    if (settings.compensation === 'off')
      return proof.counts.missing > 0
        ? { kind: 'open', reason: 'compensation is off', mayTry: false }
        : { kind: 'closed' }
    const nowMs = await store.nowMs()
    const trial = this.#trials.get(proof.subscription)
    return decideBreaker(
      {
        missing: proof.counts.missing,
        compared: await store.proof.comparedSince(proof.subscription, nowMs - SHARE_WINDOW_MS),
        unansweredMs: proof.waitingSinceMs === null || isPaused ? 0 : nowMs - proof.waitingSinceMs,
        trial: trial === undefined ? null : trial,
      },
      settings.breaker,
    )
  }

  async #tell(proof: Proof, decision: ReturnType<typeof decideBreaker>): Promise<void> {
    const { store, logger } = this.#options
    const { subscription } = proof
    if (decision.kind === 'open') {
      await store.proof.setBreaker(subscription, decision.reason)
      logger.warn({ subscription, reason: decision.reason }, 'the breaker is open: missing events are not resent')
      return
    }
    await store.proof.setBreaker(subscription, null)
    logger.info({ subscription }, 'the breaker is closed: missing events are resent')
  }

  async #resend(subscription: RegisteredSubscription, decision: ReturnType<typeof decideBreaker>): Promise<void> {
    const { store } = this.#options
    if (decision.kind === 'open') {
      if (!decision.mayTry || this.#isTrying(subscription.name)) return
      const events = await this.#claim(subscription, TRIAL_SIZE)
      if (events.length === 0) return
      this.#trials.set(subscription.name, {
        begunMs: performance.now(),
        ids: new Set(events.map(({ id }) => id)),
        asked: 0,
        arrived: 0,
      })
      await this.#send(subscription, events)
      return
    }
    const perSecond =
      (await store.proof.comparedSince(null, (await store.nowMs()) - RATE_WINDOW_MS)) / (RATE_WINDOW_MS / 1_000)
    const allowed = this.#budget.take(BATCH, perSecond, performance.now())
    if (allowed === 0) return
    const events = await this.#claim(subscription, allowed)
    this.#budget.giveBack(allowed - events.length)
    if (events.length > 0) await this.#send(subscription, events)
  }

  /** A trial whose resends have not come in all this time has failed, and says nothing of what was mended since. */
  #isTrying(name: string): boolean {
    const trial = this.#trials.get(name)
    return trial !== undefined && performance.now() - trial.begunMs < this.#options.settings.maxBackoffMs
  }

  async #claim({ name }: RegisteredSubscription, limit: number): Promise<readonly StoredEvent[]> {
    const { store, settings, watches } = this.#options
    const { maxAttempts, backoffMs, maxBackoffMs, compensation } = settings
    const steering = (await watches.list()).filter((watch) => watch.compensation !== null)
    const selections = steering.length === 0 ? {} : selectionsOf(steering, await store.missing.names(name))
    const requestedOnly = compensation === 'report'
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
