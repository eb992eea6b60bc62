import { Connection } from './amqp/connection.ts'
import { parseEndpoints } from './amqp/endpoints.ts'
import { brokerNames, controlTopology, publisherTopology } from './amqp/names.ts'
import type { BrokerNames } from './amqp/names.ts'
import { Publisher } from './amqp/publisher.ts'
import { StandingTopology } from './amqp/standing-topology.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { EventInput, EventNames, EventOf } from './catalog/event-types.ts'
import { checkNumbers } from './bus-options.ts'
import type { BusOptions } from './bus-options.ts'
import { checkOrdered, checkPatterns } from './inbox/patterns.ts'
import type { MatchingNames, ValidPatterns } from './catalog/typed-pattern.ts'
import type { EventEnvelope } from './envelope/event.ts'
import { WarrenError } from './errors.ts'
import type { DirectContext } from './inbox/direct.ts'
import { SubscriptionRunner } from './inbox/runner.ts'
import type { Control, ControlContext } from './inbox/runner.ts'
import type { SettledMessage } from './inbox/subscriber.ts'
import { subscription } from './inbox/subscription.ts'
import type { AnyEvent, Handler, HandlerContext, SubscriptionOptions } from './inbox/subscription.ts'
import { silentLogger } from './logger.ts'
import type { Logger } from './logger.ts'
import { Maintenance } from './maintenance.ts'
import { Outbox } from './outbox/outbox.ts'
import type { PublishedEvent } from './outbox/outbox.ts'
import { DEFAULT_MAX_BODY_BYTES } from './outbox/publish.ts'
import type { PublishOptions } from './outbox/publish.ts'
import { Relay } from './outbox/relay.ts'
import type { RelayedEvent } from './outbox/relay.ts'
import { participant } from './reconcile/participant.ts'
import { Reconciler } from './reconcile/reconciler.ts'
import { reconcileSettings } from './reconcile/settings.ts'
import type { ReconcileSettings } from './reconcile/settings.ts'
import { Signal } from './signal.ts'
import { StoreOwner } from './store-owner.ts'
import type { Retention, Sql, Store } from './store/store.ts'
import { noTelemetry } from './telemetry.ts'

/** The event a handler gets for these patterns: the union of exactly the events that they match. */
export type SubscribedEvent<C extends Catalog, Patterns extends readonly string[]> = EventOf<
  C,
  MatchingNames<C, Patterns[number]>,
  EventEnvelope
>

const DAY_MS = 86_400_000

/**
 * A service's connection to the events of its team.
 *
 * start() opens the store, calls `prepare`, connects and begins to consume; a broker that cannot be reached is no error, it is waited for.
 * stop() drains: handlers that run finish and are acknowledged, confirms in flight are recorded. Both are safe to call twice.
 */
export class Bus<C extends Catalog, Tx extends Sql> {
  readonly signals: BusSignals = {
    /** An event was settled with the broker: confirmed, returned, … */
    relayed: new Signal(),
    /** A message was settled by a subscription of this bus. */
    received: new Signal(),
  }
  readonly #options: BusOptions<C, Tx>
  readonly #logger: Logger
  readonly #names: BrokerNames
  readonly #retention: Retention
  readonly #outbox: Outbox<Tx> | null
  readonly #publishing: { readonly connection: Connection; readonly publisher: Publisher } | null
  readonly #relay: Relay | null
  readonly #reconcileSettings: ReconcileSettings | null
  readonly #reconciler: Reconciler | null
  readonly #owner: StoreOwner | null
  readonly #maintenance: Maintenance | null
  #consumeConnection: Connection | null = null
  readonly #runners = new Map<string, SubscriptionRunner<Tx>>()
  #state: 'new' | 'started' | 'stopped' = 'new'
  #stopping: Promise<void> | null = null

  constructor(options: BusOptions<C, Tx>) {
    this.#options = options
    this.#logger = options.logger ?? silentLogger
    this.#names = options.names ?? brokerNames()
    this.#retention = { outboxDays: 30, inboxDays: 30, ...(options.retention === false ? {} : options.retention) }
    checkNumbers(options, this.#retention)
    // Endpoints are checked here, before anything is started.
    parseEndpoints(options.endpoints, options.credentials)

    const { store } = options
    if (options.prepare !== undefined && store === undefined) {
      throw new WarrenError('STORE_REQUIRED', 'prepare is given the store, and this bus has none')
    }
    const { service } = options
    this.#reconcileSettings =
      store === undefined || options.reconcile === false
        ? null
        : reconcileSettings(typeof options.reconcile === 'object' ? options.reconcile : {})
    this.#publishing =
      store === undefined || (options.relay === false && this.#reconcileSettings === null)
        ? null
        : this.#makePublishing()
    this.#relay = store === undefined || options.relay === false ? null : this.#makeRelay(store)
    // Where the relay runs: both work for the service and not for its subscriptions.
    this.#reconciler = store === undefined || options.relay === false ? null : this.#makeReconciler(store)
    this.#owner = store === undefined ? null : new StoreOwner({ leases: store.leases, service, logger: this.#logger })
    this.#maintenance =
      store === undefined || options.retention === false
        ? null
        : new Maintenance({ store, retention: this.#retention, logger: this.#logger })
    this.#outbox =
      store === undefined
        ? null
        : new Outbox<Tx>({
            store,
            catalog: options.catalog,
            service: options.service,
            maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
            telemetry: options.telemetry ?? noTelemetry,
            onWritten: () => this.#relay?.expect(),
            onCommitted: () => this.#relay?.wake(),
          })
  }

  /**
   * Adds the event to the outbox in the caller's transaction: it is sent if and only if `tx` commits. Resolves with its id.
   * `tx` is what transaction() and handlers give, a `pg` client inside BEGIN, or what an adapter makes of another
   * library's. Throws EVENT_UNKNOWN, EVENT_INVALID (with the path of each field), EVENT_TOO_LARGE, ENTITY_ID_MISSING,
   * TRANSACTION_INVALID, STORE_REQUIRED.
   */
  publish<Name extends EventNames<C>>(
    tx: Sql,
    name: Name,
    data: EventInput<C, Name>,
    options?: PublishOptions,
  ): Promise<PublishedEvent>
  /** The same in a transaction of its own: it is in the store when this resolves. */
  publish<Name extends EventNames<C>>(
    name: Name,
    data: EventInput<C, Name>,
    options?: PublishOptions,
  ): Promise<PublishedEvent>
  async publish(
    first: Sql | string,
    second: unknown,
    third: unknown,
    fourth?: PublishOptions,
  ): Promise<PublishedEvent> {
    const outbox = this.#needOutbox('publish')
    if (typeof first === 'string') return outbox.publish(first, second, (third as PublishOptions | undefined) ?? {})
    return outbox.publishIn(first, second as string, third, fourth ?? {})
  }

  /**
   * Runs `work` in a transaction of the store: commits when it resolves, rolls back when it rejects. Business rows and
   * events that are written through `tx` stand or fall together. Throws STORE_UNAVAILABLE when the database is away, and
   * COMMIT_UNKNOWN when it went away during COMMIT and did not come back in time to say what happened.
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#needOutbox('transaction').transaction(work)
  }

  /**
   * Handles each event that matches one of the patterns, once: the handler's writes through `tx` and the receipt commit together.
   * Events reach it in no promised order, unless the subscription is `ordered`. May be called before or after start(). Throws SUBSCRIPTION_INVALID,
   * PATTERN_INVALID, PATTERN_MATCHES_NOTHING, CONFIG_INVALID; rejects with QUEUE_INEQUIVALENT when the queue exists with other properties.
   */
  async subscribe<const Patterns extends readonly string[]>(
    name: string,
    patterns: ValidPatterns<C, Patterns>,
    handler: Handler<SubscribedEvent<C, Patterns>, DirectContext>,
    options: SubscriptionOptions & { readonly inbox: false },
  ): Promise<void>
  async subscribe<const Patterns extends readonly string[]>(
    name: string,
    patterns: ValidPatterns<C, Patterns>,
    handler: Handler<SubscribedEvent<C, Patterns>, HandlerContext<Tx>>,
    options?: SubscriptionOptions,
  ): Promise<void>
  async subscribe(
    name: string,
    patterns: readonly string[],
    handler: Handler<never, HandlerContext<Tx>>,
    options: SubscriptionOptions = {},
  ): Promise<void> {
    if (this.#state === 'stopped')
      throw new WarrenError('BUS_STOPPED', `"${name}" cannot subscribe: the bus is stopped`)
    const checked = subscription(name, patterns, options)
    checkPatterns(name, patterns, this.#options.catalog)
    if (checked.ordered) checkOrdered(name, patterns, this.#options.catalog)
    if (this.#runners.has(name)) {
      throw new WarrenError('SUBSCRIPTION_INVALID', `the subscription "${name}" is defined twice`, { name })
    }
    const { service, catalog, store, telemetry } = this.#options
    if (checked.inbox && store === undefined) {
      throw new WarrenError(
        'STORE_REQUIRED',
        `the subscription "${name}" needs a store; without one say inbox: false`,
        { name },
      )
    }
    this.#consumeConnection ??= this.#connect('consume')
    const runner = new SubscriptionRunner<Tx>(
      {
        service,
        catalog,
        subscription: checked,
        // The typed overloads promise exactly the events that the catalog's validation lets through.
        handler: handler as Handler<AnyEvent, HandlerContext<Tx>>,
        connection: this.#consumeConnection,
        names: this.#names,
        logger: this.#logger,
        telemetry: telemetry ?? noTelemetry,
        clockToleranceMs: (this.#reconcileSettings ?? reconcileSettings()).clockToleranceMs,
        maxAgeMs: checked.inbox ? this.#retention.inboxDays * DAY_MS : Infinity,
        control: this.#participant(this.#consumeConnection),
      },
      checked.inbox ? (store ?? null) : null,
    )
    runner.signals.settled.on((settled) => this.signals.received.emit({ subscription: name, ...settled }))
    this.#runners.set(name, runner)
    if (this.#state === 'started') {
      await this.#consumeConnection.start()
      await runner.start()
    }
  }

  /**
   * Rejects with STORE_UNAVAILABLE, STORE_NOT_MIGRATED, STORE_FORBIDDEN, STORE_SHARED, ACCESS_REFUSED (wrong password or
   * vhost), TLS_FAILED, QUEUE_INEQUIVALENT, what `prepare` threw, and BUS_STOPPED when stop() came first; the bus is stopped again then.
   */
  async start(): Promise<void> {
    if (this.#state === 'stopped')
      throw new WarrenError('BUS_STOPPED', 'a stopped bus cannot be started again; make a new one')
    if (this.#state === 'started') return
    this.#state = 'started'
    try {
      await this.#prepare()
      await this.#publishing?.connection.start()
      await this.#publishing?.publisher.start()
      await this.#relay?.start()
      this.#maintenance?.start()
      await this.#consumeConnection?.start()
      for (const runner of this.#runners.values()) await runner.start()
      await this.#reconciler?.start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async #prepare(): Promise<void> {
    const { store, prepare } = this.#options
    if (store === undefined) return
    await store.start()
    await this.#owner?.start()
    await prepare?.(store)
    // It may take long, as migrations do: long enough for a signal to stop the bus.
    if (this.#stopping !== null) throw new WarrenError('BUS_STOPPED', 'the bus was stopped while it started')
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#state = 'stopped'
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()))
    this.#owner?.stop()
    await this.#maintenance?.stop()
    await this.#reconciler?.stop()
    await this.#relay?.stop()
    await this.#publishing?.publisher.stop()
    await Promise.all([this.#consumeConnection?.stop(), this.#publishing?.connection.stop()])
    await this.#options.store?.stop()
  }

  /**
   * Calls stop() on SIGTERM and SIGINT, then ends the process by the same signal. Returns a function that takes it back.
   */
  stopOnSignals(signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']): () => void {
    const remove = (): void => {
      for (const signal of signals) process.off(signal, onSignal)
    }
    const onSignal = (signal: NodeJS.Signals): void => {
      remove()
      this.#logger.info({ signal }, 'stopping: what runs is finished first')
      this.stop().then(
        () => process.kill(process.pid, signal),
        (error: unknown) => {
          this.#logger.error({ error }, 'the bus could not be stopped cleanly')
          process.exit(1)
        },
      )
    }
    for (const signal of signals) process.on(signal, onSignal)
    return remove
  }

  #needOutbox(what: string): Outbox<Tx> {
    if (this.#outbox === null)
      throw new WarrenError('STORE_REQUIRED', `${what}() needs a store: an event is persisted before it is sent`)
    if (this.#state !== 'started') throw new WarrenError('BUS_STOPPED', `${what}() needs a started bus`)
    return this.#outbox
  }

  #connect(purpose: 'publish' | 'consume'): Connection {
    const { service, endpoints, credentials, tls, heartbeatS } = this.#options
    return new Connection({
      endpoints: parseEndpoints(endpoints, credentials),
      name: `${service} ${purpose}`,
      logger: this.#logger,
      ...(tls === undefined ? {} : { tls }),
      ...(heartbeatS === undefined ? {} : { heartbeatS }),
    })
  }

  #participant(connection: Connection): ((context: ControlContext) => Control) | null {
    const publisher = this.#publishing?.publisher
    const settings = this.#reconcileSettings
    if (publisher === undefined || settings === null) return null
    const { service } = this.#options
    const maxAgeMs = this.#retention.inboxDays * DAY_MS
    const options = { service, publisher, connection, names: this.#names, settings, maxAgeMs, logger: this.#logger }
    return (context) => participant(options, context)
  }

  #makePublishing(): { connection: Connection; publisher: Publisher } {
    const { catalog, relay } = this.#options
    const { window, confirmTimeoutMs } = typeof relay === 'object' ? relay : {}
    const connection = this.#connect('publish')
    // Without a relay nothing is sent from here but answers and announcements.
    const topology = publisherTopology(relay === false ? [] : catalog.entities, this.#names)
    const events = relay === false ? [] : topology.exchanges
    const control = this.#reconcileSettings === null ? [] : controlTopology(this.#names).exchanges
    const standing = new StandingTopology(() => ({ ...topology, exchanges: [...events, ...control] }), this.#logger)
    const publisher = new Publisher({
      connection,
      ensure: (model) => standing.ensure(model),
      logger: this.#logger,
      ...(window === undefined ? {} : { window }),
      ...(confirmTimeoutMs === undefined ? {} : { confirmTimeoutMs }),
    })
    return { connection, publisher }
  }

  #makeRelay(store: Store<Tx>): Relay | null {
    if (this.#publishing === null) return null
    const { telemetry, relay: options } = this.#options
    const { window: _window, confirmTimeoutMs: _timeout, ...tuning } = typeof options === 'object' ? options : {}
    const relay = new Relay({
      outbox: store.outbox,
      leases: store.leases,
      ...this.#publishing,
      // The name's first word is its entity; an event that left the catalog since it was stored still has its exchange.
      exchangeOf: (name) => this.#names.eventExchange(name.split('.', 1)[0] ?? name),
      logger: this.#logger,
      telemetry: telemetry ?? noTelemetry,
      ...tuning,
    })
    relay.signals.settled.on((settled) => {
      this.#reconciler?.use()
      this.signals.relayed.emit(settled)
    })
    return relay
  }

  #makeReconciler(store: Store<Tx>): Reconciler | null {
    if (this.#publishing === null || this.#reconcileSettings === null) return null
    this.#consumeConnection ??= this.#connect('consume')
    return new Reconciler({
      service: this.#options.service,
      eventNames: this.#options.catalog.events.map(({ name }) => name),
      store,
      publisher: this.#publishing.publisher,
      connection: this.#consumeConnection,
      names: this.#names,
      settings: this.#reconcileSettings,
      logger: this.#logger,
    })
  }
}

export interface BusSignals {
  readonly relayed: Signal<RelayedEvent>
  readonly received: Signal<SettledMessage & { readonly subscription: string }>
}

/** Makes a bus; nothing happens before start(). Throws ENDPOINT_INVALID, CONFIG_INVALID, STORE_REQUIRED. */
export function createBus<C extends Catalog, Tx extends Sql = Sql>(options: BusOptions<C, Tx>): Bus<C, Tx> {
  return new Bus(options)
}
