import type { ChannelModel } from 'amqplib'
import { readQueueDepth } from './queue-depth.ts'

export interface QueueWatchOptions {
  readonly model: ChannelModel
  readonly queue: string
  readonly intervalMs: number
  /** The queue is gone, or it is there and, twice in a row, has no consumer. Called once; the watch has ended. */
  readonly onGone: () => void
}

/**
 * Asks now and then whether a queue still has its consumer. The broker tells a consumer when its queue is deleted, but not
 * always: of 16 deletions of a quorum queue on a 3.10 cluster two went unannounced, and that consumer would have waited
 * for ever.
 */
export class QueueWatch {
  readonly #options: QueueWatchOptions
  #timer: NodeJS.Timeout
  #isStopped = false
  #lonely = 0

  constructor(options: QueueWatchOptions) {
    this.#options = options
    this.#timer = this.#askLater()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #askLater(): NodeJS.Timeout {
    return setTimeout(() => void this.#ask(), this.#options.intervalMs).unref()
  }

  async #ask(): Promise<void> {
    const depth = await readQueueDepth(this.#options.model, this.#options.queue)
    if (this.#isStopped) return
    // Once may be a leader that has just been elected and does not know its consumers yet.
    this.#lonely = typeof depth === 'object' && depth.consumerCount === 0 ? this.#lonely + 1 : 0
    if (depth === 'absent' || this.#lonely >= 2) {
      this.stop()
      this.#options.onGone()
    } else this.#timer = this.#askLater()
  }
}
