interface Kept<Value> {
  readonly value: Promise<Value>
  /** Null while it is being read. */
  readAtMs: number | null
}

/**
 * What is read once for all who ask for it, by a key: also for those who ask while it is being read, and for `maxAgeMs` after. A read
 * that fails is not kept.
 */
export class Shared<Value> {
  readonly #maxAgeMs: number
  readonly #kept = new Map<string, Kept<Value>>()

  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs
  }

  get(key: string, read: () => Promise<Value>): Promise<Value> {
    const nowMs = performance.now()
    for (const [each, { readAtMs }] of this.#kept)
      if (readAtMs !== null && nowMs - readAtMs > this.#maxAgeMs) this.#kept.delete(each)
    const known = this.#kept.get(key)
    if (known !== undefined) return known.value
    const kept: Kept<Value> = { value: read(), readAtMs: null }
    this.#kept.set(key, kept)
    kept.value.then(
      () => (kept.readAtMs = performance.now()),
      () => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key)
      },
    )
    return kept.value
  }

  /** What is kept is read anew; who waits for it already gets it all the same. */
  forget(): void {
    this.#kept.clear()
  }
}
