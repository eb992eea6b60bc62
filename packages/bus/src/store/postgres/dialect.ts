import type { Dialect } from '../reconciliation/dialect.ts'
import type { NewAction, Sql } from '../store.ts'
import type { Connection } from './connection.ts'
import { FAILURE_COLUMNS } from './failures.ts'
import { meansBusy, sqlState } from './sqlstate.ts'
import { ms } from './statements.ts'
import type { Transactions } from './transactions.ts'

export class PostgresDialect implements Dialect {
  readonly now: string = 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint'
  readonly eventColumns: string = `o.id, o.name, o.entity_id, o.source, o.payload::text as payload, o.headers::text as headers,
    ${ms('o.created_at')} as created_at`
  readonly failureColumns: string = FAILURE_COLUMNS
  readonly #connection: Connection
  readonly #transactions: Transactions

  constructor(connection: Connection, transactions: Transactions) {
    this.#connection = connection
    this.#transactions = transactions
  }

  async nowMs(): Promise<number> {
    const [row] = await this.#connection.run<{ now: number | string }>(
      `select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now`,
    )
    return Number(row?.now)
  }

  read<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]> {
    return this.#connection.read<Row>(text, values)
  }

  write<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const { statements } = this.#connection
    return this.#transactions.run((tx) => work({ query: (text, values) => tx.query(statements.rewrite(text), values) }))
  }

  on(tx: Sql): Sql {
    const { statements } = this.#connection
    return { query: (text, values) => tx.query(statements.rewrite(text), values) }
  }

  ms(column: string): string {
    return ms(column)
  }

  dueIn(delayMs: string): string {
    return `now() + ${delayMs}::float8 * interval '1 ms'`
  }

  withEntry(json: string, key: string, first: string, second: string): string {
    return `(${json}::jsonb || jsonb_build_object(${key}, jsonb_build_array(${first}, ${second})))::text`
  }

  meansBusy(error: unknown): boolean {
    return meansBusy(sqlState(error))
  }

  among(column: string, parameter: string): string {
    return `${column} = any(${parameter})`
  }

  async holdConfirms(sql: Sql): Promise<void> {
    // The same lock as in 0005_confirm.sql.
    await sql.query(`select pg_advisory_xact_lock(hashtextextended('confirms of warren.outbox', 0))`)
  }

  xor(column: string): string {
    return `to_hex(bit_xor(('x' || right(${column}::text, 12))::bit(48)::bigint))`
  }

  async logAction(sql: Sql, { actor, action, subscription, messageId, details }: NewAction): Promise<void> {
    await sql.query(
      `insert into warren.action_log (actor, action, subscription, message_id, details) values ($1, $2, $3, $4, $5)`,
      [actor, action, subscription, messageId, JSON.stringify(details)],
    )
  }
}
