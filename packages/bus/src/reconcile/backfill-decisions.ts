import type { PublishOutcome } from '../amqp/publisher.ts'
import type { QueueDepth } from '../amqp/queue-depth.ts'
import { resendError } from '../outbox/resend.ts'
import type { BackfillHold } from '../store/contract/backfill.ts'
import type { EventKey } from '../store/contract/reconciliation.ts'

export interface BackfillLimits {
  /** Events per second, of all backfills that have no rate of their own. */
  readonly perSecond: number
  /**
   * Nothing is sent while more messages than this are ready in the subscription's queue: what is ready there is beyond the
   * prefetch of its consumers, so that a live event would already wait.
   */
  readonly maxReady: number
  /** Nothing is sent while an event has waited for its first sending for longer than this. */
  readonly maxUnsentMs: number
}

export interface HoldFacts {
  readonly queue: string
  readonly isReady: boolean
  readonly depth: QueueDepth | 'absent' | 'unknown'
  /** Age of the oldest event that waits for its first sending; null when none waits. */
  readonly unsentMs: number | null
}

export interface Hold {
  readonly by: BackfillHold
  readonly error: string | null
}

/** Decides whether a backfill gives way, and to what; null when it may go on. */
export function decideHold({ queue, isReady, depth, unsentMs }: HoldFacts, limits: BackfillLimits): Hold | null {
  if (!isReady || depth === 'unknown') return { by: 'broker', error: null }
  if (depth === 'absent') return { by: 'broker', error: `the queue "${queue}" is not there` }
  if (unsentMs !== null && unsentMs > limits.maxUnsentMs) return { by: 'relay', error: null }
  return depth.messageCount > limits.maxReady ? { by: 'queue', error: null } : null
}

export type BatchResult =
  | { readonly kind: 'confirmed' }
  /** Worth another try. */
  | { readonly kind: 'unconfirmed'; readonly error: string }
  /** Another try would end the same. */
  | { readonly kind: 'refused'; readonly error: string }

/**
 * How far the cursor may move: over all that are confirmed before the first that is not. Those behind it are sent again,
 * for a cursor remembers one place alone.
 */
export function confirmedPrefix(
  events: readonly EventKey[],
  outcomes: readonly PublishOutcome[],
): { readonly cursor: string | null; readonly confirmed: number; readonly result: BatchResult } {
  for (const [index, event] of events.entries()) {
    const outcome = outcomes[index]
    const error = outcome === undefined ? 'it was not sent' : resendError(outcome)
    if (error === null) continue
    const kind = outcome?.kind === 'refused' ? 'refused' : 'unconfirmed'
    return {
      cursor: events[index - 1]?.id ?? null,
      confirmed: index,
      result: { kind, error: `${event.name} ${event.id}: ${error}` },
    }
  }
  return { cursor: events.at(-1)?.id ?? null, confirmed: events.length, result: { kind: 'confirmed' } }
}
