import type { Sql } from './sql.ts'

export interface NewEvent {
  /** UUIDv7; its time is the event's minute. */
  readonly id: string
  readonly name: string
  readonly entityId: string
  /** The service that publishes. */
  readonly source: string
  /** JSON text, exactly as it goes into the message body. */
  readonly payload: string
  /** Trace context, correlation id and the caller's own headers. */
  readonly headers: Readonly<Record<string, string>>
  /** True: it is no fault when no queue takes it. */
  readonly isOptional: boolean
  /** Hash of the entity id, 0 to BUCKETS - 1: what relays share among themselves. */
  readonly bucket: number
  /** `order/4711`, of an event whose entity is ordered: sent after all earlier ones of it. */
  readonly orderKey?: string
}

/**
 * - `pending`: written, to be sent when due. Entered by append() and release(); left by confirm() or reschedule().
 * - `unroutable`: the broker took it and no queue did. Entered by reschedule(); left by release() or confirm().
 * - `unpublishable`: the broker refuses this very message. Entered by reschedule(); left by release() alone.
 */
export type PendingState = 'pending' | 'unroutable' | 'unpublishable'

export interface PendingEvent extends NewEvent {
  readonly createdAt: Date
  readonly state: PendingState
  /** How often it was sent in vain. */
  readonly attempts: number
}

export interface Reschedule {
  readonly id: string
  readonly state: PendingState
  readonly delayMs: number
  /** `CODE: message` */
  readonly error: string
}

export interface OutboxStore {
  /** Adds ledger rows and their pending rows in the caller's transaction, in one statement. */
  append(tx: Sql, events: readonly NewEvent[]): Promise<void>
  /** Of these ids, the ones in the ledger. Tells after a lost connection whether a commit went through. */
  present(ids: readonly string[]): Promise<readonly string[]>
  /**
   * Events in state `pending` that are due, of these buckets, without these ids; ordered by id, which of one ordered entity is the
   * order of their commits. Without those of an ordered entity of which an earlier one waits for another attempt. Takes no lock.
   */
  claim(request: {
    readonly buckets: readonly number[]
    readonly exclude: readonly string[]
    /** Ordered entities that are left out. */
    readonly excludeOrders?: readonly string[]
    readonly limit: number
  }): Promise<readonly PendingEvent[]>
  /**
   * Removes the pending rows: the events are sent. Unknown ids are ignored. Those whose id is older than what a barrier has
   * asked for already are remembered as late (ProofStore.reopenLate).
   */
  confirm(ids: readonly string[]): Promise<void>
  /** Counts an attempt, sets state, error, and due = now + delay. Unknown ids are ignored. */
  reschedule(changes: readonly Reschedule[]): Promise<void>
  /** Of each name that has due unroutable events in these buckets, the oldest one: to ask whether a queue takes it now. */
  probes(buckets: readonly number[]): Promise<readonly PendingEvent[]>
  /** Makes events pending and due at once, by id, or every unroutable one of a name. Returns how many. */
  release(which: { readonly ids: readonly string[] } | { readonly name: string }): Promise<number>
  backlog(): Promise<OutboxBacklog>
}

export interface OutboxBacklog {
  readonly pending: number
  readonly unroutable: number
  readonly unpublishable: number
  /** Creation of the oldest event in state `pending`. */
  readonly oldestPendingAt: Date | null
}
