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
import { ms } from './statements.ts'

const LIST = `
  select s.name, s.service, s.patterns::text as patterns, s.queue, ${ms('s.active_from')} as active_from,
    ${ms('s.last_seen_at')} as last_seen_at, s.paused_at, s.paused_by
  from warren.subscription s order by s.name`

export class PostgresSubscriptions implements SubscriptionStore {
  readonly #connection: Connection
  readonly #pauses: Pauses
  readonly #tallies: Tallies

  constructor(connection: Connection, dialect: Dialect) {
    this.#connection = connection
    this.#pauses = new Pauses(dialect)
    this.#tallies = new Tallies(dialect)
  }

  async announce(subscription: SubscriptionRecord): Promise<void> {
    const { name, service, patterns, queue } = subscription
    await this.#connection.run(
      `insert into warren.subscription (name, service, patterns, queue) values ($1, $2, $3::json, $4)
       on conflict (name) do update set service = excluded.service, patterns = excluded.patterns, queue = excluded.queue,
         active_to = null, last_seen_at = now()`,
      [name, service, JSON.stringify(patterns), queue],
    )
  }

  async stand(name: string, patterns: readonly string[], isNewQueue: boolean): Promise<Standing | null> {
    const [row] = await this.#connection.run<StandingRow>(
      `update warren.subscription set last_seen_at = now(),
         standing_patterns = $2,
         previous_since = case when standing_patterns = $2 then previous_since else patterns_since end,
         patterns_since = case when standing_patterns = $2 then patterns_since else now_ms.value end,
         queue_created_at = case when $3 and patterns_since is not null then now_ms.value else queue_created_at end
       from (select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as value) as now_ms
       where name = $1
       returning ${ms('active_from')} as active_from, patterns_since, previous_since, queue_created_at`,
      [name, JSON.stringify(patterns), isNewQueue],
    )
    return row === undefined ? null : standingOf(row)
  }

  async find(name: string): Promise<SubscriptionRecord | null> {
    const [row] = await this.#connection.run<{ name: string; service: string; patterns: string; queue: string }>(
      'select name, service, patterns::text as patterns, queue from warren.subscription where name = $1',
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
