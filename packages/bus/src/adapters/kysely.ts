import { assertForeignTransaction } from '../store/foreign-transaction.ts'
import type { Sql } from '../store/store.ts'

/** The `trx` of `db.transaction().execute(async (trx) => …)` or of `db.startTransaction()`. */
export interface KyselyTransaction {
  readonly isTransaction: boolean
  executeQuery(query: KyselyQuery): Promise<{ readonly rows: unknown[] }>
}

/** Kysely's CompiledQuery of a raw statement. */
export interface KyselyQuery {
  readonly sql: string
  readonly parameters: readonly unknown[]
  readonly query: {
    readonly kind: 'RawNode'
    readonly sqlFragments: readonly string[]
    readonly parameters: readonly never[]
  }
  readonly queryId: { readonly queryId: string }
}

let queries = 0

/** A Kysely transaction as `tx`. Plugins of the instance see the rows, as with every raw statement. */
export function kyselyTx(trx: KyselyTransaction): Sql {
  assertForeignTransaction(trx.isTransaction, 'Kysely', 'db.transaction().execute(async (trx) => …)')
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const { rows } = await trx.executeQuery({
        sql: text,
        parameters: values,
        query: { kind: 'RawNode', sqlFragments: [text], parameters: [] },
        queryId: { queryId: `warren-${++queries}` },
      })
      return { rows: rows as Row[] }
    },
  }
}
