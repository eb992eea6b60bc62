import type { InboxEntry, SubscriptionSummary } from '@warren/bus'
import type { StoreRow } from '../../store-rows.ts'

/** What became of a message in one subscription. */
export interface Receipt {
  readonly store: string
  readonly subscription: string
  /** `not received`: it was expected, and the inbox does not know it. It may still be pending, or in the queue. */
  readonly status: InboxEntry['status'] | 'not received'
  readonly receivedAt: Date | null
  readonly settledAt: Date | null
  readonly attempts: number | null
  readonly dueAt: Date | null
  readonly error: string | null
  readonly fingerprint: string | null
}

/** The entries of inboxes, and the subscriptions that should have one and have none. */
export function receiptsOf(
  received: readonly StoreRow<InboxEntry>[],
  expected: readonly StoreRow<SubscriptionSummary>[],
): readonly Receipt[] {
  const isThere = (name: string): boolean => received.some(({ subscription }) => subscription === name)
  return [...received.map(receiptOf), ...expected.filter(({ name }) => !isThere(name)).map(notReceived)]
}

function receiptOf({ store, subscription, status, receivedAt, settledAt, failure }: StoreRow<InboxEntry>): Receipt {
  return {
    store,
    subscription,
    status,
    receivedAt,
    settledAt,
    attempts: failure?.attempts ?? null,
    dueAt: failure?.dueAt ?? null,
    error: failure === null ? null : `${failure.error.type}: ${failure.error.message}`,
    fingerprint: failure?.error.fingerprint ?? null,
  }
}

function notReceived({ store, name }: StoreRow<SubscriptionSummary>): Receipt {
  return {
    store,
    subscription: name,
    status: 'not received',
    receivedAt: null,
    settledAt: null,
    attempts: null,
    dueAt: null,
    error: null,
    fingerprint: null,
  }
}
