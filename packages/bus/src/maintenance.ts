import { randomUUID } from 'node:crypto'
import type { Logger } from './logger.ts'
import type { Retention, Store } from './store/store.ts'

const INTERVAL_MS = 60 * 60_000

export interface MaintenanceOptions {
  readonly store: Pick<Store, 'leases' | 'maintain'>
  readonly retention: Retention
  readonly logger: Logger
}

/** Every hour, in one of a service's instances: partitions ahead of time, and retention. */
export class Maintenance {
  readonly #options: MaintenanceOptions
  readonly #owner = randomUUID()
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> = Promise.resolve()

  constructor(options: MaintenanceOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#timer !== null) return
    const run = (): void => {
      this.#round = this.#run()
    }
    this.#timer = setInterval(run, INTERVAL_MS)
    this.#timer.unref()
    run()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#round
  }

  async #run(): Promise<void> {
    const { store, retention, logger } = this.#options
    try {
      // Shorter than the interval, so that the next round is free to be anybody's.
      const held = await store.leases.acquire('maintenance', ['retention'], this.#owner, INTERVAL_MS / 2)
      if (held.length === 0) return
      const report = await store.maintain(retention)
      if (report.created.length + report.removed.length + report.kept.length > 0)
        logger.info(report, 'the store was maintained')
    } catch (error) {
      logger.warn({ error }, 'the store could not be maintained; the next round tries again')
    }
  }
}
