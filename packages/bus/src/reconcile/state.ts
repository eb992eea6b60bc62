import type { Proof, RegisteredSubscription } from '../store/contract/reconciliation.ts'

/** Three announcements (`announceMs`, 20 s by default) were not heard. */
export const SILENT_AFTER_MS = 60_000
/**
 * A barrier that waits for so long waits behind a backlog: in an empty queue it is answered within a second, and by one of
 * several instances when the others have told twice what they have settled (`reportMs`, 5 s by default).
 */
export const LAGGING_AFTER_MS = 15_000
/** The proof stands still: five rounds (`intervalMs`, 30 s by default) have not moved it. */
export const BEHIND_AFTER_MS = 150_000

/**
 * How one subscription stands with a publisher; of several that hold, the first of this list.
 * - `retired`: a person ended its interest; nothing is expected of it. Left when it announces itself again.
 * - `unproven`: it keeps no inbox, so that nothing can be proved of it.
 * - `paused`: a person has stopped it; its events wait. Left when somebody resumes it.
 * - `missing`: it did not receive events, and a second barrier has confirmed that. Left when they have come, or are waived.
 * - `silent`: no announcement was heard for SILENT_AFTER_MS: no process of it runs, or its bindings do not stand.
 * - `lagging`: a barrier waits in its queue for LAGGING_AFTER_MS, or the proof ends BEHIND_AFTER_MS ago. Nothing is missing
 *   because of that.
 * - `proven`: everything that was published for it and sent before `throughMs` was received.
 */
export type SubscriptionState = 'retired' | 'unproven' | 'paused' | 'missing' | 'silent' | 'lagging' | 'proven'

/** What somebody has to look at. Lag is none: it ends by itself. */
export type SubscriptionProblem = 'missing' | 'ghosts' | 'silent' | 'breaker-open'

export interface SubscriptionStatus {
  readonly state: SubscriptionState
  /**
   * When it was retired, or paused; when a silent one was heard last; since when the barrier of a lagging one waits, or where its proof ends;
   * null for the other states.
   */
  readonly sinceMs: number | null
  /** Confirmed, those that are no longer resent included. */
  readonly missing: number
  /** Not only what gave the state its name. */
  readonly problems: readonly SubscriptionProblem[]
}

/** Reads what a publisher's store knows of a subscription. `nowMs` is the time of that store. */
export function statusOf(subscription: RegisteredSubscription, proof: Proof, nowMs: number): SubscriptionStatus {
  const missing = proof.counts.missing + proof.counts['gave-up']
  if (subscription.retired !== null)
    return { state: 'retired', sinceMs: subscription.retired.atMs, missing, problems: [] }

  const isSilent = nowMs - subscription.lastSeenMs > SILENT_AFTER_MS
  const problems: SubscriptionProblem[] = [
    ...(missing > 0 ? ['missing' as const] : []),
    ...(proof.ghosts > 0 ? ['ghosts' as const] : []),
    ...(isSilent ? ['silent' as const] : []),
    ...(proof.breaker === null ? [] : ['breaker-open' as const]),
  ]
  if (!subscription.hasInbox) return { state: 'unproven', sinceMs: null, missing, problems }
  if (subscription.paused !== null) return { state: 'paused', sinceMs: subscription.paused.atMs, missing, problems }
  if (missing > 0) return { state: 'missing', sinceMs: null, missing, problems }
  if (isSilent) return { state: 'silent', sinceMs: subscription.lastSeenMs, missing, problems }
  const lagSinceMs = lagSince(proof, nowMs)
  return lagSinceMs === null
    ? { state: 'proven', sinceMs: null, missing, problems }
    : { state: 'lagging', sinceMs: lagSinceMs, missing, problems }
}

function lagSince({ waitingSinceMs, throughMs }: Proof, nowMs: number): number | null {
  if (waitingSinceMs !== null && nowMs - waitingSinceMs > LAGGING_AFTER_MS) return waitingSinceMs
  return nowMs - throughMs > BEHIND_AFTER_MS ? throughMs : null
}
