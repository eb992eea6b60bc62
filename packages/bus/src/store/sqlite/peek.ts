import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

/**
 * Whether the file is there and holds the table. Makes and changes nothing, neither the file nor beside it: the path may be
 * a slip, and the file another program's.
 */
export function holdsTable(path: string, table: string): boolean {
  if (!existsSync(path)) return false
  const url = pathToFileURL(path)
  // Even a connection that only reads makes a write-ahead log and its index when there are none, and leaves them behind.
  // Without a log the file is complete, and may be read as one that nobody changes.
  if (!existsSync(`${path}-wal`)) url.search = 'immutable=1'
  const database = new DatabaseSync(url, { readOnly: true })
  try {
    const found = database.prepare(`select 1 from sqlite_schema where type = 'table' and name = ?`).get(table)
    return found !== undefined
  } finally {
    database.close()
  }
}
