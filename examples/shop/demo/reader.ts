import pg from 'pg'
import { DatabaseSync } from 'node:sqlite'

/** Reads a service's database past Warren and past the service, with SQL of the demo's own. */
export interface Reader {
  rows<Row>(sql: string): Promise<readonly Row[]>
  /** What one of Warren's tables is called here. */
  table(name: 'outbox' | 'outbox_pending' | 'inbox_failure'): string
  /** The next rows() opens it again. */
  close(): Promise<void>
}

/** Takes the same URLs as the services do. */
export function openReader(storeUrl: string): Reader {
  return storeUrl.startsWith('sqlite:') ? sqliteReader(storeUrl.slice('sqlite:'.length)) : postgresReader(storeUrl)
}

function sqliteReader(path: string): Reader {
  let database: DatabaseSync | null = null
  return {
    rows: <Row>(sql: string) => {
      // In WAL mode, as Warren's files are, a reader waits for nobody and nobody for it.
      database ??= new DatabaseSync(path, { readOnly: true, timeout: 1_000 })
      return Promise.resolve(database.prepare(sql).all() as unknown as Row[])
    },
    table: (name) => `warren_${name}`,
    close: () => {
      database?.close()
      database = null
      return Promise.resolve()
    },
  }
}

function postgresReader(connectionString: string): Reader {
  let pool: pg.Pool | null = null
  const opened = (): pg.Pool => {
    const fresh = new pg.Pool({ connectionString, max: 1 })
    // Lost while idle; the next query connects anew.
    fresh.on('error', () => undefined)
    return fresh
  }
  return {
    rows: async <Row>(sql: string) => (await (pool ??= opened()).query(sql)).rows as Row[],
    table: (name) => `warren.${name}`,
    close: async () => {
      const open = pool
      pool = null
      await open?.end()
    },
  }
}
