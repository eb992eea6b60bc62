import { assertForeignTransaction } from '../store/foreign-transaction.ts'
import { withQuestionMarks } from '../store/question-marks.ts'
import type { Sql } from '../store/store.ts'

/** The `em` of `orm.em.transactional(async (em) => …)`, or one after `em.begin()`; of `@mikro-orm/postgresql`. */
export interface MikroOrmEntityManager {
  isInTransaction(): boolean
  execute(text: string, values?: never): Promise<unknown>
}

/** A MikroORM transaction on PostgreSQL as `tx`. MikroORM writes the values into the statement, escaped by itself. */
export function mikroOrmTx(em: MikroOrmEntityManager): Sql {
  assertForeignTransaction(em.isInTransaction(), 'MikroORM', 'orm.em.transactional(async (em) => …)')
  return {
    async query<Row>(text: string, values?: readonly unknown[]) {
      const statement = withQuestionMarks(text, values)
      return { rows: (await em.execute(statement.text, statement.values as never)) as Row[] }
    },
  }
}
