import { matches } from '../catalog/pattern.ts'
import type { EventOrder } from '../envelope/order.ts'
import type { Interest } from '../store/contract/order.ts'
import { isSettled } from '../store/order/position.ts'
import type { Place, Position } from '../store/order/position.ts'

/** An event's place among those of its entity that a subscription gets. */
export interface KnownPlace extends Place {
  /**
   * As `needs`, of events that it is certain to get. One that was published about when the subscription began, as far as two
   * clocks can tell, may have missed it.
   */
  readonly surelyNeeds: number
}

/**
 * - `now`: all that it must wait for is settled.
 * - `wait`: not yet. Looked at again after the delay, or when the event before it is settled.
 * - `passed`: a later event is settled already. To handle it now would break the promise.
 */
export type Turn =
  { readonly kind: 'now' } | { readonly kind: 'wait'; readonly delayMs: number } | { readonly kind: 'passed' }

/** A waiting event is made due by the transaction that settles the one before it. This is for what nobody foresaw. */
export const RECHECK_MS: number = 10 * 60_000

/** How long the first event of an entity waits for one that may have been published before the subscription began. */
export const START_GRACE_MS: number = 10_000

/** The event before this one, by what the subscription wants of those that were published before. */
export function placeOf(order: EventOrder, interests: readonly Interest[], toleranceMs: number): KnownPlace {
  let needs = 0
  let surelyNeeds = 0
  for (const [name, { sequence, atMs }] of order.previous) {
    if (sequence <= surelyNeeds) continue
    const sinceMs = sinceOf(name, interests)
    if (atMs >= sinceMs + toleranceMs) surelyNeeds = sequence
    if (atMs >= sinceMs - toleranceMs) needs = Math.max(needs, sequence)
  }
  return { sequence: order.sequence, needs, surelyNeeds }
}

/** Infinity for what it does not get. */
function sinceOf(name: string, interests: readonly Interest[]): number {
  let since = Infinity
  for (const { pattern, sinceMs } of interests) if (sinceMs < since && matches(pattern, name)) since = sinceMs
  return since
}

/** Decides for an event that has waited for so long. `hasEarlier`: an earlier one of its entity has failed or waits. */
export function decideTurn(
  place: KnownPlace,
  position: Position,
  { waitedMs, hasEarlier }: { readonly waitedMs: number; readonly hasEarlier: boolean },
): Turn {
  if (place.sequence <= position.handled) return { kind: 'passed' }
  if (isSettled(position, place.needs)) return { kind: 'now' }
  if (!isSettled(position, place.surelyNeeds) || hasEarlier) return { kind: 'wait', delayMs: RECHECK_MS }
  return waitedMs < START_GRACE_MS ? { kind: 'wait', delayMs: START_GRACE_MS - waitedMs } : { kind: 'now' }
}
