import { uuidTime } from '../envelope/uuid.ts'
import { leastIdAt } from './ids.ts'
import type { TimeRange } from './contract/reconciliation.ts'
import { chunksOf } from './reconciliation/dialect.ts'
import type { Dialect, Numeric } from './reconciliation/dialect.ts'
import { UNHANDLED } from './contract/samples.ts'
import type { InboxStatus } from './store.ts'
import type { MissingCount, UnhandledCount, WatchedEvent, WatchReads } from './contract/watch.ts'

interface NameCount {
  readonly name: string
  readonly count: Numeric
}

const ANY_STATE = `state in ('pending', 'unroutable', 'unpublishable')`

/** The status is a value of its own in each, so that each is a look at one place of the partial index. */
const UNHANDLED_BY_STATUS = UNHANDLED.map(
  (status) => `
  select i.name, i.status, count(*) as count, min(cast(i.message_id as text)) as oldest from warren.inbox i
  where i.subscription = $1 and i.status <> 'handled' and i.status = '${status}' and i.message_id >= $2 and i.message_id < $3
  group by i.name, i.status`,
).join(' union all ')

export class CountsOfWatches implements WatchReads {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async latestMs(range: TimeRange): Promise<number | null> {
    const [row] = await this.#dialect.read<{ id: string }>(
      'select id from warren.outbox where id >= $1 and id < $2 order by id desc limit 1',
      idsOf(range),
    )
    return row === undefined ? null : (uuidTime(row.id)?.getTime() ?? null)
  }

  async unsent(range: TimeRange): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#dialect.read<NameCount>(
      `select name, count(*) as count from warren.outbox_pending where ${ANY_STATE} and id >= $1 and id < $2 group by name`,
      idsOf(range),
    )
    return countsOf(rows)
  }

  async received(subscription: string, range: TimeRange): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#dialect.read<NameCount>(
      `select i.name, count(*) as count from warren.inbox i
       where i.subscription = $1 and i.message_id >= $2 and i.message_id < $3 group by i.name`,
      [subscription, ...idsOf(range)],
    )
    return countsOf(rows)
  }

  async unhandled(subscription: string, range: TimeRange): Promise<readonly UnhandledCount[]> {
    const rows = await this.#dialect.read<NameCount & Pick<UnhandledCount, 'status'> & { oldest: string }>(
      UNHANDLED_BY_STATUS,
      [subscription, ...idsOf(range)],
    )
    return rows.map(({ name, status, count, oldest }) => ({
      ...{ name, status, count: Number(count), oldestMs: uuidTime(oldest)?.getTime() ?? 0 },
    }))
  }

  async missing(range: TimeRange): Promise<readonly MissingCount[]> {
    const rows = await this.#dialect.read<
      NameCount & Pick<MissingCount, 'subscription' | 'state'> & { unresent: Numeric }
    >(
      `select subscription, name, state, count(*) as count, sum(case when attempts = 0 then 1 else 0 end) as unresent
       from warren.missing where message_id >= $1 and message_id < $2 and state in ('suspect', 'missing', 'gave-up')
       group by subscription, name, state`,
      idsOf(range),
    )
    return rows.map(({ count, unresent, ...row }) => ({ ...row, count: Number(count), unresent: Number(unresent) }))
  }

  async eventsOf(entityIds: readonly string[], range: TimeRange, limit: number): Promise<readonly WatchedEvent[]> {
    const events: WatchedEvent[] = []
    // One after the other: for several at once a planner may walk through the whole range instead of the index of entities.
    for (const entityId of new Set(entityIds)) {
      const rows = await this.#dialect.read<{ id: string; name: string; unsent: Numeric }>(
        `select o.id, o.name,
           case when exists (select 1 from warren.outbox_pending p where p.${ANY_STATE} and p.id = o.id) then 1 else 0 end as unsent
         from warren.outbox o where o.entity_id = $3 and o.id >= $1 and o.id < $2 order by o.id desc limit $4`,
        [...idsOf(range), entityId, limit],
      )
      events.push(...rows.map(({ id, name, unsent }) => ({ id, name, isSent: Number(unsent) === 0 })))
    }
    return events.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit)
  }

  async statuses(subscription: string, ids: readonly string[]): Promise<ReadonlyMap<string, InboxStatus>> {
    const statuses = new Map<string, InboxStatus>()
    for (const chunk of chunksOf(ids)) {
      const rows = await this.#dialect.read<{ message_id: string; status: InboxStatus }>(
        `select message_id, status from warren.inbox where subscription = $1 and ${this.#dialect.among('message_id', '$2')}`,
        [subscription, chunk],
      )
      for (const { message_id, status } of rows) statuses.set(message_id, status)
    }
    return statuses
  }
}

function idsOf({ fromMs, toMs }: TimeRange): readonly [string, string] {
  return [leastIdAt(fromMs), leastIdAt(toMs)]
}

function countsOf(rows: readonly NameCount[]): ReadonlyMap<string, number> {
  return new Map(rows.map(({ name, count }) => [name, Number(count)]))
}
