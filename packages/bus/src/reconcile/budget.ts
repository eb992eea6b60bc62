import { TokenBucket } from './token-bucket.ts'

export interface BudgetOptions {
  /** Share of the live rate that resends may take. */
  readonly share: number
  /** Resends per second that are allowed however little is published. */
  readonly minPerSecond: number
}

/** How many seconds of resends may be saved up. */
const BURST_SECONDS = 5

/** What resends may take beside live traffic. Pure: times are given, in milliseconds of a monotonic clock. */
export class Budget {
  readonly #options: BudgetOptions
  readonly #bucket: TokenBucket

  constructor(options: BudgetOptions, nowMs: number) {
    this.#options = options
    this.#bucket = new TokenBucket({ burstSeconds: BURST_SECONDS, tokens: options.minPerSecond }, nowMs)
  }

  /** Resends per second at this live rate. */
  perSecond(livePerSecond: number): number {
    return Math.max(this.#options.minPerSecond, livePerSecond * this.#options.share)
  }

  /** How many may be sent now, at most `wanted`; they count as sent. */
  take(wanted: number, livePerSecond: number, nowMs: number): number {
    return this.#bucket.take(wanted, this.perSecond(livePerSecond), nowMs)
  }

  giveBack(tokens: number): void {
    this.#bucket.giveBack(tokens)
  }
}
