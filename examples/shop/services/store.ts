import type { Store } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import { sqliteStore } from '@warren/bus/sqlite'

/** `postgres://user@host/database`, or `sqlite:/path/of/the/file.db`. The services' SQL is the same on both. */
export function openStore(url: string): Store {
  if (/^postgres(ql)?:/.test(url)) return postgresStore({ connectionString: url })
  if (url.startsWith('sqlite:')) return sqliteStore({ path: url.slice('sqlite:'.length) })
  throw new Error(`"${url.split(':', 1)[0] ?? ''}:" is no store: postgres: or sqlite:`)
}
