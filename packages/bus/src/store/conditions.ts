/**
 * A WHERE clause and the values of its placeholders, built up together: filters are never concatenated into a statement.
 */
export class Conditions {
  readonly values: unknown[]
  readonly #conditions: string[] = []

  /** `values` are those of $1 … $n that the statement uses already. */
  constructor(values: readonly unknown[] = []) {
    this.values = [...values]
  }

  /** Adds the condition unless the value is undefined; `@` in it stands for the value. */
  add(condition: string, value: unknown): this {
    if (value !== undefined) this.#conditions.push(condition.replaceAll('@', this.parameter(value)))
    return this
  }

  always(condition: string): this {
    this.#conditions.push(condition)
    return this
  }

  /** Binds a value and returns its placeholder. */
  parameter(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  /** `true` when nothing was added. */
  get text(): string {
    return this.#conditions.length === 0 ? 'true' : this.#conditions.join(' and ')
  }
}
