import type { Delivery } from '../amqp/consumer.ts'

interface Waiter {
  /** All before this one must be settled. */
  readonly before: number
  readonly resolve: (areSettled: boolean) => void
}

/**
 * The deliveries that a subscriber was given and has not settled, in the order in which they came. What waits for all
 * that came before learns whether they were settled (acknowledged, their outcome committed), or whether one of them went back to
 * the queue: then it will come again, and nothing is known of it.
 */
export class InHand {
  readonly #open = new Set<number>()
  #next = 1
  #waiters: Waiter[] = []

  /** The delivery, counted as in hand until it is settled. */
  take(delivery: Delivery): Delivery {
    const sequence = this.#next++
    this.#open.add(sequence)
    return {
      message: delivery.message,
      redelivered: delivery.redelivered,
      deliveryCount: delivery.deliveryCount,
      ack: () => {
        delivery.ack()
        this.#settle(sequence)
      },
      requeue: () => {
        this.#giveBack(sequence)
        delivery.requeue()
      },
      reject: () => {
        this.#giveBack(sequence)
        delivery.reject()
      },
    }
  }

  /** Resolves with true when everything taken so far is settled, with false when something of it was given back. */
  settled(): Promise<boolean> {
    const before = this.#next
    if (!this.#hasOpenBefore(before)) return Promise.resolve(true)
    return new Promise((resolve) => this.#waiters.push({ before, resolve }))
  }

  /** The channel is gone: what was in hand comes again, to this process or another. */
  lose(): void {
    this.#open.clear()
    for (const { resolve } of this.#waiters.splice(0)) resolve(false)
  }

  #settle(sequence: number): void {
    if (!this.#open.delete(sequence) || this.#waiters.length === 0) return
    this.#waiters = this.#waiters.filter(({ before, resolve }) => {
      if (this.#hasOpenBefore(before)) return true
      resolve(true)
      return false
    })
  }

  #giveBack(sequence: number): void {
    if (!this.#open.delete(sequence)) return
    this.#waiters = this.#waiters.filter(({ before, resolve }) => {
      if (sequence >= before) return true
      resolve(false)
      return false
    })
  }

  #hasOpenBefore(sequence: number): boolean {
    // A set keeps the order in which its members came.
    const [oldest] = this.#open
    return oldest !== undefined && oldest < sequence
  }
}
