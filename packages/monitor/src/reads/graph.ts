import { brokerNames, matches } from '@warren/bus'
import type { Catalog } from '@warren/bus'
import type { VhostTopology } from '@warren/cluster'

export type NodeKind = 'entity' | 'exchange' | 'queue' | 'subscription'

export interface GraphNode {
  readonly id: string
  readonly kind: NodeKind
  readonly name: string
  /** From the left: entities, exchanges, those behind other exchanges, queues, subscriptions. */
  readonly column: number
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  /** Routing keys and patterns of the bindings; none of what is no binding. */
  readonly keys: readonly string[]
  readonly keyCount: number
}

export interface Graph {
  /** Of the vhost, whatever is looked for. */
  readonly entities: readonly string[]
  /** How many queues what is looked for comes to. Beyond `MOST_QUEUES` nothing else is told. */
  readonly queueCount: number
  readonly isTooLarge: boolean
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

export interface GraphFilter {
  readonly entity?: string
  /** A text in the name of the queue or of its subscription. */
  readonly text?: string
  /** With what Warren needs for itself: dead letters, resends, control. Default false. */
  readonly withOwn?: boolean
}

export interface GraphSubscription {
  readonly name: string
  readonly queue: string
}

/** More than these nobody reads in a picture. */
export const MOST_QUEUES = 200
const MOST_KEYS = 20

const names = brokerNames()
const own: ReadonlySet<string> = new Set([names.directExchange, names.deadLetterExchange, names.controlExchange])

/** The way of an event from its entity to who subscribes, by the bindings that stand. Pure. */
export function graphOf(
  topology: VhostTopology,
  subscriptions: readonly GraphSubscription[],
  catalog: Catalog | undefined,
  { entity, text = '', withOwn = false }: GraphFilter,
): Graph {
  const bindings = topology.bindings.filter(({ from, to }) => withOwn || !(own.has(from) || own.has(to)))
  const bound = new Set(bindings.flatMap(({ from, to, toKind }) => (toKind === 'exchange' ? [from, to] : [from])))
  const exchanges = topology.exchanges
    .map(({ name }) => name)
    .filter((name) => bound.has(name) || entityOf(name) !== null)
  const entities = [...new Set(exchanges.map(entityOf).filter((each) => each !== null))].toSorted()
  const byQueue = Map.groupBy(subscriptions, ({ queue }) => queue)

  // From the exchange of the entity on, or from all of them.
  const starts = entity === undefined ? exchanges : exchanges.filter((name) => entityOf(name) === entity)
  const carries = carrierOf(catalog, entity)
  const reached = new Set(starts)
  const followed = new Set<(typeof bindings)[number]>()
  for (const exchange of reached) {
    for (const binding of bindings) {
      if (binding.from !== exchange || !carries(binding.key, exchange)) continue
      followed.add(binding)
      if (binding.toKind === 'exchange') reached.add(binding.to)
    }
  }
  const isFound = (queue: string): boolean =>
    text === '' || queue.includes(text) || (byQueue.get(queue) ?? []).some(({ name }) => name.includes(text))
  const isWhole = entity === undefined && withOwn
  const routed = [...followed].filter(({ toKind }) => toKind === 'queue').map(({ to }) => to)
  const loose = isWhole ? topology.queues.map(({ name }) => name) : []
  const queues = new Set([...routed, ...loose].filter(isFound))
  const found = { entities, queueCount: queues.size }
  if (queues.size > MOST_QUEUES) return { ...found, isTooLarge: true, nodes: [], edges: [] }

  const kept = [...followed].filter(({ to, toKind }) => toKind === 'exchange' || queues.has(to))
  // With a text only what leads to one of its queues.
  const leading = text === '' ? reached : upstream(kept)
  const edges = new Map<string, { from: string; to: string; keys: string[] }>()
  const connect = (from: string, to: string, key?: string): void => {
    const id = JSON.stringify([from, to])
    const edge = edges.get(id) ?? { from, to, keys: [] }
    if (key !== undefined) edge.keys.push(key)
    edges.set(id, edge)
  }
  const behind = new Set(kept.filter(({ toKind }) => toKind === 'exchange').map(({ to }) => to))
  const nodes: GraphNode[] = []
  for (const name of leading) {
    nodes.push({ id: `exchange ${name}`, kind: 'exchange', name, column: behind.has(name) ? 2 : 1 })
    const of = entityOf(name)
    if (of === null) continue
    nodes.push({ id: `entity ${of}`, kind: 'entity', name: of, column: 0 })
    connect(`entity ${of}`, `exchange ${name}`)
  }
  for (const { from, to, toKind, key } of kept)
    if (leading.has(from) && (toKind === 'queue' || leading.has(to)))
      connect(`exchange ${from}`, `${toKind} ${to}`, key)
  for (const queue of queues) {
    nodes.push({ id: `queue ${queue}`, kind: 'queue', name: queue, column: 3 })
    for (const { name } of byQueue.get(queue) ?? []) {
      nodes.push({ id: `subscription ${name}`, kind: 'subscription', name, column: 4 })
      connect(`queue ${queue}`, `subscription ${name}`)
    }
  }
  return {
    ...found,
    isTooLarge: false,
    nodes,
    edges: [...edges.values()].map(({ keys, ...edge }) => ({
      ...edge,
      keys: keys.slice(0, MOST_KEYS),
      keyCount: keys.length,
    })),
  }
}

const [before = '', after = ''] = names.eventExchange('\u0000').split('\u0000')

/** Whose events an exchange takes; null for one that is not an entity's. */
function entityOf(exchange: string): string | null {
  if (exchange === names.eventsExchange || !exchange.startsWith(before) || !exchange.endsWith(after)) return null
  const entity = exchange.slice(before.length, -after.length)
  return entity === '' ? null : entity
}

/** What spans entities is followed where a pattern matches one of the entity's events: of those that are not known, all. */
function carrierOf(
  catalog: Catalog | undefined,
  entity: string | undefined,
): (key: string, exchange: string) => boolean {
  const events = (catalog?.events ?? []).filter((event) => event.entity === entity).map(({ name }) => name)
  return (key, exchange) =>
    exchange !== names.eventsExchange || events.length === 0 || events.some((name) => matches(key, name))
}

function upstream(bindings: readonly VhostTopology['bindings'][number][]): ReadonlySet<string> {
  const leading = new Set(bindings.filter(({ toKind }) => toKind === 'queue').map(({ from }) => from))
  for (const exchange of leading)
    for (const { from, to, toKind } of bindings) if (toKind === 'exchange' && to === exchange) leading.add(from)
  return leading
}
