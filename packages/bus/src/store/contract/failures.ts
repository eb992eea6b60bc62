import type { MessageFilter } from './messages.ts'
import type { BlockedEntity, BlockedFilter, FailureOrder } from './order.ts'
import type { TimeRange } from './reconciliation.ts'

export interface NewFailure {
  readonly subscription: string
  readonly messageId: string
  readonly name: string
  readonly entityId: string
  readonly source: string
  /** The message body as text; base64 when `encoding` says so (it was not valid UTF-8). */
  readonly payload: string
  readonly encoding: 'utf8' | 'base64'
  /** Everything but the body that is needed to hand the message to a handler again. */
  readonly headers: Readonly<Record<string, string>>
  readonly state: 'retrying' | 'parked'
  /** How often the handler was tried and failed, this one included; 0 when it was never tried. */
  readonly attempts: number
  /** Until it is due again; ignored for `parked`. */
  readonly delayMs: number
  readonly error: FailureError
  /** Null or absent: it has no place in an order, or none any more. */
  readonly order?: FailureOrder | null
  /** When its handler ran, by the monotonic clock of this process, `performance.now()`. Absent: none was called. */
  readonly ran?: { readonly beganMs: number; readonly endedMs: number }
}

export interface FailureError {
  /** An ErrorCode, or the error's own `code` when it has one. */
  readonly code: string
  /** Class of the error: `TypeError`. */
  readonly type: string
  readonly message: string
  readonly stack: string
  /** Same cause, same fingerprint: error type and first stack frame of the service's own code. */
  readonly fingerprint: string
}

export interface Failure extends NewFailure {
  /** How often a person has changed its payload. */
  readonly edits: number
  readonly firstFailedAt: Date
  readonly lastFailedAt: Date
  /** null for `parked`. */
  readonly dueAt: Date | null
}

/**
 * One attempt to handle a message that failed, or a failure of a message that no handler was called for. The newest 50 of a message and
 * subscription are kept, for as long as its row in the inbox.
 */
export interface FailedAttempt {
  readonly subscription: string
  /** Which one it was; counted anew when a person retries. Where no handler was called, how many there were before. */
  readonly attempt: number
  /** Null: no handler was called. */
  readonly beganAt: Date | null
  /** Null: nobody wrote down how it ended, because its process died or lost its store. */
  readonly endedAt: Date | null
  /** What was decided: it is tried again, or waits for a person. */
  readonly state: 'retrying' | 'parked'
  /** Null where it is not known how it ended. */
  readonly error: Pick<FailureError, 'code' | 'type' | 'message'> | null
}

export interface FailureFilter {
  readonly subscription?: string
  readonly messageId?: string
  readonly name?: string
  readonly entityId?: string
  readonly fingerprint?: string
  readonly state?: 'retrying' | 'parked'
  readonly since?: Date
  readonly until?: Date
}

export interface FailureGroup {
  readonly subscription: string
  readonly fingerprint: string
  readonly type: string
  /** Message of the newest failure of the group. */
  readonly message: string
  readonly retrying: number
  readonly parked: number
  /** False: it was counted no further, and there may be more. */
  readonly isExact: boolean
  readonly firstFailedAt: Date
  readonly lastFailedAt: Date
}

export interface FailureTrends {
  /** The first bucket in which all failures were looked at; as many as there are buckets when there is none. */
  readonly firstKnown: number
  /** Causes that have failures in the range. Null in the buckets before `firstKnown`. */
  readonly groups: readonly {
    readonly subscription: string
    readonly fingerprint: string
    readonly counts: readonly (number | null)[]
  }[]
}

/** `changed`: it has another payload by now. `unknown`: there is no such failure, or no more. */
export type EditOutcome = 'edited' | 'changed' | 'unknown'

export interface FailureReads {
  /**
   * Newest message first; `before` is the message id of the last row of the page before. Rows of one message stay on one
   * page, so a page may be longer than `limit` (default 50). A failure that fails again meanwhile keeps its place.
   */
  list(filter: FailureFilter & Pick<MessageFilter, 'before' | 'downTo' | 'limit'>): Promise<readonly Failure[]>
  /**
   * By subscription and cause, the largest first. With `countUpTo` at a cost that does not grow with the failures: about so many are
   * counted in all, and with a filter by more than subscription and state the newest quarter as many are looked at; `firstFailedAt` is that of the oldest
   * message then, and `message` that of the newest.
   */
  groups(filter: FailureFilter, countUpTo?: number): Promise<readonly FailureGroup[]>
  /**
   * Of each cause, how many failures there are of events that were published in each of so many equal parts of the range. Looks at the
   * newest `most` failures alone, so that it costs the same however many there are.
   */
  trends(range: TimeRange, buckets: number, most: number): Promise<FailureTrends>
  /** What failed of a message, at all subscriptions of this store, also when it is handled by now; oldest first. */
  attempts(messageId: string): Promise<readonly FailedAttempt[]>
  /**
   * Makes parked and retrying failures due at once, with their attempts counted anew, and writes the action log, in one
   * transaction: the owning service picks the rows up. Returns how many.
   */
  retry(filter: FailureFilter, actor: string): Promise<number>
  /**
   * Gives a failure another payload and makes it due at once, with its attempts counted anew: the same message, in the same place of
   * its order. `original` is what the person has changed. Writes the action log, with both. Who handles the old payload at that moment
   * settles nothing.
   */
  edit(
    failure: Pick<Failure, 'subscription' | 'messageId'>,
    payloads: { readonly original: string; readonly edited: string },
    actor: string,
  ): Promise<EditOutcome>
  /** Entities of ordered subscriptions of which events wait for an earlier one; those with the most first. */
  blocked(filter: BlockedFilter): Promise<readonly BlockedEntity[]>
  /**
   * Sets failures aside that hold up their entity: they stay parked, and those behind them go on; a retry handles them out of
   * their order. The first event that waits for one that was never received goes on without it. Writes the action log. Returns
   * how many.
   */
  release(filter: FailureFilter, actor: string): Promise<number>
  /**
   * Gives up on failures: status `discarded`, failure rows gone, payloads kept in the action log. Events of an ordered entity
   * that waited for them go on. Returns how many.
   */
  discard(filter: FailureFilter, actor: string): Promise<number>
}
