import { WarrenError } from '../errors.ts'

export interface RetryOptions {
  /** How often a handler is tried in all before the message is parked, the first time included. Default 8. */
  readonly attempts?: number
  /** How often it is tried again at once, before the first delay; these count as one attempt. Default 0. */
  readonly immediate?: number
  /** Delay before the second attempt. Default 1,000 ms. */
  readonly delayMs?: number
  /** What the delay is multiplied with after each attempt. Default 3. */
  readonly factor?: number
  /** Longest delay. Default 10 minutes. */
  readonly maxDelayMs?: number
  /** Share of the delay that is random, 0 to 1, so that failures of one moment do not come back in one moment. Default 0.5. */
  readonly jitter?: number
  /** False for errors that no retry can mend; the message is parked at once. Default: true, except for NonRetryableError. */
  readonly isRetryable?: (error: unknown) => boolean
}

export type RetryPolicy = Required<RetryOptions>

/** Thrown by a handler: this message will never succeed, park it at once. */
export class NonRetryableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'NonRetryableError'
  }
}

/** Fills in the defaults. Throws CONFIG_INVALID for values that make no sense. */
export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  const policy: RetryPolicy = {
    attempts: options.attempts ?? 8,
    immediate: options.immediate ?? 0,
    delayMs: options.delayMs ?? 1_000,
    factor: options.factor ?? 3,
    maxDelayMs: options.maxDelayMs ?? 600_000,
    jitter: options.jitter ?? 0.5,
    isRetryable: options.isRetryable ?? (() => true),
  }
  const check = (isValid: boolean, rule: string): void => {
    if (!isValid) throw new WarrenError('CONFIG_INVALID', `retry: ${rule}`, { retry: { ...options } })
  }
  check(Number.isInteger(policy.attempts) && policy.attempts >= 1, 'attempts is a whole number from 1')
  check(Number.isInteger(policy.immediate) && policy.immediate >= 0, 'immediate is a whole number from 0')
  check(policy.delayMs >= 0, 'delayMs is 0 or more')
  check(policy.factor >= 1, 'factor is 1 or more')
  check(policy.maxDelayMs >= policy.delayMs, 'maxDelayMs is delayMs or more')
  check(policy.jitter >= 0 && policy.jitter <= 1, 'jitter is between 0 and 1')
  return policy
}

/** How long to wait after `attempts` failed attempts. */
export function retryDelayMs(policy: RetryPolicy, attempts: number, random: number): number {
  const fullMs = Math.min(policy.maxDelayMs, policy.delayMs * policy.factor ** Math.max(0, attempts - 1))
  return Math.round(fullMs * (1 - policy.jitter * random))
}
