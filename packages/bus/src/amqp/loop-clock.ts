/**
 * A clock that stands still while the event loop does: what waits for an answer may not blame the other side for time in
 * which this process was blocked, stopped or asleep and could not have read the answer.
 *
 * `nowMs` advances with each tick, by the time that passed but by two ticks at most.
 */
export class LoopClock {
  readonly tickMs: number
  #nowMs = 0
  #lastTick = 0
  #timer: NodeJS.Timeout | null = null

  constructor(tickMs: number) {
    this.tickMs = tickMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Calls `onTick` every `tickMs` until stop(). Does not keep the process alive. */
  start(onTick: () => void): void {
    if (this.#timer !== null) return
    this.#lastTick = performance.now()
    this.#timer = setInterval(() => {
      const now = performance.now()
      this.#nowMs += Math.min(now - this.#lastTick, 2 * this.tickMs)
      this.#lastTick = now
      onTick()
    }, this.tickMs)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}
