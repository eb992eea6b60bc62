/**
 * What was sent on one channel and is not yet confirmed, by its delivery tag, which the broker counts as we do: 1 for the
 * first message of the channel. Oldest first.
 */
export class Window<T> {
  #nextTag = 1
  readonly #entries = new Map<number, T>()

  get size(): number {
    return this.#entries.size
  }

  /** The tag of the next message that is sent. */
  get nextTag(): number {
    return this.#nextTag
  }

  add(entry: T): void {
    this.#entries.set(this.#nextTag++, entry)
  }

  get(tag: number): T | undefined {
    return this.#entries.get(tag)
  }

  oldest(): T | undefined {
    return this.#entries.values().next().value
  }

  /** Takes out the entry with this tag, or with `multiple` every entry up to it, and hands each to `settle`. */
  settle(tag: number, multiple: boolean, settle: (entry: T) => void): void {
    if (!multiple) {
      const entry = this.#entries.get(tag)
      if (this.#entries.delete(tag) && entry !== undefined) settle(entry)
      return
    }
    for (const [each, entry] of this.#entries) {
      if (each > tag) return
      this.#entries.delete(each)
      settle(entry)
    }
  }

  /** Takes out the oldest entries for as long as `isDue`. */
  takeWhile(isDue: (entry: T) => boolean): readonly T[] {
    const taken: T[] = []
    for (const [tag, entry] of this.#entries) {
      if (!isDue(entry)) break
      this.#entries.delete(tag)
      taken.push(entry)
    }
    return taken
  }
}
