import type { Logger } from '@warren/bus'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * Something that is read again and again while anybody looks at it: once for all of them. Whoever begins to look gets what
 * was read last at once.
 */
export class Live<Value> {
  readonly #read: () => Promise<Value>
  readonly #intervalMs: number
  readonly #logger: Logger
  readonly #watchers = new Set<(value: Value) => void>()
  #last: { readonly value: Value } | null = null
  #loop: Promise<void> | null = null
  readonly #stopped = new AbortController()

  constructor(read: () => Promise<Value>, intervalMs: number, logger: Logger) {
    this.#read = read
    this.#intervalMs = intervalMs
    this.#logger = logger
  }

  /** Returns what ends it. */
  watch(onValue: (value: Value) => void): () => void {
    this.#watchers.add(onValue)
    if (this.#last !== null) onValue(this.#last.value)
    this.#loop ??= this.#run()
    return () => this.#watchers.delete(onValue)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped
    while (this.#watchers.size > 0 && !signal.aborted) {
      try {
        const value = await this.#read()
        this.#last = { value }
        for (const onValue of this.#watchers) onValue(value)
      } catch (error) {
        this.#logger.warn({ error }, 'what is shown live could not be read; trying again')
      }
      await pause(this.#intervalMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
    this.#last = null
    this.#loop = null
  }
}
