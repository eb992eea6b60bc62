export interface Backoff {
  /** Upper bound of the first delay. */
  readonly minMs: number
  /** Upper bound of every delay. */
  readonly maxMs: number
}

/**
 * Exponential backoff with full jitter: a random delay up to `minMs`, doubled with each further failed round up to
 * `maxMs`. Full jitter spreads the clients of a restarted broker best; the tenth keeps a lucky one from hammering.
 */
export function backoffMs(backoff: Backoff, failedRounds: number, random: number): number {
  const boundMs = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(Math.max(0, failedRounds - 1), 30))
  return Math.round(boundMs * (0.1 + 0.9 * random))
}
