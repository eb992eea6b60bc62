import type { BulkAction, Logger } from '@warren/bus'
import { runBulk } from '@warren/bus/operate'
import type { NamedStore } from '@warren/bus/operate'
import { setTimeout as pause } from 'node:timers/promises'

const SWEEP_MS = 2_000
/** What nobody has gone on with for longer is not begun anew by itself: whoever asked for it may have dealt with it by now. */
const FORGOTTEN_MS = 60 * 60_000

/**
 * Runs the bulk actions that are written down in the stores, those of other processes that have died as well: of several pages on
 * the same stores one runs each.
 */
export class BulkRunner {
  readonly #stores: readonly NamedStore[]
  readonly #logger: Logger
  readonly #running = new Map<string, Promise<void>>()
  readonly #stopped = new AbortController()
  #sweeping: Promise<void> | null = null

  constructor(stores: readonly NamedStore[], logger: Logger) {
    this.#stores = stores
    this.#logger = logger
  }

  start(): void {
    this.#sweeping ??= this.#sweep()
  }

  /** Ends between two chunks. Whoever comes next goes on. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#sweeping
    await Promise.all(this.#running.values())
  }

  /** Does not wait for it. */
  run({ store }: NamedStore, { id }: Pick<BulkAction, 'id'>): void {
    const { signal } = this.#stopped
    if (signal.aborted || this.#running.has(id)) return
    const onError = (error: unknown): void => this.#logger.warn({ error, bulk: id }, 'a chunk of a bulk action failed')
    const run = runBulk(store, id, { signal, onError })
      .catch(onError)
      .then(() => void this.#running.delete(id))
    this.#running.set(id, run)
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      // A store that is away is looked at again, and is missed elsewhere on the page.
      await Promise.all(this.#stores.map((named) => this.#sweepOne(named).catch(() => undefined)))
      await pause(SWEEP_MS, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  async #sweepOne(named: NamedStore): Promise<void> {
    for (const bulk of await named.store.bulk.list({ states: ['running'] })) {
      if (this.#running.has(bulk.id)) continue
      if (Date.now() - bulk.updatedMs < FORGOTTEN_MS) this.run(named, bulk)
      else
        await named.store.bulk.fail(
          bulk.id,
          'the process that ran it has ended, and nobody went on with it for an hour',
        )
    }
  }
}
