import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import type { Sql, Store } from '../store/store.ts'

const FIRST_PING_MS = 200
const MAX_PING_MS = 5_000

export interface StoreOutageOptions<Tx extends Sql> {
  readonly store: Pick<Store<Tx>, 'ping'>
  readonly logger: Logger
  readonly onDown: () => Promise<void>
  readonly onUp: () => Promise<void>
}

/**
 * Stops work while the store is away and starts it again by itself: down with begin(), up when a ping succeeds. Calls of
 * begin() while it is down change nothing.
 */
export class StoreOutage {
  readonly #options: StoreOutageOptions<Sql>
  #timer: NodeJS.Timeout | null = null
  #isDown = false
  #isStopped = false
  readonly #over: Signal = new Signal()

  constructor(options: StoreOutageOptions<Sql>) {
    this.#options = options
  }

  get isDown(): boolean {
    return this.#isDown
  }

  /** Also after stop(): what was away then is asked anew. */
  start(): void {
    this.#isStopped = false
    this.#isDown = false
  }

  begin(error: unknown): void {
    if (this.#isDown || this.#isStopped) return
    this.#isDown = true
    this.#options.logger.error({ error }, 'the store is away; consuming stops until it is back')
    const onDown = this.#options.onDown().catch((pauseError: unknown) => {
      this.#options.logger.warn({ error: pauseError }, 'the consumer could not be paused; its channel is gone')
    })
    void onDown.then(() => this.#pingIn(FIRST_PING_MS))
  }

  /** Resolves when the store is back, at once when it is not away; also with stop(). */
  async over(): Promise<void> {
    if (this.#isDown && !this.#isStopped) await this.#over.next()
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#over.emit()
  }

  #pingIn(delayMs: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#options.store.ping().then(
        () => {
          if (this.#isStopped) return
          this.#isDown = false
          this.#options.logger.info({}, 'the store is back; consuming goes on')
          this.#over.emit()
          void this.#options.onUp()
        },
        () => this.#pingIn(Math.min(delayMs * 2, MAX_PING_MS)),
      )
    }, delayMs)
  }
}
