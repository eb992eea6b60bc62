import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account } from '../account.ts'
import type { PostgresInstallation } from '../install/postgres.ts'
import { writeAtomically } from '../processes/server.ts'

/** What stays the same while a database server lives, in `postgres.json` of its folder. */
export interface PostgresRecord {
  readonly name: string
  readonly folder: string
  readonly installation: PostgresInstallation
  readonly account: Account | undefined
  readonly port: number
  readonly password: string
  /** Undefined where the path would be longer than a socket's may be. */
  readonly socketFolder: string | undefined
}

export async function writePostgresRecord(record: PostgresRecord): Promise<void> {
  await writeAtomically(join(record.folder, 'postgres.json'), JSON.stringify(record, null, 2))
}

export async function readPostgresRecord(folder: string): Promise<PostgresRecord | undefined> {
  const text = await readFile(join(folder, 'postgres.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as PostgresRecord)
}
