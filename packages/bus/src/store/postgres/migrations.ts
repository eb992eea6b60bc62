import { WarrenError } from '../../errors.ts'
import { migrationFiles, missingMigrations, notMigrated } from '../migration-files.ts'
import type { AppliedMigration, MigrationFile } from '../migration-files.ts'
import type { Migrations, MigrationStatus } from '../store.ts'
import type { Connection } from './connection.ts'
import type { Partitions } from './partitions.ts'
import { INSUFFICIENT_PRIVILEGE, sqlState } from './sqlstate.ts'
import { ms } from './statements.ts'
import type { PostgresTx } from './transaction.ts'
import type { Transactions } from './transactions.ts'

const TABLE = `
create table if not exists warren.migration (
  name text primary key,
  checksum text not null,
  applied_at timestamptz not null default now()
)`

interface AppliedRow extends AppliedMigration {
  readonly applied_at: number | string
}

/** Numbered SQL files, applied in one transaction under an advisory lock. */
export class PostgresMigrations implements Migrations {
  readonly #connection: Connection
  readonly #transactions: Transactions
  readonly #partitions: Partitions
  readonly #files: readonly MigrationFile[] = migrationFiles('postgres')

  constructor(connection: Connection, transactions: Transactions, partitions: Partitions) {
    this.#connection = connection
    this.#transactions = transactions
    this.#partitions = partitions
  }

  async migrate(): Promise<readonly string[]> {
    const applied = await this.#permitted(() => this.#apply())
    await this.#partitions.create()
    return applied
  }

  #apply(): Promise<readonly string[]> {
    const { statements } = this.#connection
    return this.#transactions.run(async (tx) => {
      // Processes that start at once come here one by one, and the later ones find nothing left to do.
      await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `warren migrations of ${statements.schema}`,
      ])
      // Even "if not exists" asks for the right to create schemas, which a service may not have.
      const { rows } = await tx.query('select 1 from pg_namespace where nspname = $1', [statements.schema])
      if (rows.length === 0) await tx.query(`create schema ${statements.schema}`)
      await tx.query(statements.rewrite(TABLE))
      const missing = missingMigrations(this.#files, await this.#applied(tx))
      for (const file of missing) {
        await tx.query(statements.rewrite(file.text))
        await tx.query(statements.rewrite('insert into warren.migration (name, checksum) values ($1, $2)'), [
          file.name,
          file.checksum,
        ])
      }
      return missing.map(({ name }) => name)
    })
  }

  async status(): Promise<readonly MigrationStatus[]> {
    const applied = new Map((await this.#read()).map((row) => [row.name, new Date(Number(row.applied_at))]))
    const known = this.#files.map(({ name }) => ({ name, appliedAt: applied.get(name) ?? null }))
    const unknown = [...applied].filter(([name]) => !this.#files.some((file) => file.name === name))
    return [...known, ...unknown.map(([name, appliedAt]) => ({ name, appliedAt }))]
  }

  sql(): string {
    const { statements } = this.#connection
    const parts = this.#files.map(
      ({ name, text, checksum }) =>
        `-- ${name}\n${text}\ninsert into warren.migration (name, checksum) values ('${name}', '${checksum}') on conflict do nothing;\n`,
    )
    return statements.rewrite(
      `create schema if not exists ${statements.schema};\n${TABLE.trim()};\n\n${parts.join('\n')}`,
    )
  }

  async missing(): Promise<readonly MigrationFile[]> {
    return missingMigrations(this.#files, await this.#read())
  }

  /** Throws STORE_NOT_MIGRATED, STORE_TOO_NEW or MIGRATION_CHANGED unless all is applied. */
  async assertApplied(): Promise<void> {
    const missing = await this.missing()
    if (missing.length > 0) throw notMigrated(missing)
  }

  async #read(): Promise<readonly AppliedRow[]> {
    return this.#permitted(() => this.#readApplied())
  }

  async #readApplied(): Promise<readonly AppliedRow[]> {
    const { schema } = this.#connection.statements
    const [table] = await this.#connection.run<{ name: string | null }>('select to_regclass($1)::text as name', [
      `${schema}.migration`,
    ])
    if (table?.name == null) return []
    return this.#connection.run<AppliedRow>(
      `select name, checksum, ${ms('applied_at')} as applied_at from warren.migration order by name`,
    )
  }

  /** Throws STORE_FORBIDDEN, with the statement that gives the right, when the database user lacks it. */
  async #permitted<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error
      const { schema } = this.#connection.statements
      const [row] = await this.#connection.run<{ role: string; exists: boolean }>(
        `select quote_ident(current_user) as role, exists(select from pg_namespace where nspname = $1) as exists`,
        [schema],
      )
      const role = row?.role ?? 'current_user'
      const sql =
        row?.exists === true
          ? `grant usage, create on schema ${schema} to ${role}; grant select, insert, update, delete on all tables in schema ${schema} to ${role}`
          : `create schema ${schema} authorization ${role}`
      throw new WarrenError(
        'STORE_FORBIDDEN',
        `PostgreSQL does not let ${role} work in the schema "${schema}": ${(error as Error).message}. As a user who may, run: ${sql}; or apply the output of "warren store sql" and give ${role} the rights on its tables`,
        { schema, role, sql },
        error,
      )
    }
  }

  async #applied(tx: PostgresTx): Promise<readonly AppliedMigration[]> {
    const text = 'select name, checksum from warren.migration order by name'
    return (await tx.query<AppliedMigration>(this.#connection.statements.text(text))).rows
  }
}
