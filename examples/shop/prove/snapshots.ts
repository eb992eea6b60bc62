import pg from 'pg'
import { copyFile, rm } from 'node:fs/promises'

/** A copy of a service's database as it is now; the service must be stopped. Restores it when called. */
export async function takeSnapshot(storeUrl: string): Promise<() => Promise<void>> {
  return storeUrl.startsWith('sqlite:') ? ofFile(storeUrl.slice('sqlite:'.length)) : ofDatabase(storeUrl)
}

/** A service that has stopped has written its log into the file. */
async function ofFile(path: string): Promise<() => Promise<void>> {
  const copy = `${path}.snapshot`
  await copyFile(path, copy)
  return async () => {
    for (const rest of ['-wal', '-shm']) await rm(path + rest, { force: true })
    await copyFile(copy, path)
  }
}

async function ofDatabase(storeUrl: string): Promise<() => Promise<void>> {
  const url = new URL(storeUrl)
  const name = url.pathname.slice(1)
  const run = async (...statements: readonly string[]): Promise<void> => {
    const admin = new URL(storeUrl)
    admin.pathname = '/postgres'
    const client = new pg.Client({ connectionString: admin.href })
    await client.connect()
    try {
      // Readers of our own would keep it from being copied; they connect anew.
      await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  await run(`create database "${name}_snapshot" template "${name}"`)
  return () => run(`drop database "${name}" with (force)`, `create database "${name}" template "${name}_snapshot"`)
}
