import { isWarrenError, WarrenError } from './errors.ts'
import type { Logger } from './logger.ts'
import type { LeaseStore } from './store/store.ts'

const GROUP = 'service'
const NAME = 'store'
const LEASE_MS = 60_000

export interface StoreOwnerOptions {
  readonly leases: LeaseStore
  readonly service: string
  readonly logger: Logger
}

/**
 * Keeps a store to one service, whose instances share one lease by its name. The relay of another service would send this
 * one's events, to exchanges that it has not declared. A lease and no lasting mark, so that a service may be renamed; and
 * asked for once in 20 s, so that claiming events does not look at whose they are.
 */
export class StoreOwner {
  readonly #options: StoreOwnerOptions
  #timer: NodeJS.Timeout | null = null

  constructor(options: StoreOwnerOptions) {
    this.#options = options
  }

  /** Throws STORE_SHARED when the store is another service's. */
  async start(): Promise<void> {
    if (this.#timer !== null) return
    await this.#renew()
    this.#timer = setInterval(() => {
      this.#renew().catch((error: unknown) => {
        // A store that is away is told of by those who work with it.
        if (isWarrenError(error, 'STORE_SHARED'))
          this.#options.logger.error({ error }, 'the store has a second service')
      })
    }, LEASE_MS / 3)
    this.#timer.unref()
  }

  /** The lease runs out by itself: other instances of the service may live. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  async #renew(): Promise<void> {
    const { leases, service } = this.#options
    if ((await leases.acquire(GROUP, [NAME], service, LEASE_MS)).length > 0) return
    const owner = (await leases.list(GROUP)).find(({ name }) => name === NAME)?.owner ?? 'another service'
    throw new WarrenError(
      'STORE_SHARED',
      `the store belongs to the service "${owner}", so "${service}" needs one of its own: another schema, or another file. If it was called "${owner}" before, stop the old instances and try again after ${LEASE_MS / 1_000} s`,
      { owner, service },
    )
  }
}
