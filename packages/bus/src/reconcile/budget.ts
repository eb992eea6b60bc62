import type { ProofStore } from '../store/contract/reconciliation.ts'
import { TokenBucket } from './token-bucket.ts'

export interface BudgetOptions {
  /** Share of the live rate that resends may take. */
  readonly share: number
  /** Resends per second that are allowed however little is published. */
  readonly minPerSecond: number
}

/** How many seconds of resends may be saved up. */
const BURST_SECONDS = 5
const RATE_WINDOW_MS = 5 * 60_000

/** What resends may take beside live traffic, per second. */
export function allowedPerSecond({ share, minPerSecond }: BudgetOptions, livePerSecond: number): number {
  return Math.max(minPerSecond, livePerSecond * share)
}

/** Lets through what is allowed. `nowMs` is of a monotonic clock. */
export function budgetBucket({ minPerSecond }: BudgetOptions, nowMs: number): TokenBucket {
  return new TokenBucket({ burstSeconds: BURST_SECONDS, tokens: minPerSecond }, nowMs)
}

/** What was published for the subscription that takes most of it, in the last five minutes. `nowMs` is of the store. */
export async function livePerSecond(proof: Pick<ProofStore, 'comparedSince'>, nowMs: number): Promise<number> {
  return (await proof.comparedSince(null, nowMs - RATE_WINDOW_MS)) / (RATE_WINDOW_MS / 1_000)
}
