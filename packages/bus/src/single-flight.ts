/** Runs one call at a time; calls that come meanwhile share one more run after it. */
export class SingleFlight {
  readonly #work: () => Promise<void>
  #current: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  get isBusy(): boolean {
    return this.#current !== null
  }

  run(): Promise<void> {
    if (this.#current === null) {
      this.#current = this.#work().finally(() => {
        this.#current = null
      })
      return this.#current
    }
    this.#next ??= this.#current.then(() => {
      this.#next = null
      return this.run()
    })
    return this.#next
  }

  async idle(): Promise<void> {
    while (this.#current !== null) await this.#current
  }
}
