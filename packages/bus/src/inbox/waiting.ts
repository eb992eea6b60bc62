export interface Arrived {
  readonly redelivered: boolean
  /** Monotonic. */
  readonly arrivedAtMs: number
}

export interface WaitingOptions<T> {
  readonly batchSize: number
  /** Batches that run at the same time. */
  readonly concurrency: number
  /**
   * What only one batch at a time may hold; null for an item that may run beside all others. Left out: every item may. Two batches with
   * events of one ordered entity would wait for each other's locks, and with many of them hardly ever run side by side.
   */
  readonly exclusive?: ((item: T) => string | null) | undefined
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
 *   messages that have waited for GATHER_MS; what a running batch excludes waits for its end;
 * - single: of a batch whose transaction failed as a whole, one by one, to find the one that is to blame;
 * - redelivered, and of these the suspects.
 */
export class Waiting<T extends Arrived> {
  readonly #options: WaitingOptions<T>
  /** Held by batches that run. */
  readonly #held = new Set<string>()
  #fast: T[] = []
  #single: T[] = []
  #redelivered: T[] = []
  #suspects: T[] = []

  constructor(options: WaitingOptions<T>) {
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

  /** The next batch while `running` others run, to be given to ended(); empty when none may begin now. */
  next(running: number, nowMs: number): readonly T[] {
    const { batchSize, concurrency } = this.#options
    if (running >= concurrency) return []
    const [single] = this.#free(this.#single, 1)
    if (single !== undefined) {
      this.#single = this.#hold([single], this.#single)
      return [single]
    }
    const free = this.#free(this.#fast, batchSize)
    const mayBegin = running === 0 || free.length >= batchSize || gatheredIn(free[0], nowMs) === 0
    if (!mayBegin || free.length === 0) return []
    this.#fast = this.#hold(free, this.#fast)
    return free
  }

  /** A batch of next() has ended, and no longer excludes anything. */
  ended(batch: readonly T[]): void {
    for (const key of this.#keysOf(batch)) this.#held.delete(key)
  }

  /** Milliseconds until the oldest that may run has waited long enough for a batch of its own; null when none waits. */
  gatheredInMs(nowMs: number): number | null {
    return gatheredIn(this.#free(this.#fast, 1)[0], nowMs)
  }

  /** The first of these that no running batch excludes. */
  #free(items: readonly T[], limit: number): readonly T[] {
    const { exclusive } = this.#options
    if (exclusive === undefined || this.#held.size === 0) return items.slice(0, limit)
    const free: T[] = []
    for (const item of items) {
      const key = exclusive(item)
      if (key === null || !this.#held.has(key)) free.push(item)
      if (free.length === limit) break
    }
    return free
  }

  /** Excludes what the batch holds, and returns what is left of the items that it was taken from. */
  #hold(batch: readonly T[], from: readonly T[]): T[] {
    for (const key of this.#keysOf(batch)) this.#held.add(key)
    const isBeginning = from[batch.length - 1] === batch.at(-1)
    if (isBeginning) return from.slice(batch.length)
    const taken = new Set(batch)
    return from.filter((item) => !taken.has(item))
  }

  #keysOf(batch: readonly T[]): readonly string[] {
    const { exclusive } = this.#options
    return exclusive === undefined ? [] : batch.map(exclusive).filter((key) => key !== null)
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

function gatheredIn(oldest: Arrived | undefined, nowMs: number): number | null {
  return oldest === undefined ? null : Math.max(0, oldest.arrivedAtMs + GATHER_MS - nowMs)
}
