export interface BudgetOptions {
  /** Share of the live rate that resends may take. */
  readonly share: number
  /** Resends per second that are allowed however little is published. */
  readonly minPerSecond: number
}

/** How many seconds of resends may be saved up. */
const BURST_SECONDS = 5

/** A token bucket for resends. Pure: times are given, in milliseconds of a monotonic clock. */
export class Budget {
  readonly #options: BudgetOptions
  #tokens = 0
  #filledMs: number

  constructor(options: BudgetOptions, nowMs: number) {
    this.#options = options
    this.#filledMs = nowMs
    this.#tokens = options.minPerSecond
  }

  /** Resends per second at this live rate. */
  perSecond(livePerSecond: number): number {
    return Math.max(this.#options.minPerSecond, livePerSecond * this.#options.share)
  }

  /** How many may be sent now, at most `wanted`; they count as sent. */
  take(wanted: number, livePerSecond: number, nowMs: number): number {
    const perSecond = this.perSecond(livePerSecond)
    const filled = this.#tokens + ((nowMs - this.#filledMs) / 1000) * perSecond
    this.#tokens = Math.min(perSecond * BURST_SECONDS, filled)
    this.#filledMs = nowMs
    const taken = Math.min(wanted, Math.floor(this.#tokens))
    this.#tokens -= taken
    return taken
  }

  giveBack(tokens: number): void {
    this.#tokens += tokens
  }
}
