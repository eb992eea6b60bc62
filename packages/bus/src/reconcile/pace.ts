const WINDOW_MS = 10_000

/** Events per second over the last ten seconds. Pure: times are given, in milliseconds of a monotonic clock. */
export class Pace {
  #steps: { readonly atMs: number; readonly events: number }[]

  constructor(nowMs: number) {
    this.#steps = [{ atMs: nowMs, events: 0 }]
  }

  /** Adds events that took from the last call until now, and returns the rate. */
  add(events: number, nowMs: number): number {
    this.#steps.push({ atMs: nowMs, events })
    // What begins the window only says when it began.
    while (this.#steps.length > 2 && (this.#steps[1]?.atMs ?? nowMs) <= nowMs - WINDOW_MS) this.#steps.shift()
    const [first, ...others] = this.#steps
    const tookMs = nowMs - (first?.atMs ?? nowMs)
    const counted = others.reduce((sum, step) => sum + step.events, 0)
    return tookMs <= 0 ? 0 : (counted * 1000) / tookMs
  }
}
