import { WarrenError } from '../../errors.ts'

/** https://sqlite.org/rescode.html; extended codes hold the primary one in their low byte. */
const BUSY = 5
const LOCKED = 6
const IOERR = 10
const FULL = 13
const CANTOPEN = 14
const PROTOCOL = 15
const NOTADB = 26
const READONLY_DBMOVED = 1032

function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null
  const code: unknown = Reflect.get(error, 'errcode')
  return typeof code === 'number' ? code : null
}

/** Another process has the lock: it may be free a moment later. */
export function meansBusy(error: unknown): boolean {
  const code = sqliteCode(error)
  return code !== null && [BUSY, LOCKED, PROTOCOL].includes(code & 0xff)
}

/** The file is locked for too long, cannot be opened, or its disk is full or broken: no statement is to blame. */
function meansUnavailable(error: unknown): boolean {
  const code = sqliteCode(error)
  if (code === null) return false
  return meansBusy(error) || [IOERR, FULL, CANTOPEN].includes(code & 0xff) || code === READONLY_DBMOVED
}

/** STORE_UNAVAILABLE or STORE_INVALID when the file is to blame, the error itself when the statement is. */
export function translated(error: unknown, path: string): unknown {
  if (sqliteCode(error) === NOTADB) {
    return new WarrenError('STORE_INVALID', `${path} is no SQLite database; correct the path`, { path }, error)
  }
  if (!meansUnavailable(error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new WarrenError('STORE_UNAVAILABLE', `SQLite at ${path} is away: ${reason}`, { path }, error)
}
