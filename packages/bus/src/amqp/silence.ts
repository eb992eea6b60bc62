import type { Link } from './link.ts'
import { LoopClock } from './loop-clock.ts'

const TICK_MS = 250

/**
 * Ends a link whose node was silent for `idleMs` and then answered no question for as long again. A frozen node sends no
 * FIN, and amqplib's heartbeats notice it only after 20 to 30 s.
 */
export class SilenceWatch {
  readonly #link: Link
  readonly #idleMs: number
  readonly #isAlive: (timeoutMs: number) => Promise<boolean>
  readonly #clock = new LoopClock(TICK_MS)
  #bytesRead = -1
  #changedAtMs = 0
  #isAsking = false

  constructor(link: Link, idleMs: number, isAlive: (timeoutMs: number) => Promise<boolean>) {
    this.#link = link
    this.#idleMs = idleMs
    this.#isAlive = isAlive
  }

  start(): void {
    this.#clock.start(() => this.#look())
  }

  stop(): void {
    this.#clock.stop()
  }

  #look(): void {
    if (this.#link.bytesRead !== this.#bytesRead) this.#heard()
    if (this.#isAsking || this.#clock.nowMs - this.#changedAtMs < this.#idleMs) return
    this.#isAsking = true
    void this.#isAlive(this.#idleMs).then((isAlive) => {
      this.#isAsking = false
      this.#heard()
      if (!isAlive) this.#link.destroy(new Error(`the node was silent for ${2 * this.#idleMs} ms`))
    })
  }

  #heard(): void {
    this.#bytesRead = this.#link.bytesRead
    this.#changedAtMs = this.#clock.nowMs
  }
}
