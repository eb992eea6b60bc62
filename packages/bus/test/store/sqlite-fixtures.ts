import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { SqliteStore, SqliteStoreOptions } from '../../src/store/sqlite/index.ts'

/** The path of a file that is not there yet, in a folder that goes when the test ends. */
export async function freshFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-sqlite-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'store.db')
}

/** A started store, stopped when the test ends. */
export async function openSqlite(path: string, options: Partial<SqliteStoreOptions> = {}): Promise<SqliteStore> {
  const store = sqliteStore({ path, ...options })
  onTestFinished(() => store.stop())
  await store.start()
  return store
}
