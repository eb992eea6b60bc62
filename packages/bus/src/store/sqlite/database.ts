import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'

import { namedValues } from './values.ts'

/** Statements of Warren and of a service's handlers; texts made anew for each call push the others out. */
const MAX_STATEMENTS = 256

/** One connection to the file, with its prepared statements. */
export class Database {
  readonly raw: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string) {
    this.raw = new DatabaseSync(path, {
      enableForeignKeyConstraints: true,
      // SQLite waits for locks by blocking the event loop; longer waits are ours, between which others can run.
      timeout: BLOCKING_WAIT_MS,
    })
    this.raw.aggregate('warren_xor', xorOfIds)
  }

  all<Row>(text: string, values: readonly unknown[] = []): Row[] {
    return this.#prepare(text).all(namedValues(values)) as Row[]
  }

  exec(text: string): void {
    this.raw.exec(text)
  }

  close(): void {
    this.#statements.clear()
    if (this.raw.isOpen) this.raw.close()
  }

  #prepare(text: string): StatementSync {
    let statement = this.#statements.get(text)
    if (statement === undefined) {
      statement = this.raw.prepare(text)
      if (this.#statements.size >= MAX_STATEMENTS) {
        const [oldest] = this.#statements.keys()
        if (oldest !== undefined) this.#statements.delete(oldest)
      }
    } else this.#statements.delete(text)
    // Put at the end: the front is what was not used for longest.
    this.#statements.set(text, statement)
    return statement
  }
}

const BLOCKING_WAIT_MS = 5

const HALF = 2 ** 24

/** Xor of the last 48 bits of UUIDs, as hexadecimal; in two halves, because bits of numbers are counted to 32. */
const xorOfIds = {
  start: 0,
  step: (value: number, id: unknown): number => {
    const text = String(id)
    const high = Math.floor(value / HALF) ^ Number.parseInt(text.slice(-12, -6), 16)
    return high * HALF + ((value % HALF) ^ Number.parseInt(text.slice(-6), 16))
  },
  result: (value: number): string => value.toString(16),
}
