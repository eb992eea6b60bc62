import type { RegisteredSubscription, Registration, RegistryStore, TimeRange } from '../contract/reconciliation.ts'
import { insertBackfill } from './backfill.ts'
import { numberOf } from './dialect.ts'
import type { Dialect, Numeric } from './dialect.ts'

interface Row {
  subscription: string
  service: string
  queue: string
  has_inbox: boolean | number
  timeout_ms: Numeric
  first_seen_at: Numeric
  last_seen_at: Numeric
  queue_created_at: Numeric | null
  patterns_since: Numeric | null
  retired_at: Numeric | null
  retired_by: string | null
  paused_at: Numeric | null
  paused_by: string | null
}

interface PeriodRow {
  subscription: string
  active_from: Numeric
  active_to: Numeric | null
  patterns: string
}

export class Registry implements RegistryStore {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async list(): Promise<readonly RegisteredSubscription[]> {
    const rows = await this.#dialect.read<Row>('select * from warren.registry order by subscription')
    const periods = await this.#dialect.read<PeriodRow>('select * from warren.registry_period order by active_from')
    return rows.map((row) => ({
      name: row.subscription,
      service: row.service,
      queue: row.queue,
      hasInbox: Boolean(row.has_inbox),
      timeoutMs: Number(row.timeout_ms),
      firstSeenMs: Number(row.first_seen_at),
      lastSeenMs: Number(row.last_seen_at),
      queueCreatedMs: numberOf(row.queue_created_at),
      patternsSinceMs: numberOf(row.patterns_since),
      retired: row.retired_at === null ? null : { atMs: Number(row.retired_at), by: row.retired_by ?? '' },
      paused: row.paused_at === null ? null : { atMs: Number(row.paused_at), by: row.paused_by ?? '' },
      periods: periods
        .filter(({ subscription }) => subscription === row.subscription)
        .map(({ active_from, active_to, patterns }) => ({
          fromMs: Number(active_from),
          toMs: numberOf(active_to),
          patterns: JSON.parse(patterns) as string[],
        })),
    }))
  }

  async register(
    { name, service, queue, hasInbox, timeoutMs, queueCreatedMs, patternsSinceMs, paused = null }: Registration,
    begin: { readonly closeMs: number; readonly fromMs: number; readonly patterns: readonly string[] } | null,
    backfill: TimeRange | null,
  ): Promise<void> {
    const now = await this.#dialect.nowMs()
    await this.#dialect.write(async (sql) => {
      const known = await sql.query<Pick<Row, 'paused_at'>>(
        'select paused_at from warren.registry where subscription = $1',
        [name],
      )
      await sql.query(
        `insert into warren.registry
           (subscription, service, queue, has_inbox, timeout_ms, first_seen_at, last_seen_at, queue_created_at, patterns_since,
            paused_at, paused_by)
         values ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10)
         on conflict (subscription) do update set service = excluded.service, queue = excluded.queue,
           has_inbox = excluded.has_inbox, timeout_ms = excluded.timeout_ms, last_seen_at = excluded.last_seen_at,
           queue_created_at = excluded.queue_created_at, patterns_since = excluded.patterns_since, retired_at = null, retired_by = null,
           paused_at = excluded.paused_at, paused_by = excluded.paused_by`,
        [
          ...[name, service, queue, hasInbox, timeoutMs, now, queueCreatedMs, patternsSinceMs],
          ...[paused?.atMs ?? null, paused?.by ?? null],
        ],
      )
      // Barriers waited because nobody was to answer them. How long they go unanswered counts from when somebody is again.
      if (paused === null && known.rows[0]?.paused_at != null) {
        await sql.query(
          'update warren.proof set waiting_since = $2 where subscription = $1 and waiting_since is not null',
          [name, now],
        )
      }
      if (begin === null) return
      await sql.query(
        'update warren.registry_period set active_to = $2 where subscription = $1 and active_to is null',
        [name, begin.closeMs],
      )
      await sql.query(
        `insert into warren.registry_period (subscription, active_from, patterns) values ($1, $2, $3)
         on conflict (subscription, active_from) do update set patterns = excluded.patterns, active_to = null`,
        [name, begin.fromMs, JSON.stringify(begin.patterns)],
      )
      // Nothing before the first period is expected; after a pause the proof goes on where it was.
      await sql.query(
        `insert into warren.proof (subscription, through, asked_through) values ($1, $2, $2)
         on conflict (subscription) do nothing`,
        [name, begin.fromMs],
      )
      if (backfill === null || known.rows.length > 0) return
      const { patterns } = begin
      const request = { subscription: name, patterns, range: backfill, rate: null, requestedBy: service, counted: null }
      await insertBackfill(this.#dialect, sql, request, now)
    })
  }

  async retire(name: string, actor: string): Promise<{ readonly waived: number } | null> {
    const now = await this.#dialect.nowMs()
    return this.#dialect.write(async (sql) => {
      const { rows } = await sql.query(
        'update warren.registry set retired_at = $2, retired_by = $3 where subscription = $1 and retired_at is null returning subscription',
        [name, now, actor],
      )
      if (rows.length === 0) {
        const known = await sql.query('select 1 from warren.registry where subscription = $1', [name])
        return known.rows.length === 0 ? null : { waived: 0 }
      }
      await sql.query(
        'update warren.registry_period set active_to = $2 where subscription = $1 and active_to is null',
        [name, now],
      )
      const waived = await sql.query(
        `update warren.missing set state = 'waived', settled_at = $2, settled_by = $3
         where subscription = $1 and state in ('suspect', 'missing', 'gave-up') returning message_id`,
        [name, now, actor],
      )
      await this.#dialect.logAction(sql, {
        actor,
        action: 'retire',
        subscription: name,
        messageId: null,
        details: { waived: waived.rows.length },
      })
      return { waived: waived.rows.length }
    })
  }
}
