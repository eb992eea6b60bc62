import type { DecodedMessage } from '../envelope/decode.ts'
import { orderKey } from '../envelope/order.ts'
import { WarrenError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { ORDER_BLOCKED } from '../store/contract/order.ts'
import type { EntityPosition, FailureOrder, Interest, OrderedEntity } from '../store/contract/order.ts'
import { reach, start } from '../store/order/position.ts'
import type { Position } from '../store/order/position.ts'
import type { Failure, FailureError, Sql, Store } from '../store/store.ts'
import { decideTurn, placeOf } from './turn.ts'
import type { KnownPlace, Turn } from './turn.ts'

export interface OrderingOptions<Tx extends Sql> {
  readonly store: Store<Tx>
  readonly subscription: string
  readonly patterns: readonly string[]
  /** By how much the clocks of two services may differ. */
  readonly clockToleranceMs: number
  readonly logger: Logger
}

/** What an ordered subscription knows of the order of its events: when each of them has its turn. */
export class Ordering<Tx extends Sql> {
  readonly #options: OrderingOptions<Tx>
  #interests: readonly Interest[] | null = null
  readonly #unordered = new Set<string>()

  constructor(options: OrderingOptions<Tx>) {
    this.#options = options
  }

  /** Reads since when it gets what. Patterns that are new are known when stand() has been called. */
  async start(): Promise<void> {
    const { store, subscription, patterns } = this.#options
    const known = await store.order.interests(subscription)
    const isComplete = patterns.every((pattern) => known.some((interest) => interest.pattern === pattern))
    if (isComplete) await this.stand()
  }

  /** Its bindings stand on the broker. Safe to call again. */
  async stand(): Promise<void> {
    const { store, subscription, patterns } = this.#options
    this.#interests ??= await store.order.stand(subscription, patterns)
  }

  /** False until its bindings have stood once: until then nobody knows what an event must wait for. */
  get isKnown(): boolean {
    return this.#interests !== null
  }

  /** Null for a message without one: of a publisher whose catalog does not say that the entity is ordered. */
  placeOf(message: Pick<DecodedMessage, 'name' | 'order'>): KnownPlace | null {
    const { clockToleranceMs, logger, subscription } = this.#options
    if (message.order !== undefined) return placeOf(message.order, this.#interests ?? [], clockToleranceMs)
    if (this.#unordered.has(message.name)) return null
    this.#unordered.add(message.name)
    logger.warn(
      { subscription, event: message.name },
      'an event came without a place in the order of its entity: its publisher declares the entity as not ordered, or did; it is handled as it comes',
    )
    return null
  }

  /** For the row of an event that failed or must wait. */
  failureOrder(message: Pick<DecodedMessage, 'name' | 'order' | 'entityId'>): FailureOrder | null {
    const place = this.placeOf(message)
    if (place === null) return null
    return { orderKey: orderKey(message.name, message.entityId), sequence: place.sequence, needs: place.needs }
  }

  /** Locks the entities of these messages until the transaction ends. */
  async open(tx: Tx, messages: readonly DecodedMessage[]): Promise<Turns<Tx>> {
    const entities = messages.flatMap((message) => (message.order === undefined ? [] : [entityOf(message)]))
    const { store, subscription } = this.#options
    const positions = entities.length === 0 ? [] : await store.order.lock(tx, subscription, entities)
    return new Turns(this.#options, this, positions)
  }
}

/** The turns of the events in one transaction, which holds the positions of their entities. */
export class Turns<Tx extends Sql> {
  readonly #options: OrderingOptions<Tx>
  readonly #ordering: Ordering<Tx>
  readonly #positions = new Map<string, EntityPosition>()
  readonly #moved = new Map<string, EntityPosition>()

  constructor(options: OrderingOptions<Tx>, ordering: Ordering<Tx>, positions: readonly EntityPosition[]) {
    this.#options = options
    this.#ordering = ordering
    for (const each of positions) this.#positions.set(keyOf(each), each)
  }

  /** Of an event that has just arrived. */
  arrived(message: DecodedMessage): Turn {
    const place = this.#ordering.placeOf(message)
    if (place === null) return { kind: 'now' }
    return decideTurn(place, this.#positionOf(message), { waitedMs: 0, hasEarlier: false })
  }

  /** Of one that is kept in the store. */
  async kept(tx: Tx, message: DecodedMessage, { firstFailedAt }: Failure): Promise<Turn> {
    const place = this.#ordering.placeOf(message)
    if (place === null) return { kind: 'now' }
    const position = this.#positionOf(message)
    // Two clocks: when they differ by more than the grace, an entity's first event waits for that much more or less.
    const waitedMs = Math.max(0, Date.now() - firstFailedAt.getTime())
    const turn = decideTurn(place, position, { waitedMs, hasEarlier: false })
    if (turn.kind !== 'now' || place.needs === place.surelyNeeds) return turn
    const { store, subscription } = this.#options
    const hasEarlier = await store.order.hasEarlier(tx, subscription, entityOf(message), place.sequence)
    return decideTurn(place, position, { waitedMs, hasEarlier })
  }

  /** The event had its turn and was handled. */
  settled(message: DecodedMessage): void {
    const place = this.#ordering.placeOf(message)
    if (place === null) return
    const entity = entityOf(message)
    const moved = { ...entity, position: reach(this.#positionOf(message), place.sequence) }
    this.#positions.set(keyOf(entity), moved)
    this.#moved.set(keyOf(entity), moved)
  }

  /** Those of the same entity that wait behind it. */
  waiting(tx: Tx, message: DecodedMessage, limit: number): Promise<readonly Failure[]> {
    const { store, subscription } = this.#options
    const behind = message.order?.sequence ?? 0
    return store.order.waiting(tx, subscription, entityOf(message), { behind, limit })
  }

  /** Before the commit. Returns how many of those that waited are due now. */
  async close(tx: Tx): Promise<number> {
    if (this.#moved.size === 0) return 0
    const { store, subscription } = this.#options
    return store.order.advance(tx, subscription, [...this.#moved.values()])
  }

  #positionOf(message: DecodedMessage): Position {
    return this.#positions.get(keyOf(entityOf(message)))?.position ?? start
  }
}

/** The events of one entity in their order, in the places that they have among the others. */
export function inSequence(messages: readonly DecodedMessage[]): readonly DecodedMessage[] {
  const byEntity = Map.groupBy(messages, entityKey)
  byEntity.delete(null)
  const sorted = new Map(
    [...byEntity].map(([key, group]) => [
      key,
      group.toSorted((a, b) => (a.order?.sequence ?? 0) - (b.order?.sequence ?? 0)).values(),
    ]),
  )
  return messages.map((message) => {
    const key = entityKey(message)
    return key === null ? message : (sorted.get(key)?.next().value ?? message)
  })
}

/** Why an event waits, without a stack: nothing went wrong. */
export const waitsForItsTurn: FailureError = {
  code: ORDER_BLOCKED,
  type: 'WarrenError',
  message: 'an earlier event of the same entity is not settled yet',
  stack: '',
  fingerprint: 'waits-turn',
}

export function passed(message: DecodedMessage): WarrenError {
  return new WarrenError(
    'ORDER_PASSED',
    `event ${message.order?.sequence} of its entity came after a later one was settled; a retry handles it all the same`,
    { id: message.id, sequence: message.order?.sequence },
  )
}

/** Names the entity whose order the event keeps; null for one without a place. */
export function entityKey(message: DecodedMessage): string | null {
  return message.order === undefined ? null : keyOf(entityOf(message))
}

function entityOf({ source, name, entityId }: Pick<DecodedMessage, 'source' | 'name' | 'entityId'>): OrderedEntity {
  return { source, orderKey: orderKey(name, entityId) }
}

function keyOf({ source, orderKey: key }: OrderedEntity): string {
  return `${source}\n${key}`
}
