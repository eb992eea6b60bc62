import { uuidTime } from '../envelope/uuid.ts'
import type { MissingEvent, MissingState, Period, RegisteredSubscription } from '../store/contract/reconciliation.ts'
import type { InboxEntry, InboxStatus, SentState } from '../store/store.ts'
import { expectations } from './expectation.ts'

/**
 * Whether a subscription wanted an event at its time.
 * - `yes`: it did, and for as long before and after as clocks may differ.
 * - `near-change`: it did, but its patterns changed at about that time: the event may have come, and is never called missing.
 * - `no-period`: it did not listen yet, or no more.
 * - `no-pattern`: it listened, to other names.
 */
export type Interest = 'yes' | 'near-change' | 'no-period' | 'no-pattern'

export function interestIn(
  periods: readonly Period[],
  event: { readonly id: string; readonly name: string },
  toleranceMs: number,
): Interest {
  const fromMs = uuidTime(event.id)?.getTime() ?? 0
  const wants = (aroundMs: number): boolean =>
    expectations(periodsUntil(periods, fromMs + aroundMs), { fromMs, toMs: fromMs + 1 }, aroundMs).every(
      ({ expects }) => expects(event.name),
    )
  if (wants(toleranceMs)) return 'yes'
  if (wants(0)) return 'near-change'
  const isListening = periods.some((period) => period.fromMs <= fromMs && (period.toMs ?? Infinity) > fromMs)
  return isListening ? 'no-pattern' : 'no-period'
}

/** The periods as they were known then: what has changed since does not change what was wanted. */
function periodsUntil(periods: readonly Period[], timeMs: number): readonly Period[] {
  return periods
    .filter((period) => period.fromMs <= timeMs)
    .map((period) => (period.toMs !== null && period.toMs > timeMs ? { ...period, toMs: null } : period))
}

/**
 * What became of one event at one subscription.
 * - an InboxStatus: its store was looked into and says so.
 * - a MissingState: it was not there when it was asked for; `recovered` has come since.
 * - `received`: the subscription proved it, by the digest of its minute. What its handler made of it is in its store.
 * - `in-flight`: sent, and no barrier behind it was answered yet.
 * - `unsent`: it waits in the publisher's outbox.
 * - `no-inbox`: sent, and nobody can say more of a subscription without an inbox.
 * - `not-compared`: sent near a change of the patterns, or before the subscription was retired: it is not asked for.
 * - `not-expected`: the subscription did not want it at that time.
 */
export type DeliveryState =
  InboxStatus | MissingState | 'received' | 'in-flight' | 'unsent' | 'no-inbox' | 'not-compared' | 'not-expected'

export interface DeliveryFacts {
  readonly event: { readonly id: string; readonly name: string; readonly state: SentState }
  readonly subscription: Pick<RegisteredSubscription, 'periods' | 'hasInbox' | 'retired'>
  /** Of the subscriber's store; null when it has no row, or was not looked into. */
  readonly received: Pick<InboxEntry, 'status'> | null
  /** Of the publisher's store. */
  readonly missing: Pick<MissingEvent, 'state'> | null
  /** ProofStore.provenAt() names the subscription. */
  readonly isProven: boolean
  readonly toleranceMs: number
}

/** What a store says comes first, then what is missing, then what can be concluded. */
export function deliveryOf(facts: DeliveryFacts): { readonly state: DeliveryState; readonly interest: Interest } {
  const { event, subscription, received, missing, isProven, toleranceMs } = facts
  const interest = interestIn(subscription.periods, event, toleranceMs)
  return { interest, state: stateOf() }

  function stateOf(): DeliveryState {
    if (received !== null) return received.status
    if (missing !== null) return missing.state
    if (interest === 'no-period' || interest === 'no-pattern') return 'not-expected'
    if (event.state !== 'sent') return 'unsent'
    if (!subscription.hasInbox) return 'no-inbox'
    if (interest === 'near-change') return 'not-compared'
    if (isProven) return 'received'
    return subscription.retired === null ? 'in-flight' : 'not-compared'
  }
}
