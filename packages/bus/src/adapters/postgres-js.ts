import { assertForeignTransaction } from '../store/foreign-transaction.ts'
import type { Sql } from '../store/store.ts'

/** The `sql` of `sql.begin(async (sql) => …)` of postgres.js. */
export interface PostgresJsTransaction {
  // postgres.js names the type of its parameters, which cannot be written without importing it.
  unsafe(text: string, values: never): PromiseLike<unknown>
  savepoint: unknown
}

/** A transaction of postgres.js as `tx`. */
export function postgresJsTx(sql: PostgresJsTransaction): Sql {
  assertForeignTransaction('savepoint' in sql, 'postgres.js', 'sql.begin(async (sql) => …)')
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      return { rows: [...((await sql.unsafe(text, values as never)) as Row[])] }
    },
  }
}
