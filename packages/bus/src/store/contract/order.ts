import type { Position } from '../order/position.ts'
import type { Failure } from './failures.ts'
import type { Sql } from './sql.ts'

/** What the store keeps for order per entity: sequences on the publishing side, positions on the receiving side. */
export interface OrderStore<Tx extends Sql = Sql> {
  /**
   * Takes the next place of an entity in the caller's transaction. Every other transaction that publishes for the same entity
   * waits until this one ends: the sequence is the order of the commits, and a rollback leaves no gap.
   */
  next(tx: Sql, orderKey: string, name: string): Promise<NextInOrder>

  /** What a subscription gets, pattern by pattern, and since when. */
  interests(subscription: string): Promise<readonly Interest[]>
  /** Its bindings stand with these patterns: remembers when those that are new began, and forgets the others. */
  stand(subscription: string, patterns: readonly string[]): Promise<readonly Interest[]>

  /**
   * How far each of these entities is settled. Locks their rows, in one order, until the transaction ends: whoever handles
   * or sets aside an event of one of them does it before this or after. Throws STORE_BUSY.
   */
  lock(tx: Tx, subscription: string, entities: readonly OrderedEntity[]): Promise<readonly EntityPosition[]>
  /** Moves the positions and makes the first event that waits behind each due. Returns how many are due now. */
  advance(tx: Tx, subscription: string, moved: readonly EntityPosition[]): Promise<number>
  /** Gives a claimed event that must still wait back: looked at again after the delay, its attempt not counted. */
  hold(tx: Tx, subscription: string, messageId: string, delayMs: number): Promise<void>
  /** Those that wait for their turn behind this sequence, in their order, whoever has claimed them. */
  waiting(
    tx: Tx,
    subscription: string,
    entity: OrderedEntity,
    request: { readonly behind: number; readonly limit: number },
  ): Promise<readonly Failure[]>
  /** Whether an earlier event of the entity has failed or waits. */
  hasEarlier(tx: Tx, subscription: string, entity: OrderedEntity, sequence: number): Promise<boolean>
}

export interface NextInOrder {
  /** From 1. */
  readonly sequence: number
  /** For the event's id: the database's time, and later than that of the entity's event before. */
  readonly atMs: number
  /** The last event of each name before: `{"order.payment.onPaid":[3,1764140374000]}`, sequence and time. */
  readonly previous: string
}

export interface Interest {
  readonly pattern: string
  /** By the clock of the subscriber's store. */
  readonly sinceMs: number
}

/** One entity as one service tells of it: sequences of different services have nothing to do with each other. */
export interface OrderedEntity {
  readonly source: string
  readonly orderKey: string
}

export interface EntityPosition extends OrderedEntity {
  readonly position: Position
}

/** The place of an event that a subscription has failed to handle, or could not yet. */
export interface FailureOrder {
  readonly orderKey: string
  readonly sequence: number
  /** The sequence of the event that must be settled before; 0 when there is none. */
  readonly needs: number
}

// ── What a person sees and does ──────────────────────────────────────────────────────────────────────────────────────

export interface BlockedFilter {
  readonly subscription?: string
  readonly entityId?: string
  /** Default 100. */
  readonly limit?: number
}

/** An entity of which at least one event waits for another. */
export interface BlockedEntity extends OrderedEntity {
  readonly subscription: string
  readonly entity: string
  readonly entityId: string
  readonly blocker: Blocker
  /** When the first one began to wait, or the blocker first failed. */
  readonly since: Date
  readonly waiting: number
  readonly oldestWaiting: { readonly messageId: string; readonly name: string; readonly since: Date }
}

/**
 * - `parked`: it failed for good; retry, discard or release it.
 * - `retrying`: it is tried again by itself.
 * - `absent`: it was never received; reconciliation resends it, or the waiting one is released to go on without.
 * - `released`: nothing, the first that waits is due now.
 */
export type Blocker =
  | {
      readonly kind: 'parked' | 'retrying'
      readonly sequence: number
      readonly messageId: string
      readonly name: string
      readonly error: string
    }
  | { readonly kind: 'absent'; readonly sequence: number }
  | { readonly kind: 'released' }

export const ORDER_BLOCKED = 'ORDER_BLOCKED'
