import { isWarrenError } from '../errors.ts'
import { NonRetryableError, retryDelayMs } from './retry-policy.ts'
import type { RetryPolicy } from './retry-policy.ts'

/** What becomes of a message whose handler failed. */
export type Outcome = { readonly kind: 'retry'; readonly delayMs: number } | { readonly kind: 'park' }

/** Errors that mean the message itself is wrong: trying again changes nothing. */
const parkedAtOnce = new Set([
  'EVENT_INVALID',
  'EVENT_UNKNOWN',
  'MESSAGE_INVALID',
  'MESSAGE_TOO_OLD',
  'HANDLER_CRASHED',
  'DEAD_LETTERED',
  'ORDER_PASSED',
])

/** Decides after `attempts` failed attempts, the one that threw `error` included. */
export function decideOutcome(error: unknown, attempts: number, policy: RetryPolicy, random: number): Outcome {
  if (isWarrenError(error) && parkedAtOnce.has(error.code)) return { kind: 'park' }
  if (error instanceof NonRetryableError || !policy.isRetryable(error)) return { kind: 'park' }
  if (attempts >= policy.attempts) return { kind: 'park' }
  return { kind: 'retry', delayMs: retryDelayMs(policy, attempts, random) }
}
