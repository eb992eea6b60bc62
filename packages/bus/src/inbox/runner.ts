import type { ChannelModel } from 'amqplib'
import type { Connection } from '../amqp/connection.ts'
import { Consumer } from '../amqp/consumer.ts'
import type { Delivery } from '../amqp/consumer.ts'
import { subscriptionTopology } from '../amqp/names.ts'
import type { BrokerNames } from '../amqp/names.ts'
import { readQueueDepth } from '../amqp/queue-depth.ts'
import { StandingTopology } from '../amqp/standing-topology.ts'
import { ensureTopology } from '../amqp/topology.ts'
import type { Topology } from '../amqp/topology.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import type { Pause, Sql, Store } from '../store/store.ts'
import type { Telemetry } from '../telemetry.ts'
import { DeadLetters } from './dead-letters.ts'
import { DirectSubscriber } from './direct.ts'
import type { DirectContext } from './direct.ts'
import type { InHand } from './in-hand.ts'
import { Ordering } from './ordering.ts'
import { Pausing } from './pausing.ts'
import { Retries } from './retries.ts'
import { Subscriber } from './subscriber.ts'
import type { SettledMessage } from './subscriber.ts'
import type { AnyEvent, Handler, HandlerContext, Subscription } from './subscription.ts'

export interface RunnerOptions<Tx extends Sql> {
  readonly service: string
  readonly subscription: Subscription
  readonly handler: Handler<AnyEvent, HandlerContext<Tx>>
  readonly catalog: Catalog
  readonly connection: Connection
  readonly names: BrokerNames
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly maxAgeMs: number
  /** By how much the clocks of two services may differ. */
  readonly clockToleranceMs: number
  /** Null where nothing is reconciled. */
  readonly control: ((context: ControlContext) => Control) | null
}

/** What a subscription does for those who want to know what it has received; `reconcile/participant.ts` makes it. */
export interface Control {
  readonly responder: Part & { accept(delivery: Delivery): void }
  readonly announcer: Part & { stands(): void; queueIsNew(): void }
}

export interface ControlContext {
  readonly subscription: Subscription
  readonly queue: string
  readonly store: Store
  readonly consumer: Consumer
  readonly inHand: InHand
  /** Declares the queue and its bindings again. */
  readonly declare: () => Promise<void>
  /** A person has stopped it; null: it handles events. */
  readonly pause: () => Pause | null
  /** Whether its queue and bindings stand: they do where it consumes; while it is paused they are declared here. */
  readonly isStanding: () => Promise<boolean>
}

interface Part {
  start(): Promise<void> | void
  stop(): Promise<void>
}

/** Everything that one subscription runs: its consumer, its retries, its dead letters. Started and stopped as one. */
export class SubscriptionRunner<Tx extends Sql> {
  readonly signals: { readonly settled: Signal<SettledMessage>; readonly consuming: Signal } = {
    settled: new Signal(),
    consuming: new Signal(),
  }
  readonly subscription: Subscription
  readonly #options: RunnerOptions<Tx>
  readonly #parts: readonly Part[]
  readonly #store: Store<Tx> | null
  readonly #queue: string
  readonly #onNewQueue: Signal = new Signal()
  /** The queue and its bindings have been declared. */
  readonly #onStanding: Signal = new Signal()
  readonly #standing: StandingTopology
  #previousPatterns: readonly string[] = []

  constructor(options: RunnerOptions<Tx>, store: Store<Tx> | null) {
    this.#options = options
    this.#store = store
    this.subscription = options.subscription
    this.#queue = options.names.subscriptionQueue(options.subscription.name)
    this.#standing = new StandingTopology(() => this.#topology(), options.logger)
    this.#parts = store === null ? this.#withoutInbox() : this.#withInbox(store)
  }

  async start(): Promise<void> {
    const { service, subscription } = this.#options
    const { name, patterns, ordered } = subscription
    this.#previousPatterns = (await this.#store?.subscriptions.find(name))?.patterns ?? []
    await this.#store?.subscriptions.announce({ name, service, patterns, queue: this.#queue })
    // What was known of an order is of no use after a time without.
    if (!ordered) await this.#store?.order.stand(name, [])
    for (const part of this.#parts) await part.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.stop()))
  }

  #withInbox(store: Store<Tx>): readonly Part[] {
    const { subscription, names, logger } = this.#options
    const ordering = subscription.ordered ? this.#ordering(store) : null
    const invocation = { ...this.#options, store, queue: this.#queue, ordering }
    const consumer = this.#consumer(this.#queue, subscription.prefetch, (delivery) => subscriber.accept(delivery))
    const subscriber = new Subscriber<Tx>({
      ...invocation,
      consumer,
      onReleased: () => retries.wake(),
      onControl: (delivery) => (control === null ? delivery.ack() : control.responder.accept(delivery)),
    })
    // A row of the store is remembered for as long as it is there, however old the message is.
    const retries = new Retries<Tx>({ ...invocation, maxAgeMs: Infinity })
    const pausing = new Pausing({
      subscription: subscription.name,
      subscriptions: store.subscriptions,
      parts: [subscriber, retries],
      declare: () => this.#declareUnconsumed(),
      onChanged: () => control?.announcer.stands(),
      logger,
    })
    const control = this.#control(store, consumer, subscriber.inHand, pausing)
    subscriber.signals.settled.on((settled) => this.signals.settled.emit(settled))
    retries.signals.settled.on(({ id, name, kind }) => {
      if (kind !== 'dropped') this.signals.settled.emit({ id, name, kind })
    })
    const deadConsumer = this.#consumer(names.deadQueue(subscription.name), 10, (delivery) =>
      deadLetters.accept(delivery),
    )
    const deadLetters = new DeadLetters<Tx>({
      subscription: subscription.name,
      ordering,
      store,
      consumer: deadConsumer,
      logger,
    })
    if (ordering !== null) {
      this.#onStanding.on(() => {
        ordering.stand().catch((error: unknown) => logger.warn({ error }, 'it could not be stored that bindings stand'))
      })
    }
    const parts: Part[] = [pausing, deadLetters]
    if (ordering !== null) parts.unshift({ start: () => ordering.start(), stop: () => Promise.resolve() })
    return control === null ? parts : [control.responder, ...parts, control.announcer]
  }

  #ordering(store: Store<Tx>): Ordering<Tx> {
    const { subscription, clockToleranceMs, logger } = this.#options
    const { name, patterns } = subscription
    return new Ordering({ store, subscription: name, patterns, clockToleranceMs, logger })
  }

  #control(store: Store<Tx>, consumer: Consumer, inHand: InHand, pausing: Pausing): Control | null {
    const { subscription, connection, logger } = this.#options
    const control = this.#options.control?.({
      subscription,
      queue: this.#queue,
      store,
      consumer,
      inHand,
      declare: async () => {
        const model = connection.current
        if (model !== null) await ensureTopology(model, this.#topology(), logger)
      },
      pause: () => pausing.pause,
      isStanding: async () => consumer.isConsuming || (pausing.pause !== null && (await this.#declareUnconsumed())),
    })
    if (control === undefined) return null
    this.#onNewQueue.on(() => control.announcer.queueIsNew())
    consumer.signals.consuming.on(() => control.announcer.stands())
    return control
  }

  /** While nobody consumes, nobody else would see that the queue or a binding is gone, and events would have nowhere to wait. */
  async #declareUnconsumed(): Promise<boolean> {
    const { connection, logger, subscription } = this.#options
    const model = connection.current
    if (model === null) return false
    try {
      await this.#ensure(model)
      this.#onStanding.emit()
      return true
    } catch (error) {
      logger.warn({ subscription: subscription.name, error }, 'the queue of a paused subscription cannot be declared')
      return false
    }
  }

  async #ensure(model: ChannelModel): Promise<void> {
    if ((await readQueueDepth(model, this.#queue)) === 'absent') this.#onNewQueue.emit()
    await this.#standing.ensure(model)
  }

  #topology(): Topology {
    const { subscription, names } = this.#options
    const { name, patterns, deliveryLimit, ordered } = subscription
    const previousPatterns = this.#previousPatterns
    return subscriptionTopology({ name, patterns, previousPatterns, deliveryLimit, ordered, names })
  }

  #withoutInbox(): readonly Part[] {
    const { subscription, handler } = this.#options
    const consumer = this.#consumer(this.#queue, subscription.prefetch, (delivery) => direct.accept(delivery))
    // Without an inbox there is no transaction, and subscribe() types the handler accordingly.
    const direct = new DirectSubscriber({
      ...this.#options,
      handler: handler as Handler<AnyEvent, DirectContext>,
      queue: this.#queue,
      consumer,
    })
    direct.signals.settled.on((settled) => this.signals.settled.emit(settled))
    return [direct]
  }

  #consumer(
    queue: string,
    prefetch: number,
    onDelivery: ConstructorParameters<typeof Consumer>[0]['onDelivery'],
  ): Consumer {
    const { connection, logger } = this.#options
    const consumer = new Consumer({
      connection,
      queue,
      prefetch,
      onDelivery,
      logger,
      ensure: (model) => this.#ensure(model),
    })
    if (queue === this.#queue) {
      consumer.signals.consuming.on(() => {
        this.signals.consuming.emit()
        this.#onStanding.emit()
      })
      // The broker ends consuming from a quorum queue only with the queue: one that is there again is another one.
      consumer.signals.cancelled.on(() => this.#onNewQueue.emit())
    }
    return consumer
  }
}
