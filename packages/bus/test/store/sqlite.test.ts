import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { SqliteStoreOptions } from '../../src/store/sqlite/index.ts'
import { describeStore } from './conformance.ts'

async function freshFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-sqlite-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'store.db')
}

async function open(path: string, options: Partial<SqliteStoreOptions> = {}) {
  const store = sqliteStore({ path, ...options })
  onTestFinished(() => store.stop())
  await store.start()
  return store
}

describeStore('sqlite', async () => {
  const path = await freshFile()
  return {
    open: () => open(path),
    // The other connection asks again and again from outside: it has asked by the time this has run.
    untilBlocked: () => new Promise(setImmediate),
  }
})
