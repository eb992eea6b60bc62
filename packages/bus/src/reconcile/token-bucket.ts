/** Lets so many through per second, and saves up a few. Pure: times are given, in milliseconds of a monotonic clock. */
export class TokenBucket {
  readonly #burstSeconds: number
  #tokens: number
  #filledMs: number

  /** `tokens` are there at the start; as many as `burstSeconds` bring may be saved up, and one in any case. */
  constructor(options: { readonly burstSeconds: number; readonly tokens: number }, nowMs: number) {
    this.#burstSeconds = options.burstSeconds
    this.#tokens = options.tokens
    this.#filledMs = nowMs
  }

  /** How many may pass now, at most `wanted`; they count as passed. */
  take(wanted: number, perSecond: number, nowMs: number): number {
    const filled = this.#tokens + ((nowMs - this.#filledMs) / 1000) * perSecond
    this.#tokens = Math.min(Math.max(1, perSecond * this.#burstSeconds), filled)
    this.#filledMs = nowMs
    const taken = Math.min(wanted, Math.floor(this.#tokens))
    this.#tokens -= taken
    return taken
  }

  giveBack(tokens: number): void {
    this.#tokens += tokens
  }
}
