import { standingOf, subscriptionOf } from '../rows.ts'
import type { StandingRow, SubscriptionRow } from '../rows.ts'
import type { Standing, SubscriptionRecord, SubscriptionStore, SubscriptionSummary } from '../store.ts'
import type { Connection } from './connection.ts'
import { ms } from './statements.ts'

/**
 * `handled` is what is left of all entries when those in other states, which have an index of their own, are taken away.
 * The last one handled is the one with the greatest id: exact enough, and one look into an index.
 */
const LIST = `
  select s.name, s.service, s.patterns::text as patterns, s.queue,
    ${ms('s.active_from')} as active_from, ${ms('s.last_seen_at')} as last_seen_at,
    entries.total - coalesce(unhandled.total, 0) as handled,
    coalesce(unhandled.retrying, 0) as retrying, coalesce(unhandled.parked, 0) as parked,
    coalesce(unhandled.discarded, 0) as discarded, ${ms('newest.settled_at')} as last_handled_at
  from warren.subscription s
  cross join lateral (select count(*) as total from warren.inbox i where i.subscription = s.name) as entries
  left join lateral (
    select
      count(*) as total,
      count(*) filter (where i.status = 'retrying') as retrying,
      count(*) filter (where i.status = 'parked') as parked,
      count(*) filter (where i.status = 'discarded') as discarded
    from warren.inbox i where i.subscription = s.name and i.status <> 'handled'
  ) as unhandled on true
  left join lateral (
    select i.settled_at from warren.inbox i
    where i.subscription = s.name and i.status = 'handled' order by i.message_id desc limit 1
  ) as newest on true
  order by s.name`

export class PostgresSubscriptions implements SubscriptionStore {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
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

  async list(): Promise<readonly SubscriptionSummary[]> {
    return (await this.#connection.read<SubscriptionRow>(LIST)).map(subscriptionOf)
  }
}
