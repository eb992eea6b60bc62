import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

import { WarrenError } from '../errors.ts'

export interface MigrationFile {
  /** `0001_initial` */
  readonly name: string
  readonly text: string
  /** SHA-256 of the text. */
  readonly checksum: string
}

export interface AppliedMigration {
  readonly name: string
  readonly checksum: string
}

/** The numbered SQL files of this version of Warren, in order. */
export function migrationFiles(dialect: 'postgres' | 'sqlite'): readonly MigrationFile[] {
  // src/store and dist/store are equally deep in the package.
  const folder = new URL(`../../migrations/${dialect}/`, import.meta.url)
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8').replaceAll('\r\n', '\n')
      return { name: file.slice(0, -'.sql'.length), text, checksum: createHash('sha256').update(text).digest('hex') }
    })
}

/**
 * The files that are still to be applied. Throws STORE_TOO_NEW when the database has a migration that this version does
 * not know, and MIGRATION_CHANGED when one was applied with another text.
 */
export function missingMigrations(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): readonly MigrationFile[] {
  for (const { name, checksum } of applied) {
    const file = files.find((candidate) => candidate.name === name)
    if (file === undefined) {
      throw new WarrenError(
        'STORE_TOO_NEW',
        `the store has the migration "${name}", which this version does not know; upgrade @warren/bus`,
        {
          migration: name,
        },
      )
    }
    if (file.checksum !== checksum) {
      throw new WarrenError(
        'MIGRATION_CHANGED',
        `the migration "${name}" was applied with another text than this version has`,
        {
          migration: name,
        },
      )
    }
  }
  const names = new Set(applied.map(({ name }) => name))
  return files.filter(({ name }) => !names.has(name))
}

export function notMigrated(missing: readonly MigrationFile[]): WarrenError {
  const names = missing.map(({ name }) => name).join(', ')
  return new WarrenError('STORE_NOT_MIGRATED', `the store lacks ${names}; run "warren store migrate"`, {
    missing: names,
  })
}
