import { randomUUID } from 'node:crypto'
import type { ChannelModel } from 'amqplib'
import type { Connection } from '../amqp/connection.ts'
import { Consumer } from '../amqp/consumer.ts'
import { controlQueueTopology } from '../amqp/names.ts'
import type { BrokerNames } from '../amqp/names.ts'
import type { Publisher } from '../amqp/publisher.ts'
import { StandingTopology } from '../amqp/standing-topology.ts'
import type { Logger } from '../logger.ts'
import { SingleFlight } from '../single-flight.ts'
import type { Store } from '../store/store.ts'
import { Asker } from './asker.ts'
import { Backfilling } from './backfill.ts'
import { Compensation } from './compensation.ts'
import { RECONCILER_LEASE_GROUP } from './lease.ts'
import { Listener } from './listener.ts'
import { Memories } from './memory.ts'
import { ANNOUNCEMENT_KEY } from './messages.ts'
import type { ReconcileSettings } from './settings.ts'
import { Watcher } from './watcher.ts'

export interface ReconcilerOptions {
  readonly service: string
  /** Of every event of the catalog. */
  readonly eventNames: readonly string[]
  readonly store: Pick<Store, 'reconciliation' | 'leases' | 'watches'>
  readonly publisher: Publisher
  readonly connection: Connection
  readonly names: BrokerNames
  readonly settings: ReconcileSettings
  readonly logger: Logger
}

const LEASE_NAME = 'leader'
/** How soon a run that a person asks for begins. */
const REQUEST_POLL_MS = 1_000

/**
 * The publisher's side of reconciliation. One instance of a service does it, by a lease; which one does not matter, because all
 * that counts is in the store:
 * - hears announcements, and keeps the registry;
 * - asks each subscription, by a barrier through its queue, what it has received, as far as the proof goes on;
 * - compares answers with the ledger, moves the proof forward, and writes down what is missing;
 * - has what is missing resent, and what was asked for sent once more.
 */
export class Reconciler {
  readonly compensation: Compensation
  readonly backfilling: Backfilling
  readonly #watcher: Watcher
  readonly #options: ReconcilerOptions
  readonly #owner = randomUUID()
  readonly #consumer: Consumer
  readonly #memories = new Memories()
  readonly #listener: Listener
  readonly #round: SingleFlight
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
      onDelivery: (delivery) => this.#listener.accept(delivery),
      logger,
    })
    const { watch, intervalMs } = settings
    this.#watcher = new Watcher({
      ...{ store: store.reconciliation, watch, intervalMs, names, logger },
      eventNames: options.eventNames,
    })
    const sending = { store: store.reconciliation, publisher, names, logger }
    this.compensation = new Compensation({ ...sending, service, settings, watches: store.watches })
    this.backfilling = new Backfilling({ ...sending, connection, limits: settings.backfill })
    const isLeading = (): boolean => this.#isLeading
    const shared = { settings, watcher: this.#watcher, memories: this.#memories, isLeading, ...sending }
    const asker = new Asker({ ...shared, service, connection, eventNames: options.eventNames })
    this.#round = new SingleFlight(() => asker.round())
    this.#listener = new Listener({
      ...shared,
      asker,
      onCompared: (subscription, findings) => this.compensation.learn(subscription, findings),
    })
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
    await this.#listener.idle()
    await this.compensation.stop()
    await this.backfilling.stop()
    await this.#consumer.close()
    this.#memories.clear()
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
}
