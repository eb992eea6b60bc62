import { leastIdAt } from '../ids.ts'
import { uuidTime } from '../../envelope/uuid.ts'
import type { EventKey, LedgerReads, RangeDigests, TimeRange } from '../contract/reconciliation.ts'
import { chunksOf } from './dialect.ts'
import type { Dialect, Numeric } from './dialect.ts'

/**
 * What waits to be sent is not expected anywhere. The range is repeated for the planner: the pending rows of a range are
 * few, whatever the backlog is.
 */
export const IS_SENT: string = `not exists (
  select 1 from warren.outbox_pending p
  where p.state in ('pending', 'unroutable', 'unpublishable') and p.id >= $1 and p.id < $2 and p.id = o.id)`

export class Ledger implements LedgerReads {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async isUsed(): Promise<boolean> {
    return (await this.#dialect.read('select 1 from warren.outbox limit 1')).length > 0
  }

  async oldestUnsentMs(): Promise<number | null> {
    // One that was sent in vain may be in some of its queues already; it is late when it is confirmed.
    const [row] = await this.#dialect.read<{ id: string }>(
      `select id from warren.outbox_pending where state = 'pending' and attempts = 0 order by id limit 1`,
    )
    return row === undefined ? null : (uuidTime(row.id)?.getTime() ?? null)
  }

  async digests(ranges: readonly TimeRange[]): Promise<readonly RangeDigests[]> {
    const text = `
      select o.name, count(*) as count, ${this.#dialect.xor('o.id')} as xor
      from warren.outbox o where o.id >= $1 and o.id < $2 and ${IS_SENT} group by o.name`
    return digestsOf(this.#dialect, text, ranges, [])
  }

  async sent({ fromMs, toMs }: TimeRange): Promise<readonly EventKey[]> {
    return this.#dialect.read<EventKey>(
      `select o.id, o.name from warren.outbox o where o.id >= $1 and o.id < $2 and ${IS_SENT} order by o.id`,
      [leastIdAt(fromMs), leastIdAt(toMs)],
    )
  }

  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const known = new Set<string>()
    for (const chunk of chunksOf(ids)) {
      const text = `select id from warren.outbox where ${this.#dialect.among('id', '$1')}`
      for (const { id } of await this.#dialect.read<{ id: string }>(text, [chunk])) known.add(id)
    }
    return known
  }

  async hasAny({ fromMs, toMs }: TimeRange, names: readonly string[]): Promise<boolean> {
    if (names.length === 0) return false
    const text = `select 1 from warren.outbox where id >= $1 and id < $2 and ${this.#dialect.among('name', '$3')} limit 1`
    return (await this.#dialect.read(text, [leastIdAt(fromMs), leastIdAt(toMs), names])).length > 0
  }
}

interface DigestRow {
  readonly name: string
  readonly count: Numeric
  readonly xor: string
}

/** One statement for each range; `$1` and `$2` are its ids. */
export async function digestsOf(
  dialect: Dialect,
  text: string,
  ranges: readonly TimeRange[],
  more: readonly unknown[],
): Promise<readonly RangeDigests[]> {
  const results: RangeDigests[] = []
  for (const { fromMs, toMs } of ranges) {
    const rows = await dialect.read<DigestRow>(text, [leastIdAt(fromMs), leastIdAt(toMs), ...more])
    results.push({ fromMs, toMs, digests: rows.map(({ name, count, xor }) => ({ name, count: Number(count), xor })) })
  }
  return results
}
