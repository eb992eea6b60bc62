import type { Failure, NewFailure } from './failures.ts'
import type { Sql } from './sql.ts'

/**
 * - `handled`: the handler's transaction committed, with this row in it. Final.
 * - `retrying`: it failed and is due again. Entered by fail() and retry; left by resolve(), fail() or discard.
 * - `parked`: it waits for a person. Entered by fail(); left by retry or discard.
 * - `discarded`: a person decided that it will not be handled. Final.
 */
export type InboxStatus = 'handled' | 'retrying' | 'parked' | 'discarded'

export interface ReceivedMessage {
  readonly id: string
  readonly name: string
  readonly source: string
}

export interface InboxStore<Tx extends Sql = Sql> {
  /**
   * Inserts the messages as `handled` and returns the ids that were not there before; the others are duplicates. Waits
   * for a concurrent insert of the same id. Inserts in the order of the ids, so that two batches cannot deadlock.
   */
  receive(tx: Tx, subscription: string, messages: readonly ReceivedMessage[]): Promise<ReadonlySet<string>>
  /** Undoes receive() for messages that this transaction will not come to, so that it can commit without them. */
  forget(tx: Tx, subscription: string, messageIds: readonly string[]): Promise<void>
  /**
   * Sets the inbox status to the failure's state, inserts or updates the failure row (first failure time is kept), and writes the attempt
   * down, unless it only waits for its turn.
   */
  fail(tx: Tx, failures: readonly NewFailure[]): Promise<void>
  /**
   * Counts one start of a redelivered message in a transaction of its own, and returns the count with this one: it
   * survives a process that dies in the handler. The start before it never ended, and is written down as an attempt.
   */
  countStart(subscription: string, messageId: string): Promise<number>
  /** Counts a start of those that have none, in a transaction of its own, and returns their ids. */
  countFirstStarts(subscription: string, messageIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Forgets the starts; in the transaction that settles the message. */
  clearStarts(tx: Tx, subscription: string, messageIds: readonly string[]): Promise<void>
  /**
   * Takes due failures in state `retrying`: counts an attempt and moves `due` by `leaseMs`, committed before it
   * returns, so that another instance leaves them alone and a crash is counted. Ordered by due time. An attempt of which nobody said
   * how it ended is written down.
   */
  claimRetries(
    subscription: string,
    request: { readonly limit: number; readonly leaseMs: number },
  ): Promise<readonly Failure[]>
  /** Milliseconds until the next retry of the subscription is due (0 when one is due now); null when there is none. */
  nextRetryInMs(subscription: string): Promise<number | null>
  /**
   * The retry succeeded: status `handled`, failure row gone; in the handler's transaction. False when the failure is no
   * longer `retrying` (a person discarded it meanwhile, or another instance resolved it): then roll back.
   */
  resolve(tx: Tx, subscription: string, messageId: string): Promise<boolean>
  /**
   * Locks a failure that was claimed, in the transaction that settles it. False when it is gone, or a person has changed its payload
   * since: what the handler made of the old one is to count for nothing.
   */
  isCurrent(tx: Tx, failure: Pick<Failure, 'subscription' | 'messageId' | 'edits'>): Promise<boolean>
  /** Gives a claimed retry back: due after `delayMs`, and the attempt that claimRetries() counted is not counted. */
  unclaim(subscription: string, messageIds: readonly string[], delayMs: number): Promise<void>
}
