import { matches } from '../catalog/pattern.ts'
import { deliveryOf } from '../reconcile/delivery.ts'
import type { DeliveryState, Interest } from '../reconcile/delivery.ts'
import { heldBy } from '../reconcile/steering.ts'
import type { Cause, Evidence, MissingEvent } from '../store/contract/reconciliation.ts'
import type { InboxEntry } from '../store/store.ts'
import type { FoundMessage } from './message.ts'
import type { NamedStore, StoreRow } from './named-store.ts'

/** What became of one event at one subscription, by the stores of both sides. */
export interface Delivery {
  readonly subscription: string
  readonly service: string | null
  /** `not-registered`: it is announced in its own store, and the publisher does not know it. */
  readonly state: DeliveryState | 'not-registered'
  /** Null where no publisher knows the subscription. */
  readonly interest: Interest | null
  /** Its store; null when none of those given has the event of it. */
  readonly store: string | null
  readonly receivedAt: Date | null
  readonly settledAt: Date | null
  /** Of its handler. */
  readonly attempts: number | null
  readonly dueAt: Date | null
  readonly error: string | null
  readonly fingerprint: string | null
  /** What its publisher has found out; null when it was never missed. */
  readonly missed: Missed | null
}

export interface Missed {
  readonly state: MissingEvent['state']
  readonly cause: Cause | null
  readonly evidence: Evidence | null
  readonly suspectedAt: Date
  readonly confirmedAt: Date | null
  readonly resends: number
  /** When it may be resent next. */
  readonly dueAt: Date | null
  /** Why a resend failed. */
  readonly error: string | null
  readonly requestedAt: Date | null
  readonly settledAt: Date | null
  readonly settledBy: string | null
  /** The watch because of which it is not resent unless a person asks; null: nothing holds it back. */
  readonly heldBy: string | null
}

/** By how much clocks may differ, unless a service has set another `clockToleranceMs`. */
const TOLERANCE_MS = 5_000

/**
 * The delivery matrix of one event: every subscription that a publisher knows, wanted or not, and every one that has it or should
 * have it by the stores of subscribers.
 */
export async function readDeliveries(stores: readonly NamedStore[], found: FoundMessage): Promise<readonly Delivery[]> {
  const { id, received } = found
  const deliveries: Delivery[] = []
  const entryOf = (name: string): StoreRow<InboxEntry> | null =>
    received.find(({ subscription }) => subscription === name) ?? null
  const isThere = (name: string): boolean => deliveries.some(({ subscription }) => subscription === name)

  for (const event of found.sent) {
    const named = stores.find(({ label }) => label === event.store)
    if (named === undefined) continue
    const { reconciliation } = named.store
    const proven = await reconciliation.proof.provenAt(id)
    const missing = await reconciliation.missing.list({ id, limit: 10_000 })
    const watches = missing.length === 0 ? [] : await named.store.watches.list()
    for (const subscription of await reconciliation.registry.list()) {
      const row = missing.find((each) => each.subscription === subscription.name) ?? null
      const entry = entryOf(subscription.name)
      const isProven = proven.has(subscription.name)
      const facts = { event, subscription, received: entry, missing: row, isProven, toleranceMs: TOLERANCE_MS }
      const { name, service } = subscription
      if (isThere(name)) continue
      deliveries.push({
        subscription: name,
        service,
        ...deliveryOf(facts),
        ...receiptOf(entry),
        missed: missedOf(row, row === null ? null : heldBy(watches, row, event.entityId)),
      })
    }
  }
  for (const entry of received) {
    if (isThere(entry.subscription)) continue
    const { subscription, status } = entry
    deliveries.push({ subscription, service: null, state: status, interest: null, ...receiptOf(entry), missed: null })
  }
  const [first] = found.sent
  for (const { store } of stores) {
    for (const { name, service, activeFrom, patterns } of await store.subscriptions.list()) {
      const isWanted =
        first !== undefined && activeFrom <= first.createdAt && patterns.some((pattern) => matches(pattern, first.name))
      if (!isWanted || isThere(name)) continue
      const state = first.state === 'sent' ? 'not-registered' : 'unsent'
      deliveries.push({ subscription: name, service, state, interest: null, ...receiptOf(null), missed: null })
    }
  }
  return deliveries.sort((a, b) => (a.subscription < b.subscription ? -1 : 1))
}

function receiptOf(
  entry: StoreRow<InboxEntry> | null,
): Pick<Delivery, 'store' | 'receivedAt' | 'settledAt' | 'attempts' | 'dueAt' | 'error' | 'fingerprint'> {
  const failure = entry?.failure ?? null
  return {
    store: entry?.store ?? null,
    receivedAt: entry?.receivedAt ?? null,
    settledAt: entry?.settledAt ?? null,
    attempts: failure?.attempts ?? null,
    dueAt: failure?.dueAt ?? null,
    error: failure === null ? null : `${failure.error.type}: ${failure.error.message}`,
    fingerprint: failure?.error.fingerprint ?? null,
  }
}

export function missedOf(row: MissingEvent | null, heldByWatch: string | null = null): Missed | null {
  if (row === null) return null
  const time = (timeMs: number | null): Date | null => (timeMs === null ? null : new Date(timeMs))
  return {
    state: row.state,
    cause: row.cause,
    evidence: row.evidence,
    suspectedAt: new Date(row.suspectedMs),
    confirmedAt: time(row.confirmedMs),
    resends: row.attempts,
    dueAt: row.state === 'missing' ? time(row.dueMs) : null,
    error: row.error,
    requestedAt: time(row.requestedMs),
    settledAt: time(row.settled?.atMs ?? null),
    settledBy: row.settled?.by ?? null,
    heldBy: heldByWatch,
  }
}
