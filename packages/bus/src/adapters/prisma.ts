import { assertForeignTransaction } from '../store/foreign-transaction.ts'
import type { Sql } from '../store/store.ts'

/** The `tx` of `prisma.$transaction(async (tx) => …)`. */
export interface PrismaTransaction {
  $queryRawUnsafe(text: string, ...values: unknown[]): PromiseLike<unknown>
}

/** The client of an interactive Prisma transaction as `tx`. The array form of `$transaction` has none. */
export function prismaTx(tx: PrismaTransaction): Sql {
  // Prisma takes $connect, $disconnect, $on and $extends away from the client that it gives to the callback.
  const isTransaction = Reflect.get(tx, '$connect') === undefined
  assertForeignTransaction(isTransaction, 'Prisma', 'prisma.$transaction(async (tx) => …)')
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      return { rows: (await tx.$queryRawUnsafe(text, ...values)) as Row[] }
    },
  }
}
