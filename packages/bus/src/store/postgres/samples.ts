import { uuidTime } from '../../envelope/uuid.ts'
import { leastIdAt } from '../ids.ts'
import type { TimeRange } from '../contract/reconciliation.ts'
import { UNHANDLED } from '../contract/samples.ts'
import type { DeliverySample, SampleReads, UnhandledSample } from '../contract/samples.ts'
import type { InboxStatus } from '../store.ts'
import type { Connection } from './connection.ts'
import { ms, uuidArray } from './statements.ts'

interface Row {
  readonly message_id: string
  readonly status: InboxStatus
  readonly settled_at: number | string | null
}

/** One descent into the index for each range; partitions that a range does not touch are left out while it runs. */
const DELIVERIES = `
  select e.message_id, e.status, ${ms('e.settled_at')} as settled_at
  from unnest($2::uuid[], $3::uuid[]) as r(from_id, to_id)
  cross join lateral (
    select i.message_id, i.status, i.settled_at from warren.inbox i
    where i.subscription = $1 and i.message_id >= r.from_id and i.message_id < r.to_id
    order by i.message_id desc limit $4::int
  ) as e`

/** The status is a value of its own in each, so that each is a look at one place of the partial index. */
const UNHANDLED_ENTRIES = UNHANDLED.map(
  (status) => `
  (select i.message_id, i.status from warren.inbox i
   where i.subscription = $1 and i.status <> 'handled' and i.status = '${status}' and i.message_id >= $2::uuid and i.message_id < $3::uuid
   order by i.message_id desc limit $4::int)`,
).join(' union all ')

export class PostgresSamples implements SampleReads {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  subscriptions(limit: number): Promise<readonly { readonly name: string; readonly queue: string }[]> {
    return this.#connection.read<{ name: string; queue: string }>(
      'select name, queue from warren.subscription order by name limit $1::int',
      [limit],
    )
  }

  async deliveries(
    subscription: string,
    ranges: readonly TimeRange[],
    perRange: number,
  ): Promise<readonly DeliverySample[]> {
    const rows = await this.#connection.read<Row>(DELIVERIES, [
      subscription,
      uuidArray(ranges.map(({ fromMs }) => leastIdAt(fromMs))),
      uuidArray(ranges.map(({ toMs }) => leastIdAt(toMs))),
      perRange,
    ])
    return rows.map(({ message_id, status, settled_at }) => ({
      publishedMs: uuidTime(message_id)?.getTime() ?? 0,
      status,
      settledMs: settled_at === null ? null : Number(settled_at),
    }))
  }

  async unhandled(
    subscription: string,
    { fromMs, toMs }: TimeRange,
    perStatus: number,
  ): Promise<readonly UnhandledSample[]> {
    const rows = await this.#connection.read<{ message_id: string; status: UnhandledSample['status'] }>(
      UNHANDLED_ENTRIES,
      [subscription, leastIdAt(fromMs), leastIdAt(toMs), perStatus],
    )
    return rows.map(({ message_id, status }) => ({ publishedMs: uuidTime(message_id)?.getTime() ?? 0, status }))
  }
}
