/** What was read is good for some time, for everybody who asks meanwhile; what could not be read is tried again at once. */
export class Recent<Value> {
  readonly #goodForMs: number
  readonly #nowMs: () => number
  readonly #read = new Map<string, { readonly value: Promise<Value>; readonly atMs: number }>()

  constructor(goodForMs: number, nowMs: () => number = Date.now) {
    this.#goodForMs = goodForMs
    this.#nowMs = nowMs
  }

  get(key: string, read: () => Promise<Value>): Promise<Value> {
    const known = this.#read.get(key)
    if (known !== undefined && this.#nowMs() - known.atMs < this.#goodForMs) return known.value
    const value = read()
    const entry = { value, atMs: this.#nowMs() }
    this.#read.set(key, entry)
    value.catch(() => {
      if (this.#read.get(key) === entry) this.#read.delete(key)
    })
    return value
  }
}
