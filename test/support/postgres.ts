import { type Postgres, type PostgresOptions, sharePostgres, startPostgres } from '@warren/cluster/local'
import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'

/** An empty database of its own on the shared server. */
export interface TestDatabase {
  readonly name: string
  readonly url: string
  /** Removes the database and ends its sessions; what is not removed goes at the end of the run. */
  readonly drop: () => Promise<void>
}

/** The server that all tests of a run share; the first to ask starts it. `DATABASE_URL` is not used: it may be somebody's. */
export async function sharedPostgres(): Promise<Postgres> {
  return await sharePostgres({ ...inject('warrenRun'), settings: { max_connections: 300 }, onProgress })
}

/** A fresh database on the shared server. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = await sharedPostgres()
  const name = `test_${randomUUID().replaceAll('-', '').slice(0, 12)}`
  const url = await server.createDatabase(name)
  return { name, url, drop: () => server.dropDatabase(name) }
}

/** A server that a test may stop, pause or crash. It ends with `down()`, at the latest with the run. */
export async function privatePostgres(options: Omit<PostgresOptions, 'home' | 'onProgress'> = {}): Promise<Postgres> {
  const { home, name, ownerPid } = inject('warrenRun')
  return await startPostgres({ name: `${name}-${randomUUID().slice(0, 8)}`, ownerPid, ...options, home, onProgress })
}

function onProgress(line: string): void {
  process.stderr.write(line + '\n')
}
