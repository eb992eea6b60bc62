import { startPostgres } from '@warren/cluster/local'
import type { Progress } from '@warren/cluster/local'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import { serviceNames } from '../services/services.ts'
import type { ServiceName } from '../services/services.ts'

/** `mixed`: those who publish in PostgreSQL and those who only listen in SQLite, but for the warehouse. */
export type StoreChoice = 'sqlite' | 'postgres' | 'mixed'

/** A database for each service. */
export interface Databases {
  /** As the services take them. */
  readonly urls: Readonly<Record<ServiceName, string>>
  /** The private server's name; null without one. */
  readonly server: string | null
  /** Lets them outlive this process. */
  keep(): Promise<void>
  remove(): Promise<void>
}

const inServer: ReadonlySet<ServiceName> = new Set<ServiceName>(['orders', 'products', 'warehouse'])

/** Files in `folder`; or databases of the server in `databaseUrl`; or of a private one, which ends when this process does. */
export async function openDatabases(options: {
  readonly store: StoreChoice
  readonly home: string
  readonly folder: string
  readonly databaseUrl: string | undefined
  readonly onProgress: Progress
}): Promise<Databases> {
  const { store, home, folder, databaseUrl, onProgress } = options
  if (store === 'mixed') {
    const [files, server] = [
      await openDatabases({ ...options, store: 'sqlite' }),
      await openDatabases({ ...options, store: 'postgres' }),
    ]
    return { ...server, urls: forEach((name) => (inServer.has(name) ? server : files).urls[name]) }
  }
  if (store === 'sqlite') {
    // They go with the folder.
    const nothing = (): Promise<void> => Promise.resolve()
    return {
      urls: forEach((name) => `sqlite:${join(folder, `${name}.db`)}`),
      server: null,
      keep: nothing,
      remove: nothing,
    }
  }
  if (databaseUrl !== undefined && databaseUrl !== '') return await databasesAt(databaseUrl)

  const server = await startPostgres({ home, onProgress })
  await Promise.all(serviceNames.map((name) => server.createDatabase(`shop_${name}`)))
  return {
    urls: forEach((name) => server.urlOf(`shop_${name}`)),
    server: server.name,
    keep: () => server.release(),
    remove: () => server.down(),
  }
}

/** Names of their own, so that several demos may use the server at once. */
async function databasesAt(serverUrl: string): Promise<Databases> {
  const prefix = `shop_${randomUUID().slice(0, 8)}`
  const run = async (statement: (database: string) => string): Promise<void> => {
    const client = new pg.Client({ connectionString: serverUrl })
    await client.connect()
    try {
      for (const name of serviceNames) await client.query(statement(`"${prefix}_${name}"`))
    } finally {
      await client.end()
    }
  }
  await run((database) => `create database ${database}`)
  return {
    urls: forEach((name) => {
      const url = new URL(serverUrl)
      url.pathname = `/${prefix}_${name}`
      return url.href
    }),
    server: null,
    keep: () => Promise.resolve(),
    remove: () => run((database) => `drop database if exists ${database} with (force)`),
  }
}

function forEach(urlOf: (name: ServiceName) => string): Readonly<Record<ServiceName, string>> {
  return Object.fromEntries(serviceNames.map((name) => [name, urlOf(name)])) as Record<ServiceName, string>
}
