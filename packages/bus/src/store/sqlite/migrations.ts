import { WarrenError } from '../../errors.ts'
import { migrationFiles, missingMigrations, notMigrated } from '../migration-files.ts'
import type { AppliedMigration, MigrationFile } from '../migration-files.ts'
import type { Migrations, MigrationStatus } from '../store.ts'
import type { Connection } from './connection.ts'
import type { Transactions } from './transactions.ts'

const TABLE = `
create table if not exists warren_migration (
  name text not null primary key,
  checksum text not null,
  applied_at integer not null
) strict`

interface AppliedRow extends AppliedMigration {
  readonly applied_at: number
}

/** Numbered SQL files, applied in one transaction; another process that migrates too waits for its lock. */
export class SqliteMigrations implements Migrations {
  readonly #connection: Connection
  readonly #transactions: Transactions
  readonly #files: readonly MigrationFile[] = migrationFiles('sqlite')

  constructor(connection: Connection, transactions: Transactions) {
    this.#connection = connection
    this.#transactions = transactions
  }

  migrate(): Promise<readonly string[]> {
    return this.#transactions.write((tx) => {
      tx.all(TABLE)
      const missing = missingMigrations(
        this.#files,
        tx.all<AppliedMigration>('select name, checksum from warren_migration order by name'),
      )
      for (const { name, text, checksum } of missing) {
        tx.database.exec(text)
        tx.all('insert into warren_migration (name, checksum, applied_at) values ($1, $2, $3)', [
          name,
          checksum,
          Date.now(),
        ])
      }
      return missing.map(({ name }) => name)
    })
  }

  async status(): Promise<readonly MigrationStatus[]> {
    const applied = new Map((await this.#read()).map((row) => [row.name, new Date(row.applied_at)]))
    const known = this.#files.map(({ name }) => ({ name, appliedAt: applied.get(name) ?? null }))
    const unknown = [...applied].filter(([name]) => !this.#files.some((file) => file.name === name))
    return [...known, ...unknown.map(([name, appliedAt]) => ({ name, appliedAt }))]
  }

  sql(): string {
    const parts = this.#files.map(
      ({ name, text, checksum }) =>
        `-- ${name}\n${text}\ninsert or ignore into warren_migration (name, checksum, applied_at)\n` +
        `values ('${name}', '${checksum}', cast(unixepoch('subsec') * 1000 as integer));\n`,
    )
    return `${TABLE.trim()};\n\n${parts.join('\n')}`
  }

  async missing(): Promise<readonly MigrationFile[]> {
    return missingMigrations(this.#files, await this.#read())
  }

  /** Throws STORE_NOT_MIGRATED, STORE_TOO_NEW or MIGRATION_CHANGED unless all is applied. */
  async assertApplied(): Promise<void> {
    const applied = await this.#read()
    const { path } = this.#connection
    if (applied.length === 0) {
      throw new WarrenError(
        'STORE_NOT_MIGRATED',
        `${path} is not there or holds none of Warren's tables; correct the path, or make it a store with "warren store migrate"`,
        { path },
      )
    }
    const missing = missingMigrations(this.#files, applied)
    if (missing.length > 0) throw notMigrated(missing)
  }

  async #read(): Promise<readonly AppliedRow[]> {
    if (!(await this.#connection.holds('warren_migration'))) return []
    return this.#connection.read<AppliedRow>('select name, checksum, applied_at from warren_migration order by name')
  }
}
