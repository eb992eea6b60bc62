import { Pauses } from '../pauses.ts'
import type { Dialect } from '../reconciliation/dialect.ts'
import { standingOf, subscriptionOf } from '../rows.ts'
import type { StandingRow, SubscriptionRow } from '../rows.ts'
import { Tallies } from '../tallies.ts'
import type {
  AnnouncedSubscription,
  Pause,
  PauseChange,
  Standing,
  SubscriptionRecord,
  SubscriptionStore,
  SubscriptionTally,
} from '../store.ts'
import type { Connection } from './connection.ts'
import type { Transactions } from './transactions.ts'

const LIST = `
  select s.name, s.service, s.patterns, s.queue, s.active_from, s.last_seen_at, s.paused_at, s.paused_by
  from warren_subscription s order by s.name`

export class SqliteSubscriptions implements SubscriptionStore {
  readonly #connection: Connection
  readonly #transactions: Transactions
  readonly #pauses: Pauses
  readonly #tallies: Tallies

  constructor(connection: Connection, transactions: Transactions, dialect: Dialect) {
    this.#connection = connection
    this.#transactions = transactions
    this.#pauses = new Pauses(dialect)
    this.#tallies = new Tallies(dialect)
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

  async list(): Promise<readonly AnnouncedSubscription[]> {
    return (await this.#connection.read<SubscriptionRow>(LIST)).map(subscriptionOf)
  }

  tally(name: string, countUpTo?: number): Promise<SubscriptionTally> {
    return this.#tallies.read(name, countUpTo)
  }

  countHandled(name: string): Promise<number> {
    return this.#tallies.countHandled(name)
  }

  pauseOf(name: string): Promise<Pause | null> {
    return this.#pauses.find(name)
  }

  pause(name: string, actor: string): Promise<PauseChange | null> {
    return this.#pauses.set(name, 'pause', actor)
  }

  resume(name: string, actor: string): Promise<PauseChange | null> {
    return this.#pauses.set(name, 'resume', actor)
  }
}
