import { leaseOf } from '../rows.ts'
import type { LeaseRow } from '../rows.ts'
import type { Lease, LeaseStore } from '../store.ts'
import type { Connection } from './connection.ts'
import type { Transactions } from './transactions.ts'

const ACQUIRE = `
  insert into warren_lease (lease_group, name, owner, expires_at)
  select $1, value, $3, $4 from json_each($2) where true
  on conflict (lease_group, name) do update set
    owner = excluded.owner, epoch = epoch + (owner <> excluded.owner), expires_at = excluded.expires_at
  where owner = excluded.owner or expires_at <= $5
  returning name`

export class SqliteLeases implements LeaseStore {
  readonly #connection: Connection
  readonly #transactions: Transactions

  constructor(connection: Connection, transactions: Transactions) {
    this.#connection = connection
    this.#transactions = transactions
  }

  async acquire(group: string, names: readonly string[], owner: string, ttlMs: number): Promise<readonly string[]> {
    const rows = await this.#transactions.write((tx) => {
      const now = Date.now()
      return tx.all<{ name: string }>(ACQUIRE, [group, [...new Set(names)], owner, Math.ceil(now + ttlMs), now])
    })
    return rows.map(({ name }) => name)
  }

  /** The row stays, expired, so that its epoch goes on growing. */
  async release(group: string, names: readonly string[], owner: string): Promise<void> {
    const text = `update warren_lease set expires_at = $4
      where lease_group = $1 and name in (select value from json_each($2)) and owner = $3`
    await this.#transactions.write((tx) => tx.all(text, [group, names, owner, Date.now()]))
  }

  async list(group: string): Promise<readonly Lease[]> {
    const rows = await this.#connection.read<LeaseRow>(
      'select name, owner, epoch, expires_at <= $2 as is_expired from warren_lease where lease_group = $1 order by name',
      [group, Date.now()],
    )
    return rows.map(leaseOf)
  }
}
