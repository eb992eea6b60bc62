import type { Dialect } from '../reconciliation/dialect.ts'
import type { NewAction, Sql } from '../store.ts'
import type { Connection } from './connection.ts'
import { FAILURE_COLUMNS } from './failures.ts'
import type { Transactions } from './transactions.ts'

export class SqliteDialect implements Dialect {
  readonly now: string = `cast(unixepoch('subsec') * 1000 as integer)`
  readonly eventColumns: string = 'o.id, o.name, o.entity_id, o.source, o.payload, o.headers, o.created_at'
  readonly failureColumns: string = FAILURE_COLUMNS
  readonly #connection: Connection
  readonly #transactions: Transactions

  constructor(connection: Connection, transactions: Transactions) {
    this.#connection = connection
    this.#transactions = transactions
  }

  nowMs(): Promise<number> {
    return Promise.resolve(Date.now())
  }

  read<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]> {
    return this.#connection.read<Row>(named(text), values)
  }

  write<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#transactions.write((tx) => work({ query: (text, values) => tx.query(named(text), values) }))
  }

  on(tx: Sql): Sql {
    return { query: (text, values) => tx.query(named(text), values) }
  }

  ms(column: string): string {
    return column
  }

  dueIn(delayMs: string): string {
    return `cast(unixepoch('subsec') * 1000 + ${delayMs} as integer)`
  }

  withEntry(json: string, key: string, first: string, second: string): string {
    return `json_patch(${json}, json_object(${key}, json_array(${first}, ${second})))`
  }

  /** One transaction at a time: nothing waits for a row. */
  meansBusy(): boolean {
    return false
  }

  among(column: string, parameter: string): string {
    return `${column} in (select value from json_each(${parameter}))`
  }

  /** Its own transaction does that. */
  holdConfirms(): Promise<void> {
    return Promise.resolve()
  }

  xor(column: string): string {
    return `warren_xor(${column})`
  }

  async logAction(sql: Sql, { actor, action, subscription, messageId, details }: NewAction): Promise<void> {
    await sql.query(
      `insert into warren_action_log (at, actor, action, subscription, message_id, details) values ($1, $2, $3, $4, $5, $6)`,
      [Date.now(), actor, action, subscription, messageId, details],
    )
  }
}

/** SQLite has no schemas: `warren.inbox` is the table `warren_inbox`. */
function named(text: string): string {
  return text.replaceAll('warren.', 'warren_')
}
