import { WarrenError } from '../errors.ts'
import type { Sql } from './store.ts'

/** PostgreSQL's protocol says after each answer whether a transaction is open: I(dle), T(ransaction), E(rror). */
const IDLE = 'I'

/**
 * Refuses what looks like a transaction and is none: a pool, a store, a `pg` client outside BEGIN … COMMIT, an ORM's
 * transaction without its adapter. An event written there would stay when the business rows are rolled back.
 */
export function assertTransaction(tx: unknown): asserts tx is Sql {
  if (typeof tx !== 'object' || tx === null || !hasMethod(tx, 'query')) {
    throw invalid(
      'it has no query(text, values); wrap the transaction of an ORM with its adapter of @warren/bus/adapters',
    )
  }
  if (hasMethod(tx, 'connect') && 'totalCount' in tx) {
    throw invalid('it is a pool, and each of its queries is a transaction of its own; pass the client that ran BEGIN')
  }
  if (hasMethod(tx, 'transaction') && hasMethod(tx, 'savepoint')) {
    throw invalid('it is a store; pass the handle that its transaction() gives to the callback')
  }
  if (hasMethod(tx, 'getTransactionStatus') && tx.getTransactionStatus() === IDLE) {
    throw invalid('no transaction is open on this client; run BEGIN first')
  }
}

function invalid(reason: string): WarrenError {
  return new WarrenError('TRANSACTION_INVALID', `the value passed as tx is not a transaction: ${reason}`)
}

function hasMethod<Name extends string>(value: object, name: Name): value is Record<Name, () => unknown> {
  return typeof Reflect.get(value, name) === 'function'
}
