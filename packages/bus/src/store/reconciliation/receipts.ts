import { leastIdAt } from '../ids.ts'
import type { EventKey, LastAnswered, RangeDigests, ReceiptStore, TimeRange } from '../contract/reconciliation.ts'
import { chunksOf, numberOf } from './dialect.ts'
import type { Dialect, Numeric } from './dialect.ts'
import { digestsOf } from './ledger.ts'

/** An instance that has not reported for a day is gone for good. */
const FORGOTTEN_MS = 86_400_000

export class Receipts implements ReceiptStore {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  digests(subscription: string, source: string, ranges: readonly TimeRange[]): Promise<readonly RangeDigests[]> {
    const text = `
      select i.name, count(*) as count, ${this.#dialect.xor('i.message_id')} as xor
      from warren.inbox i
      where i.subscription = $3 and i.source = $4 and i.message_id >= $1 and i.message_id < $2
      group by i.name`
    return digestsOf(this.#dialect, text, ranges, [subscription, source])
  }

  received(
    subscription: string,
    source: string,
    { fromMs, toMs }: TimeRange,
    limit: number,
  ): Promise<readonly EventKey[]> {
    return this.#dialect.read<EventKey>(
      `select i.message_id as id, i.name from warren.inbox i
       where i.subscription = $1 and i.source = $2 and i.message_id >= $3 and i.message_id < $4
       order by i.message_id limit $5`,
      [subscription, source, leastIdAt(fromMs), leastIdAt(toMs), limit],
    )
  }

  async absent(subscription: string, ids: readonly string[]): Promise<readonly string[]> {
    const present = new Set<string>()
    for (const chunk of chunksOf(ids)) {
      const text = `select message_id from warren.inbox where subscription = $1 and ${this.#dialect.among('message_id', '$2')}`
      const rows = await this.#dialect.read<{ message_id: string }>(text, [subscription, chunk])
      for (const row of rows) present.add(row.message_id)
    }
    return ids.filter((id) => !present.has(id))
  }

  async unsettled(subscription: string): Promise<{ readonly retrying: number; readonly parked: number }> {
    const rows = await this.#dialect.read<{ status: string; count: Numeric }>(
      `select status, count(*) as count from warren.inbox
       where subscription = $1 and status <> 'handled' and status in ('retrying', 'parked') group by status`,
      [subscription],
    )
    const count = (status: string): number => Number(rows.find((row) => row.status === status)?.count ?? 0)
    return { retrying: count('retrying'), parked: count('parked') }
  }

  async lastAnswered(subscription: string, source: string): Promise<LastAnswered | null> {
    // One statement, one moment: between two, another answer could move `heard_id` on and take away what was unheard.
    const rows = await this.#dialect.read<{
      barrier_id: string
      proven_through: Numeric
      rewind_id: string | null
      rewound_to: Numeric | null
      heard_id: string | null
      unheard_id: string | null
    }>(
      `select a.barrier_id, a.proven_through, a.rewind_id, a.rewound_to, a.heard_id, u.barrier_id as unheard_id
       from warren.answered_barrier a
       left join warren.unheard_answer u on u.subscription = a.subscription and u.source = a.source
       where a.subscription = $1 and a.source = $2 order by u.barrier_id`,
      [subscription, source],
    )
    const [row] = rows
    if (row === undefined) return null
    return {
      barrierId: row.barrier_id,
      provenThroughMs: Number(row.proven_through),
      rewindId: row.rewind_id,
      rewoundMs: numberOf(row.rewound_to),
      heardId: row.heard_id,
      unheardIds: rows.flatMap(({ unheard_id }) => (unheard_id === null ? [] : [unheard_id])),
    }
  }

  async answered(subscription: string, source: string, last: Omit<LastAnswered, 'unheardIds'>): Promise<void> {
    const { barrierId, provenThroughMs, rewindId, rewoundMs, heardId } = last
    const now = await this.#dialect.nowMs()
    await this.#dialect.write(async (sql) => {
      await sql.query(
        `insert into warren.answered_barrier as a
           (subscription, source, barrier_id, proven_through, answered_at, rewind_id, rewound_to, heard_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (subscription, source) do update
         set barrier_id = excluded.barrier_id, proven_through = excluded.proven_through, answered_at = excluded.answered_at,
           rewind_id = excluded.rewind_id, rewound_to = excluded.rewound_to,
           heard_id = case when excluded.heard_id is null or a.heard_id > excluded.heard_id then a.heard_id else excluded.heard_id end
         where a.barrier_id < excluded.barrier_id`,
        [subscription, source, barrierId, provenThroughMs, now, rewindId, rewoundMs, heardId],
      )
      await sql.query(
        'insert into warren.unheard_answer (subscription, source, barrier_id) values ($1, $2, $3) on conflict do nothing',
        [subscription, source, barrierId],
      )
      await sql.query(
        `delete from warren.unheard_answer where subscription = $1 and source = $2 and barrier_id <=
           (select heard_id from warren.answered_barrier where subscription = $1 and source = $2)`,
        [subscription, source],
      )
    })
  }

  async report(subscription: string, instance: string, settledThroughMs: number | null): Promise<number> {
    const now = await this.#dialect.nowMs()
    await this.#dialect.write((sql) =>
      sql.query(
        `insert into warren.consumer as c (subscription, instance, settled_through, seen_at) values ($1, $2, $3, $4)
         on conflict (subscription, instance) do update
         set settled_through = case when $5 then c.settled_through else excluded.settled_through end, seen_at = excluded.seen_at`,
        [subscription, instance, settledThroughMs ?? now, now, settledThroughMs === null],
      ),
    )
    return now
  }

  async othersSettledMs(subscription: string, instance: string, aliveMs: number): Promise<number | null> {
    const now = await this.#dialect.nowMs()
    const [row] = await this.#dialect.read<{ least: Numeric | null }>(
      `select min(settled_through) as least from warren.consumer
       where subscription = $1 and instance <> $2 and seen_at >= $3`,
      [subscription, instance, now - aliveMs],
    )
    return numberOf(row?.least ?? null)
  }

  async leave(subscription: string, instance: string): Promise<void> {
    const now = await this.#dialect.nowMs()
    await this.#dialect.write((sql) =>
      sql.query('delete from warren.consumer where subscription = $1 and (instance = $2 or seen_at < $3)', [
        subscription,
        instance,
        now - FORGOTTEN_MS,
      ]),
    )
  }
}
