import type { Connection } from '../amqp/connection.ts'
import type { BrokerNames } from '../amqp/names.ts'
import type { Publisher } from '../amqp/publisher.ts'
import { readQueueDepth } from '../amqp/queue-depth.ts'
import { ensureTopology } from '../amqp/topology.ts'
import { matches } from '../catalog/pattern.ts'
import { newId, uuidTime } from '../envelope/uuid.ts'
import type { Logger } from '../logger.ts'
import type { Proof, ReconciliationStore, RegisteredSubscription } from '../store/contract/reconciliation.ts'
import type { Memories } from './memory.ts'
import type { Barrier } from './messages.ts'
import { rangesToAsk } from './round.ts'
import { sendControl } from './send-control.ts'
import type { ReconcileSettings } from './settings.ts'
import { ownBindings, watchedQueue } from './watch.ts'
import type { WatchedBinding } from './watch.ts'
import type { Watcher } from './watcher.ts'

export interface AskerOptions {
  readonly service: string
  /** Of every event of the catalog. */
  readonly eventNames: readonly string[]
  readonly store: ReconciliationStore
  readonly publisher: Publisher
  readonly connection: Connection
  readonly names: BrokerNames
  readonly settings: ReconcileSettings
  readonly logger: Logger
  readonly watcher: Watcher
  readonly memories: Memories
  readonly isLeading: () => boolean
}

/** An hour of a subscription that catches up: some 600 KB of digests with ten names. */
const MINUTES_PER_BARRIER = 60
const OPEN_MINUTES_PER_BARRIER = 10
const CHECKS_PER_BARRIER = 2_000
/** Beyond a handler's deadline: the batch around it, its commit and its acknowledgement. */
const SETTLING_MS = 1_000
const LONGEST_BARRIER_PAUSE_MS = 600_000

/** Asks subscriptions, by barriers through their queues, what they have received. */
export class Asker {
  readonly #options: AskerOptions

  constructor(options: AskerOptions) {
    this.#options = options
  }

  /** Looks at the broker, then asks every subscription of which there is something to ask. Never rejects. */
  async round(): Promise<void> {
    const { store, logger } = this.#options
    const { registry, proof } = store
    try {
      await this.look()
      await proof.reopenLate()
      const proofs = new Map((await proof.list()).map((each) => [each.subscription, each]))
      for (const subscription of await registry.list()) {
        const known = proofs.get(subscription.name)
        if (known !== undefined && this.#options.isLeading()) await this.ask(subscription, known)
      }
    } catch (error) {
      logger.warn({ error }, 'a round of reconciliation failed; the next one tries again')
    }
  }

  /** A binding that is gone is declared again by its subscriber with the next barrier, or here where it is the publisher's. */
  async look(): Promise<void> {
    for (const { subscription, absent } of await this.#options.watcher.look()) {
      this.#options.memories.of(subscription).mustDeclare = true
      await this.#declare(subscription, absent)
    }
  }

  async #declare(subscription: string, absent: readonly WatchedBinding[]): Promise<void> {
    const { connection, names, logger } = this.#options
    const model = connection.current
    const bindings = ownBindings(absent, names)
    if (model === null || bindings.length === 0) return
    try {
      await ensureTopology(model, { exchanges: [], queues: [], bindings }, logger)
    } catch (error) {
      logger.warn({ subscription, error }, 'a binding that is gone could not be declared again')
    }
  }

  /** Sends a barrier, unless one is under way or there is nothing to ask; in any case when a person wants it. */
  async ask(subscription: RegisteredSubscription, proof: Proof): Promise<void> {
    const { store: reconciliation, settings } = this.#options
    if (!subscription.hasInbox || subscription.retired !== null) return
    const nowMs = await reconciliation.nowMs()
    const memory = this.#options.memories.recall(proof)
    const isUnderWay = memory.asked.length > 0 && this.#isWaiting(proof, nowMs, subscription.paused !== null)
    if (isUnderWay && !proof.isRequested) return

    const toMs = await this.#askableMs(nowMs)
    const check = await reconciliation.missing.toCheck(subscription.name, {
      olderThanMs: subscription.timeoutMs + SETTLING_MS,
      limit: CHECKS_PER_BARRIER,
    })
    const open = await reconciliation.proof.openMinutes(subscription.name, OPEN_MINUTES_PER_BARRIER)
    const isSettled = memory.details.length === 0 && check.length === 0 && open.length === 0 && !memory.mustDeclare
    const isIdle = proof.answered !== null && nowMs - proof.answered.atMs < settings.idleMs && !proof.isRequested
    // The proof does not go on without an answer: a ledger that was set back has nothing where the subscription has ghosts.
    if (isSettled && isIdle && !(await this.#isAnythingWanted(subscription, proof.throughMs, toMs))) return
    const context = { subscription, proof, toleranceMs: settings.clockToleranceMs }
    const isHeldUp = memory.details.some(({ minuteMs }) => minuteMs === null)
    const ranges = rangesToAsk(context, isHeldUp ? proof.throughMs : toMs, open, MINUTES_PER_BARRIER)
    const isSent = await this.#send(subscription, proof, {
      ranges: ranges.filter(({ fromMs }) => !memory.details.some((detail) => detail.minuteMs === fromMs)),
      details: memory.details.slice(0, 1).map(({ fromMs, toMs: endMs }) => ({ fromMs, toMs: endMs })),
      check: check.map(({ id }) => id),
      mustDeclare: memory.mustDeclare,
    })
    if (isSent) memory.mustDeclare = false
  }

  /** A barrier in a long queue takes its time; one that was lost with the queue never comes. So asking again gets rarer. */
  #isWaiting({ barrier, waitingSinceMs }: Proof, nowMs: number, isPaused: boolean): boolean {
    if (barrier === null || waitingSinceMs === null) return false
    // Nobody answers until it is resumed, and then one is enough.
    if (isPaused) return true
    const waitedMs = barrier.sentMs - waitingSinceMs
    const pauseMs = Math.min(LONGEST_BARRIER_PAUSE_MS, this.#options.settings.barrierTimeoutMs + waitedMs)
    return nowMs - barrier.sentMs < pauseMs
  }

  /** Events with ids before this are sent, or will be noticed when they are. */
  async #askableMs(nowMs: number): Promise<number> {
    const unsentMs = await this.#options.store.ledger.oldestUnsentMs()
    const settledMs = Math.min(nowMs, Date.now()) - this.#options.settings.graceMs
    return unsentMs === null ? settledMs : Math.min(settledMs, unsentMs)
  }

  async #isAnythingWanted(subscription: RegisteredSubscription, fromMs: number, toMs: number): Promise<boolean> {
    const patterns = subscription.periods.flatMap((period) => period.patterns)
    const names = this.#options.eventNames.filter((name) => patterns.some((pattern) => matches(pattern, name)))
    return this.#options.store.ledger.hasAny({ fromMs, toMs }, names)
  }

  async #send(
    subscription: RegisteredSubscription,
    proof: Proof,
    question: Pick<Barrier, 'ranges' | 'details' | 'check' | 'mustDeclare'>,
  ): Promise<boolean> {
    const { service, store, names } = this.#options
    const id = newId()
    const throughMs = Math.max(proof.throughMs, ...question.ranges.map(({ toMs }) => toMs))
    // Before it is sent, and before the ledger is read: what is confirmed from now on with an older id is seen to be late.
    await store.proof.asked(subscription.name, { id, throughMs })
    this.#options.memories.asked(subscription.name, id)
    const barrier: Barrier = {
      id,
      source: service,
      replyTo: names.controlQueue(service),
      subscription: subscription.name,
      sentMs: Date.now(),
      previousId: proof.answered?.id ?? null,
      rewindId: proof.rewindId,
      activeFromMs: subscription.periods[0]?.fromMs ?? 0,
      provenThroughMs: proof.throughMs,
      ...question,
    }
    const target = { exchange: names.directExchange, routingKey: subscription.queue, source: service }
    const outcome = await sendControl(this.#options, { kind: 'barrier', body: barrier }, target)
    if (outcome.kind === 'confirmed') await this.#options.watcher.queueStands(subscription, barrier.sentMs)
    else if (outcome.kind === 'returned') await this.#returned(subscription, proof, barrier.sentMs)
    return outcome.kind === 'confirmed'
  }

  /** The queue is gone, or only its binding to the direct exchange, without which nothing can be asked. */
  async #returned(subscription: RegisteredSubscription, proof: Proof, sentMs: number): Promise<void> {
    const { name, queue } = subscription
    const { connection, eventNames, names } = this.#options
    const model = connection.current
    const depth = model === null ? 'unknown' : await readQueueDepth(model, queue)
    const lastWellMs = proof.answered === null ? null : (uuidTime(proof.answered.id)?.getTime() ?? null)
    if (depth === 'absent') await this.#options.watcher.queueGone(subscription, lastWellMs, sentMs)
    else if (depth !== 'unknown') {
      await this.#declare(name, watchedQueue(subscription, eventNames, names).bindings)
    }
  }
}
