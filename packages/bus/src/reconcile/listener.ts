import type { Delivery } from '../amqp/consumer.ts'
import type { BrokerNames } from '../amqp/names.ts'
import type { Logger } from '../logger.ts'
import type {
  Findings,
  MissingEvent,
  Proof,
  ReconciliationStore,
  RegisteredSubscription,
} from '../store/contract/reconciliation.ts'
import type { Asker } from './asker.ts'
import { causesOf } from './causes.ts'
import type { Memories, Memory } from './memory.ts'
import { decodeControl } from './messages.ts'
import type { Announcement, Answer } from './messages.ts'
import { backfillOf, beginOf } from './registry.ts'
import { compareAnswer, unwantedOf } from './round.ts'
import type { ReconcileSettings } from './settings.ts'
import type { Watcher } from './watcher.ts'

export interface ListenerOptions {
  readonly store: ReconciliationStore
  readonly names: BrokerNames
  readonly settings: ReconcileSettings
  readonly logger: Logger
  readonly watcher: Watcher
  readonly memories: Memories
  readonly asker: Asker
  readonly isLeading: () => boolean
  /** What an answer showed is written. */
  readonly onCompared: (subscription: RegisteredSubscription, findings: Findings) => void
}

/** Hears announcements and keeps the registry; hears answers, compares them with the ledger and writes what they show. */
export class Listener {
  readonly #options: ListenerOptions
  #handling: Promise<void> = Promise.resolve()

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  /** Resolves when all that was accepted is dealt with. */
  async idle(): Promise<void> {
    await this.#handling
  }

  /** For the consumer of the control queue: one after another. Never throws. */
  accept(delivery: Delivery): void {
    this.#handling = this.#handling.then(async () => {
      const control = decodeControl(delivery.message)
      try {
        if (control?.kind === 'announcement') await this.#register(control.body)
        else if (control?.kind === 'answer') await this.#compare(control.body)
        else this.#options.logger.warn({}, 'a control message cannot be read; it is dropped')
        delivery.ack()
      } catch (error) {
        // Lost answers are asked for again, and announcements come regularly.
        this.#options.logger.warn({ error }, 'a control message could not be handled; it is dropped')
        delivery.ack()
      }
    })
  }

  async #register(announced: Announcement): Promise<void> {
    const { store, settings } = this.#options
    const known = (await store.registry.list()).find(({ name }) => name === announced.subscription)
    const begin = beginOf(known, announced, await store.nowMs(), settings.clockToleranceMs)
    const { subscription: name, service, queue, hasInbox, timeoutMs, queueCreatedMs, patternsSinceMs } = announced
    const { paused = null } = announced
    const registration = { name, service, queue, hasInbox, timeoutMs, queueCreatedMs, patternsSinceMs, paused }
    const backfill = known === undefined ? backfillOf(announced, settings.clockToleranceMs) : null
    await store.registry.register(registration, begin, backfill)
    await this.#noteQueue(known, queueCreatedMs)
  }

  async #noteQueue(known: RegisteredSubscription | undefined, queueCreatedMs: number | null): Promise<void> {
    if (queueCreatedMs === null || known === undefined || known.queueCreatedMs === queueCreatedMs) return
    await this.#options.watcher.recreated(known, Math.min(queueCreatedMs, await this.#options.store.nowMs()))
  }

  async #compare(answer: Answer): Promise<void> {
    const { store, settings } = this.#options
    const { proof: proofs, ledger } = store
    const [proof] = await proofs.list(answer.subscription)
    if (proof === undefined || !this.#options.memories.takes(proof, answer.barrierId)) return
    // Asked before this store was set back, or before it heard that the subscriber's was: it would hide that the proof must go back.
    if (answer.askedRewindId !== proof.rewindId) return
    const subscription = await this.#subscriptionOf(answer)
    if (subscription === undefined) return

    const memory = this.#options.memories.of(subscription.name)
    const nowMs = await store.nowMs()
    const context = { subscription, proof, ledger, toleranceMs: settings.clockToleranceMs, readMs: nowMs }
    const answered = {
      barrierId: answer.barrierId,
      roundTripMs: Math.max(0, Date.now() - answer.sentMs),
      retrying: answer.retrying,
      parked: answer.parked,
      rewindId: answer.rewindId,
    }
    const rewoundMs = answer.rewoundMs
    if (rewoundMs !== null) {
      memory.details = []
      await this.#options.watcher.rewound(subscription, { toMs: rewoundMs, provenMs: proof.throughMs, foundMs: nowMs })
      const none = { throughMs: null, minutes: [], suspects: [], ghosts: [], present: [], absent: [], unwanted: [] }
      await this.#record(subscription, { answer: answered, rewoundMs, ...none })
    } else {
      const { findings, details } = await compareAnswer(context, answer, memory.details)
      memory.details = [...details, ...memory.details.slice(answer.details.length)]
      const absent = new Set(answer.absent)
      const suspects = await this.#absentSuspects(answer)
      const unwanted = new Set(unwantedOf(context, suspects))
      const missing = suspects.filter(({ id }) => !unwanted.has(id))
      await this.#record(subscription, {
        answer: answered,
        rewoundMs: null,
        ...findings,
        present: answer.checked.filter((id) => !absent.has(id)),
        absent: await this.#causesOf(subscription, missing, answer, proof.throughMs),
        unwanted: [...unwanted],
      })
    }
    const [next] = await proofs.list(subscription.name)
    if (next !== undefined && this.#options.isLeading() && this.#hasMore(memory, next, rewoundMs))
      await this.#options.asker.ask(subscription, next)
  }

  /** More to ask at once, rather than with the next round. */
  #hasMore(memory: Memory, proof: Proof, rewoundMs: number | null): boolean {
    const isFarBehind = Date.now() - proof.throughMs > 2 * 60_000 && proof.waitingSinceMs === null
    return rewoundMs !== null || memory.details.length > 0 || isFarBehind
  }

  /**
   * The subscription, with the interest and the queue that the answer tells: announcements may be lost or come late, and what its
   * bindings did not route is not missing. Undefined for one that is unknown or retired.
   */
  async #subscriptionOf(answer: Answer): Promise<RegisteredSubscription | undefined> {
    const { store, settings } = this.#options
    const { registry } = store
    const find = async (): Promise<RegisteredSubscription | undefined> =>
      (await registry.list()).find(({ name, retired }) => name === answer.subscription && retired === null)
    const known = await find()
    if (known === undefined || answer.standing === null) return known
    const { patternsSinceMs, queueCreatedMs } = answer.standing
    const begin = beginOf(known, answer.standing, await store.nowMs(), settings.clockToleranceMs)
    if (begin === null && queueCreatedMs === known.queueCreatedMs) return known
    await registry.register({ ...known, patternsSinceMs, queueCreatedMs }, begin, null)
    await this.#noteQueue(known, queueCreatedMs)
    return find()
  }

  /** Those that were suspected by an earlier barrier, and are not there. */
  async #absentSuspects(answer: Answer): Promise<readonly MissingEvent[]> {
    if (answer.absent.length === 0) return []
    const suspects = await this.#options.store.missing.list({
      subscription: answer.subscription,
      ids: answer.absent,
      states: ['suspect'],
      limit: answer.absent.length,
    })
    return suspects.filter(({ barrierId }) => barrierId < answer.barrierId)
  }

  async #causesOf(
    subscription: RegisteredSubscription,
    missing: readonly MissingEvent[],
    answer: Answer,
    throughMs: number,
  ): Promise<Findings['absent']> {
    if (missing.length === 0) return []
    const { store, settings, names } = this.#options
    // What stands after they were found missing stood, or did not, when they were sent.
    await this.#options.asker.look()
    const context = {
      ...{ subscription, names, throughMs, store },
      ...{ isWatched: this.#options.watcher.isWatching, clockToleranceMs: settings.clockToleranceMs },
    }
    return causesOf(context, missing, answer)
  }

  async #record(subscription: RegisteredSubscription, findings: Findings): Promise<void> {
    const { store, logger } = this.#options
    await store.proof.record(subscription.name, findings)
    if (findings.absent.length > 0) {
      const causes = Object.fromEntries(
        [...Map.groupBy(findings.absent, ({ cause }) => cause)].map(([cause, events]) => [cause, events.length]),
      )
      logger.error(
        { subscription: subscription.name, missing: findings.absent.length, causes },
        'events are missing: they were published and did not reach the subscription',
      )
      this.#options.memories.of(subscription.name).mustDeclare = true
    }
    if (findings.ghosts.length > 0) {
      logger.error(
        { subscription: subscription.name, ghosts: findings.ghosts.length },
        'a subscription has received events that are not in the ledger',
      )
    }
    if (findings.rewoundMs !== null) {
      const to = new Date(findings.rewoundMs)
      logger.error(
        { subscription: subscription.name, to },
        "a subscriber's store was set back; its proof begins again there",
      )
    }
    this.#options.onCompared(subscription, findings)
  }
}
