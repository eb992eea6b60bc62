export interface Arrived {
  readonly redelivered: boolean
  /** Monotonic. */
  readonly arrivedAtMs: number
}

export interface WaitingOptions {
  readonly batchSize: number
  /** Batches that run at the same time. */
  readonly concurrency: number
}

export type CarefulWork<T> =
  /** Redelivered, and not known to have taken the process down. */
  | { readonly kind: 'batch'; readonly items: readonly T[] }
  /** Redelivered more than once: to be started alone, so that a crash is counted for it and for no other. */
  | { readonly kind: 'suspect'; readonly item: T }

/**
 * How long a message that came alone waits for others while a batch runs: with many messages a second they share a
 * transaction, which costs as much as one message does, and with few, and slow handlers, nobody notices.
 */
export const GATHER_MS = 5

/**
 * The deliveries of one subscription that are not being handled yet, and which of them come next. Pure: times are given.
 * - fast: came for the first time; several batches at a time, the second and further ones only for a full batch, or for
 *   messages that have waited for GATHER_MS;
 * - single: of a batch whose transaction failed as a whole, one by one, to find the one that is to blame;
 * - redelivered, and of these the suspects.
 */
export class Waiting<T extends Arrived> {
  readonly #options: WaitingOptions
  #fast: T[] = []
  #single: T[] = []
  #redelivered: T[] = []
  #suspects: T[] = []

  constructor(options: WaitingOptions) {
    this.#options = options
  }

  add(item: T): void {
    if (item.redelivered) this.#redelivered.push(item)
    else this.#fast.push(item)
  }

  /** Were begun, and nothing of them has happened: they come first, in the order they had. */
  putBack(items: readonly T[]): void {
    this.#fast.unshift(...items)
  }

  isolate(items: readonly T[]): void {
    this.#single.push(...items)
  }

  suspect(items: readonly T[]): void {
    this.#suspects.push(...items)
  }

  /** The next batch while `running` others run; empty when none may begin now. */
  next(running: number, nowMs: number): readonly T[] {
    const { batchSize, concurrency } = this.#options
    if (running >= concurrency) return []
    if (this.#single.length > 0) return this.#single.splice(0, 1)
    const mayBegin = running === 0 || this.#fast.length >= batchSize || this.gatheredInMs(nowMs) === 0
    return mayBegin ? this.#fast.splice(0, batchSize) : []
  }

  /** Milliseconds until the oldest has waited long enough for a batch of its own; null when none waits. */
  gatheredInMs(nowMs: number): number | null {
    const [oldest] = this.#fast
    return oldest === undefined ? null : Math.max(0, oldest.arrivedAtMs + GATHER_MS - nowMs)
  }

  nextCareful(): CarefulWork<T> | null {
    const item = this.#suspects.shift()
    if (item !== undefined) return { kind: 'suspect', item }
    const items = this.#redelivered.splice(0, this.#options.batchSize)
    return items.length === 0 ? null : { kind: 'batch', items }
  }

  /** Takes out everything. */
  drain(): readonly T[] {
    const all = [...this.#fast, ...this.#single, ...this.#redelivered, ...this.#suspects]
    this.#fast = []
    this.#single = []
    this.#redelivered = []
    this.#suspects = []
    return all
  }
}
