import { randomUUID } from 'node:crypto'
import type { ChannelModel } from 'amqplib'
import type { Connection } from '../amqp/connection.ts'
import { Consumer } from '../amqp/consumer.ts'
import type { Delivery } from '../amqp/consumer.ts'
import { controlQueueTopology } from '../amqp/names.ts'
import type { BrokerNames } from '../amqp/names.ts'
import type { Publisher } from '../amqp/publisher.ts'
import { readQueueDepth } from '../amqp/queue-depth.ts'
import { StandingTopology } from '../amqp/standing-topology.ts'
import { ensureTopology } from '../amqp/topology.ts'
import { matches } from '../catalog/pattern.ts'
import { newId, uuidTime } from '../envelope/uuid.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import { SingleFlight } from '../single-flight.ts'
import type {
  Findings,
  MissingEvent,
  Proof,
  ReconciliationStore,
  RegisteredSubscription,
} from '../store/reconciliation.ts'
import type { LeaseStore } from '../store/store.ts'
import { Backfilling } from './backfill.ts'
import { causesOf } from './causes.ts'
import { Compensation } from './compensation.ts'
import { ANNOUNCEMENT_KEY, decodeControl, encodeControl } from './messages.ts'
import type { Answer, Announcement, Barrier } from './messages.ts'
import { backfillOf, beginOf } from './registry.ts'
import { compareAnswer, rangesToAsk, unwantedOf } from './round.ts'
import type { Detail } from './round.ts'
import type { ReconcileSettings } from './settings.ts'
import { ownBindings, watchedQueue } from './watch.ts'
import type { WatchedBinding } from './watch.ts'
import { Watcher } from './watcher.ts'

export interface ReconcilerOptions {
  readonly service: string
  /** Of every event of the catalog. */
  readonly eventNames: readonly string[]
  readonly store: { readonly reconciliation: ReconciliationStore; readonly leases: LeaseStore }
  readonly publisher: Publisher
  readonly connection: Connection
  readonly names: BrokerNames
  readonly settings: ReconcileSettings
  readonly logger: Logger
}

/** Of LeaseStore: whose holder reconciles. */
export const RECONCILER_LEASE_GROUP = 'reconciler'
const LEASE_NAME = 'leader'
/** How soon a run that a person asks for begins. */
const REQUEST_POLL_MS = 1_000
/** An hour of a subscription that catches up: some 600 KB of digests with ten names. */
const MINUTES_PER_BARRIER = 60
const OPEN_MINUTES_PER_BARRIER = 10
const CHECKS_PER_BARRIER = 2_000
/** Beyond a handler's deadline: the batch around it, its commit and its acknowledgement. */
const SETTLING_MS = 1_000
const LONGEST_BARRIER_PAUSE_MS = 600_000

/** What is remembered of a subscription between barriers; nothing of it is needed for the result to be right. */
interface Memory {
  details: readonly Detail[]
  mustDeclare: boolean
}

/**
 * The publisher's side of reconciliation. One instance of a service does it, by a lease; which one does not matter, because all
 * that counts is in the store:
 * - hears announcements, and keeps the registry;
 * - asks each subscription, by a barrier through its queue, what it has received, as far as the proof goes on;
 * - compares answers with the ledger, moves the proof forward, and writes down what is missing;
 * - has what is missing resent, and what was asked for sent once more.
 */
export class Reconciler {
  readonly signals: {
    /** An answer was compared and what it showed is written. */
    readonly compared: Signal<{ readonly subscription: string; readonly findings: Findings }>
    readonly registered: Signal<{ readonly subscription: string }>
  } = { compared: new Signal(), registered: new Signal() }
  readonly compensation: Compensation
  readonly backfilling: Backfilling
  readonly #watcher: Watcher
  readonly #options: ReconcilerOptions
  readonly #owner = randomUUID()
  readonly #consumer: Consumer
  readonly #memory = new Map<string, Memory>()
  readonly #round = new SingleFlight(() => this.#runRound())
  #handling: Promise<void> = Promise.resolve()
  #leaseTimer: NodeJS.Timeout | null = null
  #roundTimer: NodeJS.Timeout | null = null
  #requestTimer: NodeJS.Timeout | null = null
  #isRunning = false
  #isLeading = false
  #isUsed = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
    const { connection, names, service, logger, settings, store, publisher } = options
    const queue = names.controlQueue(service)
    const topology = controlQueueTopology(service, [ANNOUNCEMENT_KEY, queue], names)
    const standing = new StandingTopology(() => topology, logger)
    this.#consumer = new Consumer({
      connection,
      queue,
      prefetch: 100,
      ensure: (model: ChannelModel) => standing.ensure(model),
      onDelivery: (delivery) => this.#accept(delivery),
      logger,
    })
    const { watch, intervalMs } = settings
    this.#watcher = new Watcher({
      ...{ store: store.reconciliation, watch, intervalMs, names, logger },
      eventNames: options.eventNames,
    })
    const sending = { store: store.reconciliation, publisher, names, logger }
    this.compensation = new Compensation({ ...sending, settings })
    this.backfilling = new Backfilling({ ...sending, connection, limits: settings.backfill })
  }

  get isLeading(): boolean {
    return this.#isLeading
  }

  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    await this.#lead()
  }

  /** An event was sent: from the first one on there is something to prove. */
  use(): void {
    if (this.#isUsed || !this.#isRunning) return
    this.#isUsed = true
    if (this.#leaseTimer !== null) clearTimeout(this.#leaseTimer)
    void this.#lead()
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    if (this.#leaseTimer !== null) clearTimeout(this.#leaseTimer)
    await this.#resign()
    await this.#options.store.leases.release(RECONCILER_LEASE_GROUP, [LEASE_NAME], this.#owner).catch(() => undefined)
  }

  /** Takes or renews the lease, and begins or ends what its holder does. Never rejects. */
  async #lead(): Promise<void> {
    const { store, settings, logger } = this.#options
    try {
      // A service that never published has nobody to ask.
      this.#isUsed ||= await store.reconciliation.ledger.isUsed()
      const held = this.#isUsed
        ? await store.leases.acquire(RECONCILER_LEASE_GROUP, [LEASE_NAME], this.#owner, settings.leaseMs)
        : []
      if (!this.#isRunning) return
      if (held.length > 0 && !this.#isLeading) await this.#begin()
      else if (held.length === 0 && this.#isLeading) await this.#resign()
    } catch (error) {
      logger.warn({ error }, 'the lease of the reconciler could not be renewed; trying again')
    }
    if (this.#isRunning) this.#leaseTimer = setTimeout(() => void this.#lead(), settings.leaseMs / 3).unref()
  }

  async #begin(): Promise<void> {
    this.#isLeading = true
    await this.#consumer.start()
    this.compensation.start()
    this.backfilling.start()
    this.#scheduleRound(0)
    const pollMs = Math.min(REQUEST_POLL_MS, this.#options.settings.intervalMs)
    this.#requestTimer = setInterval(() => void this.#lookForRequest(), pollMs).unref()
  }

  async #lookForRequest(): Promise<void> {
    // A store that is away is told of by the rounds.
    const isRequested = await this.#options.store.reconciliation.proof.isRunRequested().catch(() => false)
    if (isRequested && this.#isLeading) this.#scheduleRound(0)
  }

  async #resign(): Promise<void> {
    if (!this.#isLeading) return
    this.#isLeading = false
    if (this.#roundTimer !== null) clearTimeout(this.#roundTimer)
    if (this.#requestTimer !== null) clearInterval(this.#requestTimer)
    this.#watcher.stop()
    await this.#consumer.stop()
    await this.#round.idle()
    await this.#handling
    await this.compensation.stop()
    await this.backfilling.stop()
    await this.#consumer.close()
    this.#memory.clear()
  }

  #scheduleRound(delayMs: number): void {
    if (this.#roundTimer !== null) clearTimeout(this.#roundTimer)
    this.#roundTimer = setTimeout(() => {
      void this.#round.run().then(() => {
        if (this.#isLeading) this.#scheduleRound(this.#options.settings.intervalMs)
      })
    }, delayMs)
    this.#roundTimer.unref()
  }

  // ── Asking ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #runRound(): Promise<void> {
    const { store, logger } = this.#options
    const { registry, proof } = store.reconciliation
    try {
      await this.#look()
      await proof.reopenLate()
      const proofs = new Map((await proof.list()).map((each) => [each.subscription, each]))
      for (const subscription of await registry.list()) {
        const known = proofs.get(subscription.name)
        if (known !== undefined && this.#isLeading) await this.#ask(subscription, known)
      }
    } catch (error) {
      logger.warn({ error }, 'a round of reconciliation failed; the next one tries again')
    }
  }

  /** A binding that is gone is declared again by its subscriber with the next barrier, or here where it is the publisher's. */
  async #look(): Promise<void> {
    for (const { subscription, absent } of await this.#watcher.look()) {
      this.#memoryOf(subscription).mustDeclare = true
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
  async #ask(subscription: RegisteredSubscription, proof: Proof): Promise<void> {
    const { store, settings } = this.#options
    const { reconciliation } = store
    if (!subscription.hasInbox || subscription.retired !== null) return
    const nowMs = await reconciliation.nowMs()
    if (!proof.isRequested && this.#isWaiting(proof, nowMs)) return

    const toMs = await this.#askableMs(nowMs)
    const memory = this.#memoryOf(subscription.name)
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
  #isWaiting({ barrier, waitingSinceMs }: Proof, nowMs: number): boolean {
    if (barrier === null || waitingSinceMs === null) return false
    const waitedMs = barrier.sentMs - waitingSinceMs
    const pauseMs = Math.min(LONGEST_BARRIER_PAUSE_MS, this.#options.settings.barrierTimeoutMs + waitedMs)
    return nowMs - barrier.sentMs < pauseMs
  }

  /** Events with ids before this are sent, or will be noticed when they are. */
  async #askableMs(nowMs: number): Promise<number> {
    const unsentMs = await this.#options.store.reconciliation.ledger.oldestUnsentMs()
    const settledMs = Math.min(nowMs, Date.now()) - this.#options.settings.graceMs
    return unsentMs === null ? settledMs : Math.min(settledMs, unsentMs)
  }

  async #isAnythingWanted(subscription: RegisteredSubscription, fromMs: number, toMs: number): Promise<boolean> {
    const patterns = subscription.periods.flatMap((period) => period.patterns)
    const names = this.#options.eventNames.filter((name) => patterns.some((pattern) => matches(pattern, name)))
    return this.#options.store.reconciliation.ledger.hasAny({ fromMs, toMs }, names)
  }

  async #send(
    subscription: RegisteredSubscription,
    proof: Proof,
    question: Pick<Barrier, 'ranges' | 'details' | 'check' | 'mustDeclare'>,
  ): Promise<boolean> {
    const { service, store, publisher, names } = this.#options
    const id = newId()
    const throughMs = Math.max(proof.throughMs, ...question.ranges.map(({ toMs }) => toMs))
    // Before it is sent, and before the ledger is read: what is confirmed from now on with an older id is seen to be late.
    await store.reconciliation.proof.asked(subscription.name, { id, throughMs })
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
    const outcome = await publisher.publish(encodeControl({ kind: 'barrier', body: barrier }, target))
    if (outcome.kind === 'confirmed') await this.#watcher.queueStands(subscription, barrier.sentMs)
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
    if (depth === 'absent') await this.#watcher.queueGone(subscription, lastWellMs, sentMs)
    else if (depth !== 'unknown') {
      await this.#declare(name, watchedQueue(subscription, eventNames, names).bindings)
    }
  }

  // ── Hearing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #accept(delivery: Delivery): void {
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
    const { registry, nowMs } = { registry: store.reconciliation.registry, nowMs: await store.reconciliation.nowMs() }
    const known = (await registry.list()).find(({ name }) => name === announced.subscription)
    const begin = beginOf(known, announced, nowMs, settings.clockToleranceMs)
    const { subscription: name, service, queue, hasInbox, timeoutMs, queueCreatedMs, patternsSinceMs } = announced
    const registration = { name, service, queue, hasInbox, timeoutMs, queueCreatedMs, patternsSinceMs }
    const backfill = known === undefined ? backfillOf(announced, settings.clockToleranceMs) : null
    await registry.register(registration, begin, backfill)
    if (queueCreatedMs !== null && known !== undefined && known.queueCreatedMs !== queueCreatedMs)
      await this.#watcher.recreated(known, Math.min(queueCreatedMs, nowMs))
    this.signals.registered.emit({ subscription: name })
  }

  async #compare(answer: Answer): Promise<void> {
    const { store, settings } = this.#options
    const { proof: proofs, ledger } = store.reconciliation
    const proof = (await proofs.list()).find((each) => each.subscription === answer.subscription)
    // One that knows less than the one before it says nothing.
    if (proof === undefined || (proof.answered !== null && answer.barrierId <= proof.answered.id)) return
    const subscription = await this.#subscriptionOf(answer)
    if (subscription === undefined) return

    const memory = this.#memoryOf(subscription.name)
    const context = { subscription, proof, ledger, toleranceMs: settings.clockToleranceMs }
    const nowMs = await store.reconciliation.nowMs()
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
      await this.#watcher.rewound(subscription, { toMs: rewoundMs, provenMs: proof.throughMs, foundMs: nowMs })
      const none = { throughMs: null, minutes: [], suspects: [], ghosts: [], present: [], absent: [], unwanted: [] }
      await this.#record(subscription, { readMs: nowMs, answer: answered, rewoundMs, ...none })
    } else {
      const { findings, details } = await compareAnswer(context, answer, memory.details)
      memory.details = [...details, ...memory.details.slice(answer.details.length)]
      const absent = new Set(answer.absent)
      const suspects = await this.#absentSuspects(answer)
      const unwanted = new Set(unwantedOf(context, suspects))
      const missing = suspects.filter(({ id }) => !unwanted.has(id))
      await this.#record(subscription, {
        readMs: nowMs,
        answer: answered,
        rewoundMs: null,
        ...findings,
        present: answer.checked.filter((id) => !absent.has(id)),
        absent: await this.#causesOf(subscription, missing, answer, proof.throughMs),
        unwanted: [...unwanted],
      })
    }
    const [next] = (await proofs.list()).filter((each) => each.subscription === subscription.name)
    if (next !== undefined && this.#isLeading && this.#hasMore(memory, next, rewoundMs))
      await this.#ask(subscription, next)
  }

  /** More to ask at once, rather than with the next round. */
  #hasMore(memory: Memory, proof: Proof, rewoundMs: number | null): boolean {
    const isFarBehind = Date.now() - proof.throughMs > 2 * 60_000 && proof.waitingSinceMs === null
    return rewoundMs !== null || memory.details.length > 0 || isFarBehind
  }

  /**
   * The subscription, with the interest that the answer tells: announcements may be lost or come late, and what its bindings
   * did not route is not missing. Undefined for one that is unknown or retired.
   */
  async #subscriptionOf(answer: Answer): Promise<RegisteredSubscription | undefined> {
    const { store, settings } = this.#options
    const { registry } = store.reconciliation
    const find = async (): Promise<RegisteredSubscription | undefined> =>
      (await registry.list()).find(({ name, retired }) => name === answer.subscription && retired === null)
    const known = await find()
    if (known === undefined || answer.standing === null) return known
    const begin = beginOf(known, answer.standing, await store.reconciliation.nowMs(), settings.clockToleranceMs)
    if (begin === null) return known
    await registry.register({ ...known, patternsSinceMs: answer.standing.patternsSinceMs }, begin, null)
    return find()
  }

  /** Those that were suspected by an earlier barrier, and are not there. */
  async #absentSuspects(answer: Answer): Promise<readonly MissingEvent[]> {
    if (answer.absent.length === 0) return []
    const suspects = await this.#options.store.reconciliation.missing.list({
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
    await this.#look()
    const context = {
      ...{ subscription, names, throughMs, store: store.reconciliation },
      ...{ isWatched: this.#watcher.isWatching, clockToleranceMs: settings.clockToleranceMs },
    }
    return causesOf(context, missing, answer)
  }

  async #record(subscription: RegisteredSubscription, findings: Findings): Promise<void> {
    const { store, logger } = this.#options
    await store.reconciliation.proof.record(subscription.name, findings)
    if (findings.absent.length > 0) {
      const causes = Object.fromEntries(
        [...Map.groupBy(findings.absent, ({ cause }) => cause)].map(([cause, events]) => [cause, events.length]),
      )
      logger.error(
        { subscription: subscription.name, missing: findings.absent.length, causes },
        'events are missing: they were published and did not reach the subscription',
      )
      this.#memoryOf(subscription.name).mustDeclare = true
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
    this.compensation.learn(subscription, findings)
    this.signals.compared.emit({ subscription: subscription.name, findings })
  }

  #memoryOf(name: string): Memory {
    let memory = this.#memory.get(name)
    if (memory === undefined) {
      memory = { details: [], mustDeclare: false }
      this.#memory.set(name, memory)
    }
    return memory
  }
}
