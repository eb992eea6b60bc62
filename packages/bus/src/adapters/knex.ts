import { assertForeignTransaction } from '../store/foreign-transaction.ts'
import { withQuestionMarks } from '../store/question-marks.ts'
import type { Sql } from '../store/store.ts'

/** The `trx` of `knex.transaction(async (trx) => …)`. */
export interface KnexTransaction {
  readonly isTransaction?: boolean
  // Knex names the type of its bindings, which cannot be written without importing it.
  raw(text: string, bindings: never): PromiseLike<unknown>
}

/** A Knex transaction on PostgreSQL as `tx`. */
export function knexTx(trx: KnexTransaction): Sql {
  assertForeignTransaction(trx.isTransaction === true, 'Knex', 'knex.transaction(async (trx) => …)')
  return {
    async query<Row>(text: string, values?: readonly unknown[]) {
      const statement = withQuestionMarks(text, values)
      const result = await trx.raw(statement.text, statement.values as never)
      return { rows: (result as { rows: Row[] }).rows }
    },
  }
}
