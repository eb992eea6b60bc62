import { assertForeignTransaction } from '../store/foreign-transaction.ts'
import type { Sql } from '../store/store.ts'

/** The manager of `dataSource.transaction(async (manager) => …)`, or `queryRunner.manager` after startTransaction(). */
export interface TypeormEntityManager {
  query(text: string, values?: unknown[]): Promise<unknown>
  readonly queryRunner?: { readonly isTransactionActive: boolean } | undefined
}

/** A TypeORM transaction on PostgreSQL as `tx`. */
export function typeormTx(manager: TypeormEntityManager): Sql {
  const isTransaction = manager.queryRunner?.isTransactionActive === true
  assertForeignTransaction(isTransaction, 'TypeORM', 'dataSource.transaction(async (manager) => …)')
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const result = await manager.query(text, [...values])
      // UPDATE and DELETE answer with [rows, count], everything else with the rows.
      const rows: unknown = Array.isArray(result) && Array.isArray(result[0]) ? result[0] : result
      return { rows: rows as Row[] }
    },
  }
}
