import { numberOf } from './reconciliation/dialect.ts'
import type { Dialect, Numeric } from './reconciliation/dialect.ts'
import type { InboxStatus, SubscriptionTally } from './store.ts'

/** Counts of the inbox on any dialect. */
export class Tallies {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async read(subscription: string, countUpTo: number = Number.MAX_SAFE_INTEGER): Promise<SubscriptionTally> {
    const counted = (status: InboxStatus): string =>
      `(select count(*) from (
         select 1 from warren.inbox i where i.subscription = $1 and i.status = '${status}' and i.status <> 'handled' limit $2
       ) as counted) as ${status}`
    const [row] = await this.#dialect.read<Record<'retrying' | 'parked' | 'discarded', Numeric>>(
      `select ${counted('retrying')}, ${counted('parked')}, ${counted('discarded')}`,
      [subscription, countUpTo],
    )
    const [retrying, parked, discarded] = [row?.retrying, row?.parked, row?.discarded].map((count) =>
      Number(count ?? 0),
    )
    const counts = { retrying: retrying ?? 0, parked: parked ?? 0, discarded: discarded ?? 0 }
    return {
      ...counts,
      isExact: Object.values(counts).every((count) => count < countUpTo),
      lastHandledAt: await this.#lastHandledAt(subscription),
    }
  }

  /** Of all entries, without those in other states, which have an index of their own. */
  async countHandled(subscription: string): Promise<number> {
    const [row] = await this.#dialect.read<{ handled: Numeric }>(
      `select (select count(*) from warren.inbox i where i.subscription = $1)
         - (select count(*) from warren.inbox i where i.subscription = $1 and i.status <> 'handled') as handled`,
      [subscription],
    )
    return Number(row?.handled ?? 0)
  }

  /** The one with the greatest id: exact enough, and one look into an index. */
  async #lastHandledAt(subscription: string): Promise<Date | null> {
    const [row] = await this.#dialect.read<{ at: Numeric | null }>(
      `select ${this.#dialect.ms('i.settled_at')} as at from warren.inbox i
       where i.subscription = $1 and i.status = 'handled' order by i.message_id desc limit 1`,
      [subscription],
    )
    const atMs = numberOf(row?.at ?? null)
    return atMs === null ? null : new Date(atMs)
  }
}
