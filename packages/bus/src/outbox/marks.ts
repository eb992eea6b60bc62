import type { Logger } from '../logger.ts'
import { SingleFlight } from '../single-flight.ts'
import type { OutboxStore, Reschedule } from '../store/store.ts'

export interface MarksOptions {
  readonly outbox: Pick<OutboxStore, 'confirm' | 'reschedule'>
  readonly logger: Logger
  /** These are settled in the store now. */
  readonly onMarked: (ids: readonly string[]) => void
}

const STORE_RETRY_MS = 500

/**
 * Writes into the store what the broker has answered: beside the publishing, one statement for all that came since the
 * last. What cannot be written is kept and written later.
 */
export class Marks {
  readonly #options: MarksOptions
  readonly #writing = new SingleFlight(() => this.#write())
  #confirmed: string[] = []
  #rescheduled: Reschedule[] = []
  #retryTimer: NodeJS.Timeout | null = null

  constructor(options: MarksOptions) {
    this.#options = options
  }

  confirm(id: string): void {
    this.#confirmed.push(id)
    this.#writeSoon()
  }

  reschedule(change: Reschedule): void {
    this.#rescheduled.push(change)
    this.#writeSoon()
  }

  /** Resolves when what was answered so far is written, or has failed to be. */
  async flush(): Promise<void> {
    await this.#writing.run()
  }

  /** What could not be written stays pending and is sent once more: that is what the inbox is for. */
  stop(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer)
  }

  #writeSoon(): void {
    if (this.#retryTimer === null) void this.#writing.run()
  }

  async #write(): Promise<void> {
    const { outbox, logger, onMarked } = this.#options
    const confirmed = this.#confirmed
    const rescheduled = this.#rescheduled
    this.#confirmed = []
    this.#rescheduled = []
    try {
      if (confirmed.length > 0) await outbox.confirm(confirmed)
      onMarked(confirmed.splice(0))
      if (rescheduled.length > 0) await outbox.reschedule(rescheduled)
      onMarked(rescheduled.splice(0).map(({ id }) => id))
    } catch (error) {
      const count = confirmed.length + rescheduled.length
      logger.warn({ error, count }, 'what the broker answered could not be written; trying again')
      this.#confirmed = [...confirmed, ...this.#confirmed]
      this.#rescheduled = [...rescheduled, ...this.#rescheduled]
      this.#retryTimer = setTimeout(() => {
        this.#retryTimer = null
        void this.#writing.run()
      }, STORE_RETRY_MS)
    }
  }
}
