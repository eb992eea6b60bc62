/**
 * Calls `send` at a steady rate whether or not what it did before is done, as customers do: a system that stalls gets
 * no rest, and the wait shows in the latencies.
 */
export class OpenLoop {
  readonly #ratePerSecond: number
  readonly #send: () => void
  #timer: NodeJS.Timeout | null = null
  #startedAtMs = 0
  #sent = 0

  constructor(ratePerSecond: number, send: () => void) {
    this.#ratePerSecond = ratePerSecond
    this.#send = send
  }

  get sent(): number {
    return this.#sent
  }

  start(): void {
    this.#startedAtMs = performance.now()
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - this.#startedAtMs) * this.#ratePerSecond) / 1000)
      while (this.#sent < due) {
        this.#sent++
        this.#send()
      }
    }, 1)
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** Sends for so long, and returns how many it were. */
  async runFor(ms: number): Promise<number> {
    this.start()
    await new Promise((resolve) => setTimeout(resolve, ms))
    this.stop()
    return this.#sent
  }
}
