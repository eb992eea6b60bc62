import type { Dialect, LoggedAction } from '../reconciliation/dialect.ts'
import type { Sql } from '../store.ts'
import type { Connection } from './connection.ts'
import type { Transactions } from './transactions.ts'

export class SqliteDialect implements Dialect {
  readonly eventColumns: string = 'o.id, o.name, o.entity_id, o.source, o.payload, o.headers, o.created_at'
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

  among(column: string, parameter: string): string {
    return `${column} in (select value from json_each(${parameter}))`
  }

  xor(column: string): string {
    return `warren_xor(${column})`
  }

  async logAction(sql: Sql, { actor, action, subscription, messageId, details }: LoggedAction): Promise<void> {
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
