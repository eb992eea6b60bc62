import { entityOf } from '../amqp/names.ts'
import type { BrokerNames } from '../amqp/names.ts'
import type { Topology } from '../amqp/topology.ts'
import { matches } from '../catalog/pattern.ts'
import type { RegisteredSubscription } from '../store/contract/reconciliation.ts'

/**
 * Looks at the broker, as no client of AMQP can: which bindings stand, which queues are there, which of their nodes are not.
 * `brokerWatch()` of `@warren/cluster/watch` is one, over the management API. Rejects when it could not look.
 */
export interface BrokerWatch {
  /** One view for each queue, in any order. */
  look(queues: readonly WatchedQueue[]): Promise<readonly QueueView[]>
}

export interface WatchedBinding {
  /** An exchange. */
  readonly source: string
  readonly destination: string
  readonly destinationType: 'queue' | 'exchange'
  readonly key: string
}

export interface WatchedQueue {
  readonly queue: string
  /** Those that should stand. */
  readonly bindings: readonly WatchedBinding[]
}

export interface QueueView {
  readonly queue: string
  readonly exists: boolean
  /** Those of the bindings asked after that do not stand. */
  readonly absent: readonly WatchedBinding[]
  /** Nodes without which the queue has no leader or no majority; empty while it can be used. */
  readonly downNodes: readonly string[]
}

/** A binding as it is stored and shown. */
export function bindingText({ source, destination, key }: WatchedBinding): string {
  return `${source} → ${destination} (${key})`
}

/**
 * A way to the subscription's queue: an event that takes it comes if all of these stand. An event that several patterns match has
 * several ways.
 */
export type Route = readonly WatchedBinding[]

export function routesOf(
  name: string,
  { queue }: Pick<RegisteredSubscription, 'queue'>,
  patterns: readonly string[],
  names: BrokerNames,
): readonly Route[] {
  const [entity = name] = name.split('.', 1)
  return patterns
    .filter((pattern) => matches(pattern, name))
    .map((pattern): Route => {
      const isSpanning = entityOf(pattern) === null
      const source = isSpanning ? names.eventsExchange : names.eventExchange(entity)
      const last = { source, destination: queue, destinationType: 'queue', key: pattern } as const
      return isSpanning ? [spanning(entity, names), last] : [last]
    })
}

/** What must stand so that every event of these names reaches the subscription, and so does what is sent to it alone. */
export function watchedQueue(
  subscription: Pick<RegisteredSubscription, 'queue' | 'periods'>,
  eventNames: readonly string[],
  names: BrokerNames,
): WatchedQueue {
  const { queue } = subscription
  const patterns = subscription.periods.findLast(({ toMs }) => toMs === null)?.patterns ?? []
  const direct = { source: names.directExchange, destination: queue, destinationType: 'queue', key: queue } as const
  const all = [direct, ...eventNames.flatMap((name) => routesOf(name, subscription, patterns, names).flat())]
  return { queue, bindings: [...new Map(all.map((binding) => [bindingText(binding), binding])).values()] }
}

/** Of what is absent, the part that a publisher can declare itself: no subscriber does, or would be asked in vain. */
export function ownBindings(
  absent: readonly WatchedBinding[],
  names: Pick<BrokerNames, 'directExchange'>,
): Topology['bindings'] {
  return absent.flatMap(({ source, destination, destinationType, key }): Topology['bindings'] => {
    if (destinationType === 'exchange') return [{ source, exchange: destination, key }]
    return source === names.directExchange ? [{ source, queue: destination, key }] : []
  })
}

function spanning(entity: string, names: BrokerNames): WatchedBinding {
  return {
    source: names.eventExchange(entity),
    destination: names.eventsExchange,
    destinationType: 'exchange',
    key: '#',
  }
}
