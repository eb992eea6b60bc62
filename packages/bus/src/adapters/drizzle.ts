import { assertForeignTransaction } from '../store/foreign-transaction.ts'
import type { Sql } from '../store/store.ts'

/** The `tx` of `db.transaction(async (tx) => …)` on PostgreSQL; drivers node-postgres and postgres.js are tested. */
export interface DrizzleTransaction {
  // Drizzle's own parameter type cannot be written without importing it.
  execute(query: never): PromiseLike<unknown>
  rollback(): never
}

/**
 * A Drizzle transaction as `tx`:
 * `await db.transaction(async (tx) => { …; await bus.publish(drizzleTx(tx), 'order.payment.onPaid', data) })`.
 */
export function drizzleTx(tx: DrizzleTransaction): Sql {
  assertForeignTransaction('rollback' in tx, 'Drizzle', 'db.transaction(async (tx) => …)')
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const result = await tx.execute(statement(text, values) as never)
      // node-postgres answers with a result object, postgres.js with an array of rows.
      return { rows: Array.isArray(result) ? [...(result as Row[])] : (result as { rows: Row[] }).rows }
    },
  }
}

/** What execute() asks of an SQLWrapper: an SQL object, and of that, text and parameters. */
function statement(text: string, values: readonly unknown[]): object {
  const sql = {
    getSQL: () => sql,
    toQuery: () => ({ sql: text, params: [...values] }),
  }
  return sql
}
