import type { TimeRange } from './reconciliation.ts'
import type { InboxStatus } from './inbox.ts'

/** One delivery, with its times alone. */
export interface DeliverySample {
  /** The time in the message's id: when publish() made it, by the publisher's clock. */
  readonly publishedMs: number
  readonly status: InboxStatus
  /**
   * When the transaction began in which it was handled, by this database's clock, or when a person discarded it; null while it is
   * neither.
   */
  readonly settledMs: number | null
}

export interface UnhandledSample {
  readonly publishedMs: number
  readonly status: Exclude<InboxStatus, 'handled'>
}

/**
 * Reads for charts. A chart of a day over ten million rows cannot look at all of them: each of these reads a bounded number of rows
 * through the primary key or an index, however many there are.
 */
export interface SampleReads {
  /** Subscriptions that were ever announced to this store, and the queues they have had last, by name. */
  subscriptions(limit: number): Promise<readonly { readonly name: string; readonly queue: string }[]>
  /** Of each range of times of publishing, the newest deliveries to the subscription, at most `perRange` of them, in no order. */
  deliveries(subscription: string, ranges: readonly TimeRange[], perRange: number): Promise<readonly DeliverySample[]>
  /** Deliveries of the range that no handler has come to the end of, the newest of each status first, at most `perStatus` of each. */
  unhandled(subscription: string, range: TimeRange, perStatus: number): Promise<readonly UnhandledSample[]>
}

export const UNHANDLED: readonly UnhandledSample['status'][] = ['retrying', 'parked', 'discarded']
