/** First come, first served. */
export class Mutex {
  #last: Promise<void> = Promise.resolve()

  /** Resolves when all who came before have released, with the function that releases. */
  async acquire(): Promise<() => void> {
    const before = this.#last
    let release!: () => void
    this.#last = new Promise((resolve) => {
      release = resolve
    })
    await before
    return release
  }
}
