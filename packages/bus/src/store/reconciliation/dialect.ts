import type { NewAction, Sql } from '../store.ts'

/** In what the databases differ, as far as reconciliation and order are concerned. Statements are written for the schema `warren`. */
export interface Dialect {
  /** By the database's clock. */
  nowMs(): Promise<number>
  /** One statement that may look at many rows. */
  read<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Statements of one transaction; may be called while another one of this process is open. */
  write<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  /** The statements of a transaction that is open already. */
  on(tx: Sql): Sql
  /** Milliseconds since the epoch, in a statement that writes. */
  readonly now: string
  /** A point in time of a table of 0001 in milliseconds. */
  ms(column: string): string
  /** So many milliseconds from now, as a point in time of a table of 0001, such as `due_at` of a failure; a number or a parameter. */
  dueIn(delayMs: string): string
  /** JSON text of an object with an entry more: the key with `[number, number]`. All are columns. */
  withEntry(json: string, key: string, first: string, second: string): string
  /** Somebody else holds a lock for too long, or both waited for each other: nothing is wrong with the statement. */
  meansBusy(error: unknown): boolean
  /** A condition: the column is one of the values of a parameter that is an array. */
  among(column: string, parameter: string): string
  /** Waits until confirms that are under way are committed, and lets none begin before this transaction has ended. */
  holdConfirms(sql: Sql): Promise<void>
  /** An aggregate: xor of the last 48 bits of these ids, in hexadecimal. */
  xor(column: string): string
  /** The columns of EventRow, of the ledger called `o`. */
  readonly eventColumns: string
  /** The columns of FailureRow, of the table called `f`. */
  readonly failureColumns: string
  /** Writes down what a person did, in the transaction that does it. */
  logAction(sql: Sql, entry: NewAction): Promise<void>
}

export type Numeric = number | string | bigint

export function numberOf(value: Numeric | null): number | null {
  return value === null ? null : Number(value)
}

/** A parameter list for `count` rows of `columns` values: `($1, $2), ($3, $4)`; behind `used` other parameters. */
export function rowsOf(count: number, columns: number, used = 0): string {
  return Array.from(
    { length: count },
    (_, row) =>
      `(${Array.from({ length: columns }, (_, column) => `$${used + row * columns + column + 1}`).join(', ')})`,
  ).join(', ')
}

/** Of one statement: PostgreSQL takes 65,535 values, SQLite 32,766. */
export const ROWS_PER_STATEMENT = 500

export function chunksOf<T>(items: readonly T[], size: number = ROWS_PER_STATEMENT): readonly (readonly T[])[] {
  const chunks: T[][] = []
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size))
  return chunks
}
