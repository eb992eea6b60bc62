import pg from 'pg'
import { DatabaseSync } from 'node:sqlite'

/** Reads a service's database past Warren and past the service, with SQL of the demo's own. */
export interface Reader {
  rows<Row>(sql: string): Promise<readonly Row[]>
  /** What one of Warren's tables is called here. */
  table(name: 'outbox_pending' | 'inbox_failure'): string
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
  const pool = new pg.Pool({ connectionString, max: 1 })
  // Lost while idle; the next query connects anew.
  pool.on('error', () => undefined)
  return {
    rows: async <Row>(sql: string) => (await pool.query(sql)).rows as Row[],
    table: (name) => `warren.${name}`,
    close: () => pool.end(),
  }
}
