import { Duplex } from 'node:stream'

import pg from 'pg'

import { WarrenError } from '../../errors.ts'

/** What is needed of a `pg` pool; pg.Pool fits. */
export interface PgPool {
  connect(): Promise<PgClient>
  end?(): Promise<void>
  on?(event: 'error', listener: (error: Error) => void): unknown
  off?(event: 'error', listener: (error: Error) => void): unknown
}

/** What is needed of a client checked out of the pool. */
export interface PgClient {
  query(query: PgQuery): Promise<PgResult>
  release(destroy?: boolean | Error): void
  on(event: 'error' | 'notice', listener: (error: Error) => void): unknown
  off(event: 'error' | 'notice', listener: (error: Error) => void): unknown
}

export interface PgQuery {
  text: string
  values?: unknown[]
  name?: string
}

export interface PgResult {
  rows: unknown[]
  command?: string
}

export interface PoolOptions {
  readonly connectionString: string
  /** Default 10. */
  readonly maxConnections?: number | undefined
  /** How long to wait for a free or new connection. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined
}

export const DEFAULT_CONNECT_TIMEOUT_MS: number = 10_000

/** How long an idle connection may take to say goodbye: a server that is frozen never does. */
const GOODBYE_MS = 2_000

export function openPool(options: PoolOptions): PgPool {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    fallback_application_name: 'warren',
    // From pg 8.23: what is queued on a client goes out without waiting for the answer to what is in front of it, so that
    // SAVEPOINT and the first statement behind it share a round trip. Older versions ignore it.
    pipeline: true,
  })
  const clients = new Set<object>()
  pool.on('connect', (client) => clients.add(client))
  pool.on('remove', (client) => clients.delete(client))
  return {
    connect: () => pool.connect(),
    on: (event, listener) => pool.on(event, listener),
    off: (event, listener) => pool.off(event, listener),
    async end() {
      const timer = setTimeout(() => {
        for (const client of clients) streamOf(client)?.destroy()
      }, GOODBYE_MS)
      try {
        await pool.end()
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

/** The socket of a `pg` client; null for a client that hides it. */
export function streamOf(client: object): Duplex | null {
  const connection: unknown = Reflect.get(client, 'connection')
  if (typeof connection !== 'object' || connection === null) return null
  const stream: unknown = Reflect.get(connection, 'stream')
  return stream instanceof Duplex ? stream : null
}

/** Host, port and database for messages; never the user name or the password. */
export function describeTarget(connectionString: string): string {
  if (!/^postgres(ql)?:/.test(connectionString)) return 'PostgreSQL'
  let url: URL
  try {
    // A socket's folder is given as ?host=, with nothing between @ and the database: fine for pg, not for URL.
    url = new URL(connectionString.replace('@/', '@localhost/'))
  } catch {
    // The error of URL holds its whole input: it is not passed on as a cause.
    throw new WarrenError(
      'CONFIG_INVALID',
      'the connectionString is not a valid postgres: URL; characters such as # or / in a password must be percent-encoded',
    )
  }
  const host = url.searchParams.get('host') ?? (url.hostname === '' ? 'localhost' : url.hostname)
  return `PostgreSQL at ${host}:${url.port === '' ? '5432' : url.port}${url.pathname}`
}
