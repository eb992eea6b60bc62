import { type Postgres, type PostgresOptions, sharePostgres, startPostgres } from '@warren/cluster/local'
import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { inject } from 'vitest'

/** An empty database of its own on the shared server. */
export interface TestDatabase {
  readonly name: string
  readonly url: string
  /** Removes the database and ends its sessions; what is not removed goes at the end of the run. */
  readonly drop: () => Promise<void>
}

/** A fresh database on the server that all tests of a run share; the first to ask starts it. */
export async function testDatabase(): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '').slice(0, 12)}`
  const external = process.env['DATABASE_URL']
  if (external) return await createOn(external, name)
  const server = await sharedPostgres()
  const url = await server.createDatabase(name)
  return { name, url, drop: () => server.dropDatabase(name) }
}

/** The private server that the tests of a run share. */
export async function sharedPostgres(): Promise<Postgres> {
  return await sharePostgres({ ...inject('warrenRun'), settings: { max_connections: 300 }, onProgress })
}

/** On a server of the user's own the databases are dropped one by one, or stay: nothing else of it is touched. */
async function createOn(serverUrl: string, name: string): Promise<TestDatabase> {
  const execute = async (sql: string) => {
    const client = new Client(serverUrl)
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  await execute(`create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { name, url: url.href, drop: () => execute(`drop database if exists ${name} with (force)`) }
}

/** A server that a test may stop, pause or crash. It ends with `down()`, at the latest with the run. */
export async function privatePostgres(options: Omit<PostgresOptions, 'home' | 'onProgress'> = {}): Promise<Postgres> {
  const { home, name, ownerPid } = inject('warrenRun')
  return await startPostgres({ name: `${name}-${randomUUID().slice(0, 8)}`, ownerPid, ...options, home, onProgress })
}

function onProgress(line: string): void {
  process.stderr.write(line + '\n')
}
