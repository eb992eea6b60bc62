import type { Topology } from './topology.ts'

/** How Warren's objects on the broker are called. Every function is pure; replace one to follow your own convention. */
export interface BrokerNames {
  /** The topic exchange that takes the events of an entity. */
  readonly eventExchange: (entity: string) => string
  /** The topic exchange that every entity's exchange forwards to, for subscriptions that span entities. */
  readonly eventsExchange: string
  /** One binding per subscription, by the name of its queue: what is meant for that subscription alone. */
  readonly directExchange: string
  readonly deadLetterExchange: string
  readonly controlExchange: string
  readonly subscriptionQueue: (subscription: string) => string
  readonly deadQueue: (subscription: string) => string
  readonly controlQueue: (service: string) => string
}

/** The default names, each with `prefix` in front: `staging.` gives `staging.qu.order.crm`. */
export function brokerNames(prefix = ''): BrokerNames {
  return {
    eventExchange: (entity) => `${prefix}ex.${entity}.topic`,
    eventsExchange: `${prefix}ex.events.topic`,
    directExchange: `${prefix}ex.warren.direct`,
    deadLetterExchange: `${prefix}ex.warren.dead-letter`,
    controlExchange: `${prefix}ex.warren.control`,
    subscriptionQueue: (subscription) => `${prefix}qu.${subscription}`,
    deadQueue: (subscription) => `${prefix}qu.${subscription}.dead`,
    controlQueue: (service) => `${prefix}qu.warren.${service}`,
  }
}

/** What a service declares before it publishes events of these entities. */
export function publisherTopology(entities: readonly string[], names: BrokerNames = brokerNames()): Topology {
  return {
    exchanges: [
      { name: names.eventsExchange, type: 'topic' },
      ...entities.map((entity) => ({ name: names.eventExchange(entity), type: 'topic' as const })),
    ],
    queues: [],
    bindings: entities.map((entity) => spanning(entity, names)),
  }
}

/** Answers and announcements that a service which is away for long does not read in time are of no more use. */
const MAX_CONTROL_MESSAGES = 10_000

/** What reconciliation publishes to. */
export function controlTopology(names: BrokerNames = brokerNames()): Topology {
  return {
    exchanges: [
      { name: names.directExchange, type: 'direct' },
      { name: names.controlExchange, type: 'direct' },
    ],
    queues: [],
    bindings: [],
  }
}

/** Where a publishing service hears of subscriptions, and of what they have received. */
export function controlQueueTopology(service: string, keys: readonly string[], names: BrokerNames): Topology {
  const queue = names.controlQueue(service)
  return {
    exchanges: [{ name: names.controlExchange, type: 'direct' }],
    queues: [{ name: queue, arguments: { 'x-queue-type': 'quorum', 'x-max-length': MAX_CONTROL_MESSAGES } }],
    bindings: keys.map((key) => ({ source: names.controlExchange, queue, key })),
  }
}

export interface SubscriptionTopologyOptions {
  readonly name: string
  readonly patterns: readonly string[]
  /** Patterns that the subscription had before; those no longer wanted are unbound. Default: none. */
  readonly previousPatterns?: readonly string[]
  /** How often the broker delivers one message before it dead-letters it. Default 20. */
  readonly deliveryLimit?: number
  /**
   * True: one consumer at a time gets the messages, and another takes over when it goes. Of several, each would get some of an
   * entity's events, and would have to put those away whose turn it is not. Default false.
   */
  readonly ordered?: boolean
  readonly names?: BrokerNames
}

// What the broker gave up on must not be dropped by it. With no limit of its own a quorum queue has one of 20 from 4.0 on, past
// which a message with nowhere to go is gone (tried on 4.0.5 and 4.3.6). Minus one means none there, but on 3.10.8 it drops a
// message at its first return.
const NO_DELIVERY_LIMIT = 1_000_000_000

/** RabbitMQ's own default from 4.0 on; 3.x has none and would redeliver for ever. */
export const DEFAULT_DELIVERY_LIMIT = 20

/**
 * What a subscription declares before it consumes: its queue and dead letter queue (both quorum), the exchanges it binds
 * to, and the bindings. It declares the exchanges of entities that it does not publish, so that who starts first does
 * not matter.
 */
export function subscriptionTopology(options: SubscriptionTopologyOptions): Topology {
  const { name, patterns, names = brokerNames(), deliveryLimit = DEFAULT_DELIVERY_LIMIT, ordered = false } = options
  const queue = names.subscriptionQueue(name)
  const deadQueue = names.deadQueue(name)
  const entities = [...new Set(patterns.map(entityOf))].filter((entity) => entity !== null)
  const bind = (pattern: string) => ({ source: sourceOf(pattern, names), queue, key: pattern })
  return {
    exchanges: [
      { name: names.eventsExchange, type: 'topic' },
      ...entities.map((entity) => ({ name: names.eventExchange(entity), type: 'topic' as const })),
      { name: names.directExchange, type: 'direct' },
      { name: names.deadLetterExchange, type: 'direct' },
    ],
    queues: [
      { name: deadQueue, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': NO_DELIVERY_LIMIT } },
      {
        name: queue,
        arguments: {
          'x-queue-type': 'quorum',
          'x-delivery-limit': deliveryLimit,
          'x-dead-letter-exchange': names.deadLetterExchange,
          'x-dead-letter-routing-key': queue,
          ...(ordered ? { 'x-single-active-consumer': true } : {}),
        },
      },
    ],
    bindings: [
      { source: names.deadLetterExchange, queue: deadQueue, key: queue },
      { source: names.directExchange, queue, key: queue },
      ...entities.map((entity) => spanning(entity, names)),
      ...patterns.map(bind),
    ],
    unbindings: (options.previousPatterns ?? []).filter((pattern) => !patterns.includes(pattern)).map(bind),
  }
}

/** The entity that a pattern names in its first word; null for one that spans entities. */
export function entityOf(pattern: string): string | null {
  const first = pattern.split('.', 1)[0] ?? ''
  return first === '*' || first === '#' || first === '' ? null : first
}

function sourceOf(pattern: string, names: BrokerNames): string {
  const entity = entityOf(pattern)
  return entity === null ? names.eventsExchange : names.eventExchange(entity)
}

function spanning(entity: string, names: BrokerNames): Topology['bindings'][number] {
  return { source: names.eventExchange(entity), exchange: names.eventsExchange, key: '#' }
}
