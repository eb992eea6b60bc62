import type { Endpoint } from './endpoints.ts'

/** Which endpoint is tried next. The one that failed last comes last. */
export class Rotation {
  #order: readonly Endpoint[]

  /** `random` spreads the connections of many processes over the nodes. */
  constructor(endpoints: readonly Endpoint[], order: 'random' | 'given', random: () => number = Math.random) {
    this.#order = order === 'given' ? [...endpoints] : shuffled(endpoints, random)
  }

  get size(): number {
    return this.#order.length
  }

  get first(): Endpoint {
    const [first] = this.#order
    if (first === undefined) throw new RangeError('a rotation needs at least one endpoint')
    return first
  }

  moveToEnd(endpoint: Endpoint): void {
    this.#order = [...this.#order.filter((each) => each !== endpoint), endpoint]
  }
}

function shuffled<T>(values: readonly T[], random: () => number): readonly T[] {
  return values
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value)
}
