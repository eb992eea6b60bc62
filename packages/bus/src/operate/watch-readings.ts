import type { TimeRange } from '../store/contract/reconciliation.ts'
import type { NamedStore } from './named-store.ts'

/** By name. */
export type Counts = ReadonlyMap<string, number>

/** What one store has in one step: of its ledger, or of the inbox of one subscription. */
export interface ReadingKey {
  readonly store: NamedStore
  /** Null: of the ledger. */
  readonly subscription: string | null
  readonly step: TimeRange
}

interface Reading {
  readonly counts: Counts
  readonly readMs: number
  usedMs: number
  /** All that was published in it is there. */
  isSettled: boolean
}

const LEAST_GOOD_FOR_MS = 1_500
/** The part of a step's age for which its count is good: what has changed long after is seen long after, and costs next to nothing. */
const AGE_SHARE = 1 / 20
const UNSETTLED_GOOD_FOR_MS = 15_000
const SETTLED_GOOD_FOR_MS = 60 * 60_000
const FORGOTTEN_MS = 10 * 60_000

/** Remembers what steps count, and reads what is not known or too old, within a budget of time. */
export class Readings {
  readonly #clockMs: () => number
  readonly #known = new Map<string, Reading>()

  constructor(clockMs: () => number) {
    this.#clockMs = clockMs
  }

  find(key: ReadingKey): Counts | null {
    const reading = this.#known.get(textOf(key))
    if (reading === undefined) return null
    reading.usedMs = this.#clockMs()
    return reading.counts
  }

  settle(key: ReadingKey, isSettled: boolean): void {
    const reading = this.#known.get(textOf(key))
    if (reading !== undefined) reading.isSettled = isSettled
  }

  /** Unknown ones first, as they are given; then those that are too old, the oldest first. Stops at `untilMs` of the clock. */
  async read(keys: readonly ReadingKey[], nowMs: number, untilMs: number): Promise<void> {
    const unknown = keys.filter((key) => !this.#known.has(textOf(key)))
    const stale = keys
      .map((key) => ({ key, reading: this.#known.get(textOf(key)) }))
      .filter(({ key, reading }) => reading !== undefined && this.#isStale(key, reading, nowMs))
      .sort((a, b) => (a.reading?.readMs ?? 0) - (b.reading?.readMs ?? 0))
    for (const key of [...unknown, ...stale.map((each) => each.key)]) {
      if (this.#clockMs() >= untilMs) return
      const counts = await countsOf(key)
      const readMs = this.#clockMs()
      // A ledger does not change when nothing is added to it; an inbox may be waited for.
      this.#known.set(textOf(key), { counts, readMs, usedMs: readMs, isSettled: key.subscription === null })
    }
  }

  forgetUnused(): void {
    const beforeMs = this.#clockMs() - FORGOTTEN_MS
    for (const [key, { usedMs }] of this.#known) if (usedMs < beforeMs) this.#known.delete(key)
  }

  #isStale({ step }: ReadingKey, { readMs, isSettled }: Reading, nowMs: number): boolean {
    const mostMs = isSettled ? SETTLED_GOOD_FOR_MS : UNSETTLED_GOOD_FOR_MS
    const goodForMs = Math.max(LEAST_GOOD_FOR_MS, Math.min(mostMs, (nowMs - step.toMs) * AGE_SHARE))
    return this.#clockMs() - readMs > goodForMs
  }
}

function textOf({ store, subscription, step }: ReadingKey): string {
  // No name of a subscription has a space.
  return `${step.fromMs} ${step.toMs} ${subscription ?? ''} ${store.label}`
}

function countsOf({ store: { store }, subscription, step }: ReadingKey): Promise<Counts> {
  return subscription === null
    ? store.reconciliation.backfill.count(step)
    : store.watches.reads.received(subscription, step)
}
