import { uuidTime } from '../../envelope/uuid.ts'
import { leastIdAt } from '../ids.ts'
import type { TimeRange } from '../contract/reconciliation.ts'
import { UNHANDLED } from '../contract/samples.ts'
import type { DeliverySample, SampleReads, UnhandledSample } from '../contract/samples.ts'
import type { InboxStatus } from '../store.ts'
import type { Connection } from './connection.ts'

interface Row {
  readonly message_id: string
  readonly status: InboxStatus
  readonly settled_at: number | null
}

const DELIVERIES = `
  select i.message_id, i.status, i.settled_at from warren_inbox i
  where i.subscription = $1 and i.message_id >= $2 and i.message_id < $3
  order by i.message_id desc limit $4`

// Without statistics SQLite would rather read the whole primary key.
const UNHANDLED_OF_STATUS = `
  select i.message_id from warren_inbox i indexed by warren_inbox_unhandled
  where i.subscription = $1 and i.status = $2 and i.status <> 'handled' and i.message_id >= $3 and i.message_id < $4
  order by i.message_id desc limit $5`

export class SqliteSamples implements SampleReads {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  subscriptions(limit: number): Promise<readonly { readonly name: string; readonly queue: string }[]> {
    return this.#connection.read<{ name: string; queue: string }>(
      'select name, queue from warren_subscription order by name limit $1',
      [limit],
    )
  }

  async deliveries(
    subscription: string,
    ranges: readonly TimeRange[],
    perRange: number,
  ): Promise<readonly DeliverySample[]> {
    const samples: DeliverySample[] = []
    for (const { fromMs, toMs } of ranges) {
      const values = [subscription, leastIdAt(fromMs), leastIdAt(toMs), perRange]
      for (const { message_id, status, settled_at } of await this.#connection.read<Row>(DELIVERIES, values))
        samples.push({ publishedMs: uuidTime(message_id)?.getTime() ?? 0, status, settledMs: settled_at })
    }
    return samples
  }

  async unhandled(
    subscription: string,
    { fromMs, toMs }: TimeRange,
    perStatus: number,
  ): Promise<readonly UnhandledSample[]> {
    const samples: UnhandledSample[] = []
    for (const status of UNHANDLED) {
      const values = [subscription, status, leastIdAt(fromMs), leastIdAt(toMs), perStatus]
      for (const { message_id } of await this.#connection.read<{ message_id: string }>(UNHANDLED_OF_STATUS, values))
        samples.push({ publishedMs: uuidTime(message_id)?.getTime() ?? 0, status })
    }
    return samples
  }
}
