import { standingOf, subscriptionOf } from '../rows.ts'
import type { StandingRow, SubscriptionRow } from '../rows.ts'
import type { Standing, SubscriptionRecord, SubscriptionStore, SubscriptionSummary } from '../store.ts'
import type { Connection } from './connection.ts'
import type { Transactions } from './transactions.ts'

/** The last one handled is the one with the greatest id: exact enough, and one look into an index. */
const LIST = `
  select s.name, s.service, s.patterns, s.queue, s.active_from, s.last_seen_at,
    (select count(*) from warren_inbox i where i.subscription = s.name)
      - (select count(*) from warren_inbox i where i.subscription = s.name and i.status <> 'handled') as handled,
    (select count(*) from warren_inbox i where i.subscription = s.name and i.status = 'retrying' and i.status <> 'handled') as retrying,
    (select count(*) from warren_inbox i where i.subscription = s.name and i.status = 'parked' and i.status <> 'handled') as parked,
    (select count(*) from warren_inbox i where i.subscription = s.name and i.status = 'discarded' and i.status <> 'handled') as discarded,
    (select i.settled_at from warren_inbox i where i.subscription = s.name and i.status = 'handled'
     order by i.message_id desc limit 1) as last_handled_at
  from warren_subscription s
  order by s.name`

export class SqliteSubscriptions implements SubscriptionStore {
  readonly #connection: Connection
  readonly #transactions: Transactions

  constructor(connection: Connection, transactions: Transactions) {
    this.#connection = connection
    this.#transactions = transactions
  }

  async announce(subscription: SubscriptionRecord): Promise<void> {
    const { name, service, patterns, queue } = subscription
    await this.#transactions.write((tx) =>
      tx.all(
        `insert into warren_subscription (name, service, patterns, queue, active_from, last_seen_at)
         values ($1, $2, $3, $4, $5, $5)
         on conflict (name) do update set service = excluded.service, patterns = excluded.patterns, queue = excluded.queue,
           active_to = null, last_seen_at = excluded.last_seen_at`,
        [name, service, patterns, queue, Date.now()],
      ),
    )
  }

  async stand(name: string, patterns: readonly string[], isNewQueue: boolean): Promise<Standing | null> {
    const [row] = await this.#transactions.write((tx) =>
      tx.all<StandingRow>(
        `update warren_subscription set last_seen_at = $4,
           standing_patterns = $2,
           previous_since = case when standing_patterns = $2 then previous_since else patterns_since end,
           patterns_since = case when standing_patterns = $2 then patterns_since else $4 end,
           queue_created_at = case when $3 and patterns_since is not null then $4 else queue_created_at end
         where name = $1
         returning active_from, patterns_since, previous_since, queue_created_at`,
        [name, JSON.stringify(patterns), isNewQueue, Date.now()],
      ),
    )
    return row === undefined ? null : standingOf(row)
  }

  async find(name: string): Promise<SubscriptionRecord | null> {
    const [row] = await this.#connection.read<{ name: string; service: string; patterns: string; queue: string }>(
      'select name, service, patterns, queue from warren_subscription where name = $1',
      [name],
    )
    return row === undefined ? null : { ...row, patterns: JSON.parse(row.patterns) as string[] }
  }

  async list(): Promise<readonly SubscriptionSummary[]> {
    return (await this.#connection.read<SubscriptionRow>(LIST)).map(subscriptionOf)
  }
}
