import { Conditions } from '../conditions.ts'
import { failureGroupOf, failureOf } from '../rows.ts'
import type { FailureRow, GroupRow } from '../rows.ts'
import type { BlockedEntity, BlockedFilter } from '../order.ts'
import { readBlocked } from '../order/blocked.ts'
import { letGo, releaseFailures } from '../order/give-up.ts'
import type { Dialect } from '../reconciliation/dialect.ts'
import type { Failure, FailureFilter, FailureGroup, FailureReads } from '../store.ts'
import { logAction } from './action-log.ts'
import type { Action } from './action-log.ts'
import type { Connection } from './connection.ts'
import type { SqliteTx } from './transaction.ts'
import type { Transactions } from './transactions.ts'

/** Of a table named f. */
export const FAILURE_COLUMNS = `f.subscription, f.message_id, f.name, f.entity_id, f.source, f.payload, f.encoding,
  f.headers, f.state, f.attempts, f.due_at, f.error_code, f.error_type, f.error_message, f.error_stack, f.fingerprint,
  f.first_failed_at, f.last_failed_at, f.order_key, f.sequence, f.needs`

export class SqliteFailures implements FailureReads {
  readonly #connection: Connection
  readonly #transactions: Transactions
  readonly #dialect: Dialect

  constructor(connection: Connection, transactions: Transactions, dialect: Dialect) {
    this.#connection = connection
    this.#dialect = dialect
    this.#transactions = transactions
  }

  async list(
    filter: FailureFilter & { readonly before?: string; readonly limit?: number },
  ): Promise<readonly Failure[]> {
    const { before, limit = 50 } = filter
    const where = conditionsOf(filter).add('f.message_id < @', before)
    // The page ends with the message of its last row, all of it: SQLite has no "with ties".
    const rows = await this.#connection.read<FailureRow>(
      `select ${FAILURE_COLUMNS} from warren_inbox_failure f
       where ${where.text} and f.message_id >= coalesce((
         select f.message_id from warren_inbox_failure f where ${where.text}
         order by f.message_id desc limit 1 offset ${where.parameter(limit - 1)}), '')
       order by f.message_id desc, f.subscription`,
      where.values,
    )
    return rows.map(failureOf)
  }

  async groups(filter: FailureFilter): Promise<readonly FailureGroup[]> {
    const where = conditionsOf(filter)
    // Beside max(), SQLite takes bare columns from the row that holds the maximum.
    const rows = await this.#connection.read<GroupRow>(
      `with chosen as (select * from warren_inbox_failure f where ${where.text})
       select f.subscription, f.fingerprint, f.error_type as type, f.error_message as message,
         count(*) filter (where f.state = 'retrying') as retrying,
         count(*) filter (where f.state = 'parked') as parked,
         (select min(g.first_failed_at) from chosen g
          where g.subscription = f.subscription and g.fingerprint = f.fingerprint) as first_failed_at,
         max(f.last_failed_at) as last_failed_at
       from chosen f
       group by f.subscription, f.fingerprint
       order by count(*) desc, f.subscription, f.fingerprint`,
      where.values,
    )
    return rows.map(failureGroupOf)
  }

  retry(filter: FailureFilter, actor: string): Promise<number> {
    return this.#settle(filter, (tx, failure, now) => {
      const key = [failure.subscription, failure.message_id]
      tx.all(
        `update warren_inbox set status = 'retrying', settled_at = null where subscription = $1 and message_id = $2`,
        key,
      )
      tx.all(
        `update warren_inbox_failure set state = 'retrying', attempts = 0, due_at = $3 where subscription = $1 and message_id = $2`,
        [...key, now],
      )
      const { state, attempts, error_message: error } = failure
      logAction(tx, now, { ...actionOn(failure, actor), action: 'retry', details: { state, attempts, error } })
    })
  }

  blocked(filter: BlockedFilter): Promise<readonly BlockedEntity[]> {
    return readBlocked(this.#dialect, filter)
  }

  release(filter: FailureFilter, actor: string): Promise<number> {
    return releaseFailures(this.#dialect, conditionsOf(filter), actor)
  }

  discard(filter: FailureFilter, actor: string): Promise<number> {
    const discardOne = (tx: SqliteTx, failure: FailureRow, now: number): void => {
      const key = [failure.subscription, failure.message_id]
      tx.all(
        `update warren_inbox set status = 'discarded', settled_at = $3 where subscription = $1 and message_id = $2`,
        [...key, now],
      )
      tx.all('delete from warren_inbox_failure where subscription = $1 and message_id = $2', key)
      const { name, entity_id: entityId, source, payload, encoding, attempts, error_message: error } = failure
      const headers: unknown = JSON.parse(failure.headers)
      const details = { name, entityId, source, payload, encoding, headers, attempts, error }
      logAction(tx, now, { ...actionOn(failure, actor), action: 'discard', details })
    }
    return this.#settle(filter, discardOne, (tx, failures) => {
      const ordered = failures.flatMap(({ subscription, source, order }) =>
        order == null ? [] : [{ subscription, source, order }],
      )
      return letGo(this.#dialect, this.#dialect.on(tx), ordered)
    })
  }

  #settle(
    filter: FailureFilter,
    settle: (tx: SqliteTx, failure: FailureRow, now: number) => void,
    settled: (tx: SqliteTx, failures: readonly Failure[]) => Promise<void> = () => Promise.resolve(),
  ): Promise<number> {
    const where = conditionsOf(filter)
    return this.#transactions.write(async (tx) => {
      const text = `select ${FAILURE_COLUMNS} from warren_inbox_failure f where ${where.text}`
      const failures = tx.all<FailureRow>(text, where.values)
      const now = Date.now()
      for (const failure of failures) settle(tx, failure, now)
      await settled(tx, failures.map(failureOf))
      return failures.length
    })
  }
}

function actionOn(failure: FailureRow, actor: string): Pick<Action, 'actor' | 'subscription' | 'messageId'> {
  return { actor, subscription: failure.subscription, messageId: failure.message_id }
}

function conditionsOf(filter: FailureFilter): Conditions {
  return new Conditions()
    .add('f.subscription = @', filter.subscription)
    .add('f.message_id = @', filter.messageId)
    .add('f.name = @', filter.name)
    .add('f.entity_id = @', filter.entityId)
    .add('f.fingerprint = @', filter.fingerprint)
    .add('f.state = @', filter.state)
    .add('f.last_failed_at >= @', filter.since?.getTime())
    .add('f.last_failed_at < @', filter.until?.getTime())
}
