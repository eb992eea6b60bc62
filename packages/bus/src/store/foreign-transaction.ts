import { WarrenError } from '../errors.ts'

/** Refuses a database handle where a transaction is meant: what is written there would not be rolled back with the rest. */
export function assertForeignTransaction(isTransaction: boolean, library: string, where: string): void {
  if (isTransaction) return
  throw new WarrenError('TRANSACTION_INVALID', `this is no transaction of ${library}; pass the one of ${where}`, {
    library,
  })
}
