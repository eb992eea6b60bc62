import { leastIdAfterFailing, leastIdAt } from './ids.ts'
import type { Dialect } from './reconciliation/dialect.ts'
import type { Depth, DepthReads } from './store.ts'

/** How far down so many rows go, on any dialect: read from the keys alone. */
export class Depths implements DepthReads {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async sent(depth: Depth): Promise<string | null> {
    const [from, to] = idsOf(depth)
    const [row] = await this.#dialect.read<{ id: string }>(
      'select o.id from warren.outbox o where o.id >= $1 and o.id < $2 order by o.id desc limit 1 offset $3',
      [from, to, depth.rows - 1],
    )
    return row?.id ?? null
  }

  received(depth: Depth, subscription?: string): Promise<string | null> {
    return this.#ofEach('warren.inbox', depth, subscription)
  }

  failures({ until, ...depth }: Depth, subscription?: string): Promise<string | null> {
    const end = until && leastIdAfterFailing(until)
    const before = end !== undefined && (depth.before === undefined || end < depth.before) ? end : depth.before
    return this.#ofEach('warren.inbox_failure', { ...depth, before }, subscription)
  }

  /** Where the first of them ends, when each subscription has its share of the rows. */
  async #ofEach(table: string, depth: Depth, only: string | undefined): Promise<string | null> {
    const [from, to] = idsOf(depth)
    const subscriptions = only === undefined ? await subscriptionsOf(this.#dialect, table) : [only]
    let greatest: string | null = null
    for (const subscription of subscriptions) {
      const [row] = await this.#dialect.read<{ id: string }>(
        `select e.message_id as id from ${table} e where e.subscription = $1 and e.message_id >= $2 and e.message_id < $3
         order by e.message_id desc limit 1 offset $4`,
        [subscription, from, to, Math.ceil(depth.rows / subscriptions.length) - 1],
      )
      if (row !== undefined && (greatest === null || row.id > greatest)) greatest = row.id
    }
    return greatest
  }
}

/** Those that have rows at all, from one to the next through the primary key. */
async function subscriptionsOf(dialect: Dialect, table: string): Promise<readonly string[]> {
  const rows = await dialect.read<{ subscription: string }>(
    `with recursive subscriptions(subscription) as (
       select min(e.subscription) from ${table} e
       union all
       select (select min(e.subscription) from ${table} e where e.subscription > s.subscription)
       from subscriptions s where s.subscription is not null
     )
     select subscription from subscriptions where subscription is not null`,
  )
  return rows.map(({ subscription }) => subscription)
}

/** The first is included. */
function idsOf({ before = 'ffffffff-ffff-ffff-ffff-ffffffffffff', since, until }: Depth): readonly [string, string] {
  const end = until === undefined ? before : leastIdAt(until.getTime())
  return [leastIdAt(since?.getTime() ?? 0), end < before ? end : before]
}
