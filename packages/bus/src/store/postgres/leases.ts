import { leaseOf } from '../rows.ts'
import type { LeaseRow } from '../rows.ts'
import type { Lease, LeaseStore } from '../store.ts'
import type { Connection } from './connection.ts'

// clock_timestamp() and not now(): the statement may have waited for the row, and the lease would be older than it looks.
const ACQUIRE = `
  insert into warren.lease as l (lease_group, name, owner, expires_at)
  select $1, n.name, $3, clock_timestamp() + $4::float8 * interval '1 ms' from unnest($2::text[]) as n(name) order by n.name
  on conflict (lease_group, name) do update set
    owner = excluded.owner,
    epoch = l.epoch + (l.owner <> excluded.owner)::int,
    expires_at = clock_timestamp() + $4::float8 * interval '1 ms'
  where l.owner = excluded.owner or l.expires_at <= clock_timestamp()
  returning l.name`

export class PostgresLeases implements LeaseStore {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async acquire(group: string, names: readonly string[], owner: string, ttlMs: number): Promise<readonly string[]> {
    const rows = await this.#connection.run<{ name: string }>(ACQUIRE, [group, [...new Set(names)], owner, ttlMs], {
      isPrepared: true,
    })
    return rows.map(({ name }) => name)
  }

  /** The row stays, expired, so that its epoch goes on growing. */
  async release(group: string, names: readonly string[], owner: string): Promise<void> {
    await this.#connection.run(
      `update warren.lease set expires_at = clock_timestamp() where lease_group = $1 and name = any($2::text[]) and owner = $3`,
      [group, names, owner],
    )
  }

  async list(group: string): Promise<readonly Lease[]> {
    const rows = await this.#connection.run<LeaseRow>(
      `select name, owner, epoch, expires_at <= clock_timestamp() as is_expired from warren.lease where lease_group = $1 order by name`,
      [group],
    )
    return rows.map(leaseOf)
  }
}
