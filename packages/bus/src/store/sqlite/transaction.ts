import type { DatabaseSync } from 'node:sqlite'

import { WarrenError } from '../../errors.ts'
import type { Sql } from '../store.ts'
import type { Database } from './database.ts'
import { translated } from './errors.ts'

/**
 * A transaction of a SqliteStore, or a part of one behind a savepoint. Dates in `values` become ISO 8601 text, booleans 1
 * and 0, arrays and objects JSON text. It dies when the work that it was given to has settled.
 */
export class SqliteTx implements Sql {
  /** Ids that this transaction has put into the inbox, by subscription: the only handled ones that it may take back. */
  readonly received: Set<string> = new Set()
  readonly #database: Database
  readonly #path: string
  #isOpen = true

  constructor(database: Database, path: string) {
    this.#database = database
    this.#path = path
  }

  /**
   * The connection itself, for libraries that work on a DatabaseSync. Leave BEGIN, COMMIT and ROLLBACK to the store, and
   * do not keep it: what is done with it after the transaction is in none.
   */
  get database(): DatabaseSync {
    this.#assertOpen()
    return this.#database.raw
  }

  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }> {
    return new Promise((resolve) => resolve({ rows: this.all<Row>(text, values) }))
  }

  all<Row>(text: string, values?: readonly unknown[]): Row[] {
    this.#assertOpen()
    // Some errors, such as a full disk, make SQLite roll back by itself: what follows would be in no transaction.
    if (!this.#database.raw.isTransaction) {
      throw new WarrenError(
        'TRANSACTION_ABORTED',
        'the transaction was rolled back under its handle, by SQLite or by the handler',
      )
    }
    try {
      return this.#database.all<Row>(text, values)
    } catch (error) {
      throw translated(error, this.#path)
    }
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  close(): void {
    this.#isOpen = false
  }

  #assertOpen(): void {
    if (this.#isOpen) return
    throw new WarrenError(
      'TRANSACTION_CLOSED',
      'the transaction is over; await every statement before the callback returns',
    )
  }
}
