import { sqlState } from './sqlstate.ts'

/** As pgJDBC and psycopg do: what ran five times will run again. */
const USES_BEFORE_PREPARING = 5
/** Each connection keeps its prepared statements for good. */
const MAX_PREPARED = 100
const MAX_REMEMBERED = 1_000

/**
 * Decides which statements of a service's handlers are prepared: parsing and planning an INSERT takes PostgreSQL as long
 * as running it. Only plain INSERTs, because for them nothing can go stale: there is one plan, and no result whose columns
 * could change. What still can, the type of a parameter after ALTER TABLE, shows as an error, and then it is not prepared
 * any more.
 */
export class Preparation {
  readonly #nameOf: (text: string) => string
  readonly #uses = new Map<string, number>()
  readonly #names = new Map<string, string>()
  readonly #refused = new Set<string>()

  constructor(nameOf: (text: string) => string) {
    this.#nameOf = nameOf
  }

  /** Counts a use; the name under which the statement is prepared, once that is worthwhile. */
  use(text: string): string | undefined {
    const name = this.#names.get(text)
    if (name !== undefined) return name
    const uses = (this.#uses.get(text) ?? this.#firstUse(text)) + 1
    this.#uses.set(text, uses)
    if (uses < USES_BEFORE_PREPARING || this.#names.size >= MAX_PREPARED) return undefined
    this.#names.set(text, this.#nameOf(text))
    return this.#names.get(text)
  }

  /** A prepared statement failed. Data exceptions and unknown objects may come from what it was prepared against. */
  failed(text: string, error: unknown): void {
    if (!/^(0A|22|42)/.test(sqlState(error) ?? '') || !this.#names.delete(text)) return
    this.#uses.delete(text)
    if (this.#refused.size < MAX_REMEMBERED) this.#refused.add(text)
  }

  #firstUse(text: string): number {
    if (this.#uses.size >= MAX_REMEMBERED) this.#uses.clear()
    return isPlainInsert(text) && !this.#refused.has(text) ? 0 : -Infinity
  }
}

function isPlainInsert(text: string): boolean {
  return /^\s*insert\s+into\b/i.test(text) && !/\b(select|returning|with)\b/i.test(text)
}
