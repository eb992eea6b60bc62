import { setTimeout as delay } from 'node:timers/promises'
import { ask, askToRollBack } from './client.ts'
import type { Request, Server } from './client.ts'
import { lifeOf } from './lives.ts'
import type { Life, Step } from './lives.ts'
import { seededRandom } from './random.ts'

export interface DriverOptions {
  readonly orders: Server
  readonly products: Server
  readonly count: number
  /** Orders placed per second. */
  readonly rate: number
  readonly rollbackPercent: number
  readonly seed: number
}

/**
 * Beyond these the driver waits, so that customers do not pile up before a service that is away or slow: requests that
 * give up waiting and come again would be all that it is busy with.
 */
const MAX_LIVES = 64
/** Between two steps of one order. */
const MAX_PAUSE_MS = 400

/** The customers: places orders at a steady rate and lives each of them to its end. */
export class Driver {
  placed = 0
  /** Transactions that the services rolled back, as they were asked to. */
  rolledBack = 0
  readonly #options: DriverOptions
  #living = 0
  #failure: Error | null = null

  constructor(options: DriverOptions) {
    this.#options = options
  }

  /** From 0 to 1. */
  get progress(): number {
    return this.placed / this.#options.count
  }

  /** Resolves when every order has had its last step. Throws when a service refuses a request or stays away. */
  async run(): Promise<void> {
    const { count, rate, seed } = this.#options
    const startedAtMs = performance.now()
    const lives: Promise<void>[] = []
    let owedMs = 0
    while (this.placed < count && this.#failure === null) {
      const behindMs = performance.now() - startedAtMs - owedMs - (this.placed * 1000) / rate
      if (behindMs < 0 || this.#living >= MAX_LIVES) {
        // Customers who were kept waiting come later, not all at once.
        if (this.#living >= MAX_LIVES) owedMs += 20
        await delay(Math.min(20, Math.max(1, -behindMs)))
        continue
      }
      const index = this.placed++
      // Each life has dice of its own: how long requests take then changes nothing about what happens.
      const random = seededRandom(seed + index * 7_919)
      this.#living++
      lives.push(
        this.#live(lifeOf(index, random), random)
          .catch((error: unknown) => this.#fail(error))
          .finally(() => this.#living--),
      )
    }
    await Promise.all(lives)
    if (this.#failure !== null) throw this.#failure
  }

  async #live({ orderId, order, steps, productChange }: Life, random: () => number): Promise<void> {
    const { orders, products } = this.#options
    const create = (id: string): Request => ({ method: 'PUT', path: `/orders/${id}`, body: order })
    // An order that nobody places again: its events must never be seen.
    if (this.#isRolledBack(random)) await this.#rollBack(orders, create(`${orderId}-never`))
    await ask(orders, create(orderId))

    if (productChange !== null) {
      const { productId, kind, body } = productChange
      const change: Request = { method: 'PUT', path: `/products/${productId}/${kind}`, body }
      if (this.#isRolledBack(random)) await this.#rollBack(products, change)
      await ask(products, change)
    }
    for (const step of steps) {
      await delay(random() * MAX_PAUSE_MS)
      const request = requestFor(orderId, step)
      if (this.#isRolledBack(random)) await this.#rollBack(orders, request)
      await ask(orders, request)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
  }

  async #rollBack(server: Server, request: Request): Promise<void> {
    if (await askToRollBack(server, request)) this.rolledBack++
  }

  /** So many of the good requests have a bad one in front that `rollbackPercent` of all are bad. */
  #isRolledBack(random: () => number): boolean {
    const { rollbackPercent } = this.#options
    return random() < rollbackPercent / (100 - rollbackPercent)
  }
}

function requestFor(orderId: string, step: Step): Request {
  switch (step) {
    case 'pay':
      return { method: 'POST', path: `/orders/${orderId}/payment` }
    case 'deliver':
      return { method: 'POST', path: `/orders/${orderId}/delivery`, body: { trackingCode: `T-${orderId}` } }
    case 'cancel':
      return { method: 'POST', path: `/orders/${orderId}/cancellation`, body: { reason: 'changed my mind' } }
  }
}
