import type { Logger } from '../logger.ts'
import type { Pause, SubscriptionStore } from '../store/store.ts'

export interface PausingOptions {
  readonly subscription: string
  readonly subscriptions: Pick<SubscriptionStore, 'pauseOf'>
  /** What hands events to the handler. */
  readonly parts: readonly { start(): Promise<void> | void; stop(): Promise<void> }[]
  /** Has the queue and its bindings stand although nobody consumes. False: they cannot be declared now. */
  readonly declare: () => Promise<boolean>
  readonly onChanged: () => void
  readonly logger: Logger
  /** How soon a pause, or its end, is seen. Default 1 s. */
  readonly pollMs?: number | undefined
}

/**
 * Starts what handles events, unless a person has paused the subscription, and looks every second whether that has changed.
 * - `running`: its parts are started. Left when the store says that it is paused: handlers that run finish, what is in hand and not
 *   begun goes back to the queue.
 * - `paused`: its parts are stopped; entered at the start as well. Left when the store says so no more.
 */
export class Pausing {
  readonly #options: PausingOptions
  #pause: Pause | null = null
  #areStarted = false
  #isRunning = false
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> = Promise.resolve()

  constructor(options: PausingOptions) {
    this.#options = options
  }

  /** From when the store has said so, also while handlers still finish; null when it is not paused. */
  get pause(): Pause | null {
    return this.#pause
  }

  /** Rejects as its parts do. */
  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    const { subscription, subscriptions, declare, logger } = this.#options
    this.#pause = await subscriptions.pauseOf(subscription)
    if (this.#pause === null) await this.#startParts()
    else {
      logger.warn(
        { subscription, ...this.#pause },
        'the subscription is paused: it handles nothing until it is resumed',
      )
      await declare()
    }
    this.#lookLater()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#looking
    await this.#stopParts()
  }

  #lookLater(): void {
    if (!this.#isRunning) return
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => this.#lookLater())
    }, this.#options.pollMs ?? 1_000).unref()
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { subscription, subscriptions, onChanged, logger } = this.#options
    try {
      const pause = await subscriptions.pauseOf(subscription)
      if (!this.#isRunning) return
      const isChanged = (pause === null) !== (this.#pause === null)
      this.#pause = pause
      if (isChanged) {
        logger.warn(
          { subscription, ...pause },
          pause === null ? 'the subscription is resumed' : 'the subscription is paused',
        )
        // Before handlers have finished, which may take their time: nobody is to take it for silent.
        onChanged()
      }
      // Also what could not be started the last time.
      if (pause === null) await this.#startParts()
      else await this.#stopParts()
    } catch (error) {
      logger.warn({ subscription, error }, 'whether the subscription is paused could not be told or done; trying again')
    }
  }

  async #startParts(): Promise<void> {
    if (this.#areStarted) return
    this.#areStarted = true
    try {
      for (const part of this.#options.parts) await part.start()
    } catch (error) {
      await this.#stopParts()
      throw error
    }
  }

  async #stopParts(): Promise<void> {
    if (!this.#areStarted) return
    await Promise.all(this.#options.parts.map((part) => part.stop()))
    this.#areStarted = false
  }
}
