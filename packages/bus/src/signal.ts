/**
 * A point in time that others can wait for: tests await `next()` instead of sleeping, the relay wakes on it.
 * Nothing is buffered: `next()` sees only what is emitted after the call.
 */
export class Signal<T = void> {
  #waiting: ((value: T) => void)[] = []
  readonly #listeners = new Set<(value: T) => void>()

  emit(value: T): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve(value)
    for (const listener of [...this.#listeners]) listener(value)
  }

  /** Resolves with the next emitted value. */
  next(): Promise<T> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Calls the listener for each value until the returned function is called. */
  on(listener: (value: T) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
