import type { Failure } from './failures.ts'
import type { InboxStatus } from './inbox.ts'
import type { PendingState } from './outbox.ts'

export type SentState = 'sent' | PendingState

export interface SentMessage {
  readonly id: string
  readonly name: string
  readonly entityId: string
  readonly source: string
  readonly payload: string
  readonly headers: Readonly<Record<string, string>>
  readonly createdAt: Date
  readonly state: SentState
  readonly attempts: number
  readonly error: string | null
}

export interface InboxEntry {
  readonly subscription: string
  readonly messageId: string
  readonly name: string
  readonly source: string
  readonly status: InboxStatus
  readonly receivedAt: Date
  /** Set when the status became final. */
  readonly settledAt: Date | null
  readonly failure: Failure | null
}

/** All conditions given must hold. Newest first; `before` is the id of the last row of the page before. */
export interface MessageFilter {
  /** Exact event name. */
  readonly name?: string
  readonly entityId?: string
  readonly since?: Date
  readonly until?: Date
  readonly before?: string
  /** The least id that is looked at. */
  readonly downTo?: string
  /** Default 50. */
  readonly limit?: number
}

export interface MessageReads {
  /** Published events of the ledger. */
  sent(filter: MessageFilter & { readonly state?: SentState }): Promise<readonly SentMessage[]>
  /** What subscriptions of this store have received. */
  received(
    filter: Omit<MessageFilter, 'entityId'> & { readonly subscription?: string; readonly status?: InboxStatus },
  ): Promise<readonly InboxEntry[]>
  /** One event on both sides, as far as this store knows it. */
  trace(id: string): Promise<{ readonly sent: SentMessage | null; readonly received: readonly InboxEntry[] }>
  /**
   * Makes events that are not sent pending and due at once, by id, or every unroutable one of a name, and writes the action
   * log (with no subscription), in one transaction: the relay of the owning service sends them. Returns how many.
   */
  retry(which: { readonly ids: readonly string[] } | { readonly name: string }, actor: string): Promise<number>
}
