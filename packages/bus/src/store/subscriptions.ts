import { Pauses } from './pauses.ts'
import type { Dialect } from './reconciliation/dialect.ts'
import { standingOf, subscriptionOf } from './rows.ts'
import type { StandingRow, SubscriptionRow } from './rows.ts'
import { Tallies } from './tallies.ts'
import type {
  AnnouncedSubscription,
  Pause,
  PauseChange,
  Standing,
  SubscriptionRecord,
  SubscriptionStore,
  SubscriptionTally,
} from './store.ts'

/** Subscriptions on any dialect. */
export class Subscriptions implements SubscriptionStore {
  readonly #dialect: Dialect
  readonly #pauses: Pauses
  readonly #tallies: Tallies

  constructor(dialect: Dialect) {
    this.#dialect = dialect
    this.#pauses = new Pauses(dialect)
    this.#tallies = new Tallies(dialect)
  }

  async announce({ name, service, patterns, queue }: SubscriptionRecord): Promise<void> {
    const now = this.#dialect.dueIn('0')
    await this.#dialect.write((sql) =>
      sql.query(
        `insert into warren.subscription (name, service, patterns, queue, active_from, last_seen_at)
         values ($1, $2, $3, $4, ${now}, ${now})
         on conflict (name) do update set service = excluded.service, patterns = excluded.patterns, queue = excluded.queue,
           active_to = null, last_seen_at = excluded.last_seen_at`,
        [name, service, JSON.stringify(patterns), queue],
      ),
    )
  }

  async stand(name: string, patterns: readonly string[], isNewQueue: boolean): Promise<Standing | null> {
    // Once, for all columns: what is compared with each other comes from one look at the clock.
    const nowMs = await this.#dialect.nowMs()
    const { rows } = await this.#dialect.write((sql) =>
      sql.query<StandingRow>(
        `update warren.subscription set last_seen_at = ${this.#dialect.dueIn('0')},
           standing_patterns = $2,
           previous_since = case when standing_patterns = $2 then previous_since else patterns_since end,
           patterns_since = case when standing_patterns = $2 then patterns_since else $4 end,
           queue_created_at = case when $3 and patterns_since is not null then $4 else queue_created_at end
         where name = $1
         returning ${this.#dialect.ms('active_from')} as active_from, patterns_since, previous_since, queue_created_at`,
        [name, JSON.stringify(patterns), isNewQueue, nowMs],
      ),
    )
    const [row] = rows
    return row === undefined ? null : standingOf(row)
  }

  async find(name: string): Promise<SubscriptionRecord | null> {
    const [row] = await this.#dialect.read<{ name: string; service: string; patterns: string; queue: string }>(
      'select name, service, cast(patterns as text) as patterns, queue from warren.subscription where name = $1',
      [name],
    )
    return row === undefined ? null : { ...row, patterns: JSON.parse(row.patterns) as string[] }
  }

  async list(): Promise<readonly AnnouncedSubscription[]> {
    const rows = await this.#dialect.read<SubscriptionRow>(
      `select name, service, cast(patterns as text) as patterns, queue, ${this.#dialect.ms('active_from')} as active_from,
         ${this.#dialect.ms('last_seen_at')} as last_seen_at, paused_at, paused_by
       from warren.subscription order by name`,
    )
    return rows.map(subscriptionOf)
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
