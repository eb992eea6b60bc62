import { leastIdAt } from '../ids.ts'
import { uuidTime } from '../../envelope/uuid.ts'
import type { BreakerCause, BreakerOrder } from '../contract/compensation.ts'
import type { Sql } from '../store.ts'
import type {
  EventKey,
  Findings,
  MissingState,
  Proof,
  ProofStore,
  ReconciledMinute,
  TimeRange,
} from '../contract/reconciliation.ts'
import { chunksOf, numberOf, rowsOf } from './dialect.ts'
import type { Dialect, Numeric } from './dialect.ts'

export const MINUTE_MS = 60_000
const LATE_PER_TURN = 10_000

interface Row {
  subscription: string
  through: Numeric
  barrier_id: string | null
  barrier_sent_at: Numeric | null
  waiting_since: Numeric | null
  answered_id: string | null
  answered_at: Numeric | null
  rewound_id: string | null
  round_trip_ms: Numeric | null
  retrying: Numeric
  parked: Numeric
  requested_at: Numeric | null
  breaker_opened_at: Numeric | null
  breaker_reason: string | null
  breaker_cause: BreakerCause | null
  breaker_order: BreakerOrder | null
  breaker_ordered_at: Numeric | null
  breaker_ordered_by: string | null
}

export class Proofs implements ProofStore {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async list(only?: string): Promise<readonly Proof[]> {
    const [where, values] = only === undefined ? ['', []] : ['where subscription = $1', [only]]
    const rows = await this.#dialect.read<Row>(`select * from warren.proof ${where} order by subscription`, values)
    const missing = await this.#dialect.read<{ subscription: string; state: MissingState; count: Numeric }>(
      `select subscription, state, count(*) as count from warren.missing ${where} group by subscription, state`,
      values,
    )
    const ghosts = await this.#counts('warren.ghost', where, values)
    const openMinutes = `(select subscription from warren.reconciliation where state = 'open') as open`
    const open = await this.#counts(openMinutes, where, values)
    return rows.map((row) => {
      const counts: Record<MissingState, number> = { suspect: 0, missing: 0, recovered: 0, 'gave-up': 0, waived: 0 }
      for (const { subscription, state, count } of missing)
        if (subscription === row.subscription) counts[state] = Number(count)
      return {
        subscription: row.subscription,
        throughMs: Number(row.through),
        barrier: row.barrier_id === null ? null : { id: row.barrier_id, sentMs: Number(row.barrier_sent_at) },
        waitingSinceMs: numberOf(row.waiting_since),
        answered: row.answered_id === null ? null : { id: row.answered_id, atMs: Number(row.answered_at) },
        rewindId: row.rewound_id,
        roundTripMs: numberOf(row.round_trip_ms),
        retrying: Number(row.retrying),
        parked: Number(row.parked),
        isRequested: row.requested_at !== null,
        breaker:
          row.breaker_opened_at === null
            ? null
            : {
                openedMs: Number(row.breaker_opened_at),
                cause: row.breaker_cause,
                reason: row.breaker_reason ?? '',
              },
        order:
          row.breaker_order === null
            ? null
            : {
                order: row.breaker_order,
                by: row.breaker_ordered_by ?? '',
                atMs: Number(row.breaker_ordered_at),
              },
        counts,
        ghosts: ghosts.get(row.subscription) ?? 0,
        openMinutes: open.get(row.subscription) ?? 0,
      }
    })
  }

  async #counts(from: string, where: string, values: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const text = `select subscription, count(*) as count from ${from} ${where} group by subscription`
    const rows = await this.#dialect.read<{ subscription: string; count: Numeric }>(text, values)
    return new Map(rows.map(({ subscription, count }) => [subscription, Number(count)]))
  }

  async asked(subscription: string, barrier: { readonly id: string; readonly throughMs: number }): Promise<void> {
    const now = await this.#dialect.nowMs()
    await this.#dialect.write(async (sql) => {
      await this.#dialect.holdConfirms(sql)
      await sql.query(
        `update warren.proof set barrier_id = $2, barrier_sent_at = $3, waiting_since = coalesce(waiting_since, $3),
           requested_at = null,
           asked_through = case when asked_through < $4 then $4 else asked_through end
         where subscription = $1`,
        [subscription, barrier.id, now, barrier.throughMs],
      )
    })
  }

  async record(subscription: string, findings: Findings): Promise<void> {
    const { answer, throughMs, rewoundMs } = findings
    const now = await this.#dialect.nowMs()
    await this.#dialect.write(async (sql) => {
      await sql.query(
        `update warren.proof set answered_id = $2, answered_at = $3, round_trip_ms = $4, retrying = $5, parked = $6,
           waiting_since = case when barrier_id > $2 then barrier_sent_at end,
           through = case when $7 > through then $7 when $8 < through then $8 else through end,
           rewound_id = $9
         where subscription = $1`,
        [
          ...[subscription, answer.barrierId, now, answer.roundTripMs, answer.retrying, answer.parked],
          ...[throughMs ?? 0, rewoundMs ?? Number.MAX_SAFE_INTEGER, answer.rewindId],
        ],
      )
      if (rewoundMs !== null) await this.#reopenSince(sql, subscription, rewoundMs, now)
      for (const { minuteMs, expected, isWhole, readMs } of findings.minutes) {
        // A minute that was compared in parts adds them up; one that was reopened is compared as a whole, and open
        // still when that happened after the ledger was read.
        await sql.query(
          `insert into warren.reconciliation as r (subscription, minute, state, expected, checked_at)
           values ($1, $2, 'proven', $3, $4)
           on conflict (subscription, minute) do update set state = case when $5 and r.checked_at < $6 then 'proven' else r.state end,
             expected = case when $5 then excluded.expected else r.expected + excluded.expected end,
             checked_at = excluded.checked_at`,
          [subscription, minuteMs, expected, now, isWhole, readMs],
        )
      }
      await this.#suspect(sql, subscription, findings, now)
      await this.#touch(sql, subscription, findings.present, now)
      for (const chunk of chunksOf(findings.unwanted)) {
        await sql.query(
          `delete from warren.missing where subscription = $1 and state = 'suspect' and ${this.#dialect.among('message_id', '$2')}`,
          [subscription, chunk],
        )
      }
      for (const chunk of chunksOf(findings.present)) {
        await sql.query(
          `update warren.missing set state = 'recovered', settled_at = $2
           where subscription = $1 and state in ('missing', 'gave-up') and ${this.#dialect.among('message_id', '$3')}`,
          [subscription, now, chunk],
        )
        await sql.query(
          `delete from warren.missing where subscription = $1 and state = 'suspect' and ${this.#dialect.among('message_id', '$2')}`,
          [subscription, chunk],
        )
      }
      for (const { id, cause, evidence } of findings.absent) {
        await sql.query(
          `update warren.missing set state = 'missing', confirmed_at = $3, due_at = $3, cause = $4, evidence = $5
           where subscription = $1 and message_id = $2 and state = 'suspect'`,
          [subscription, id, now, cause, JSON.stringify(evidence)],
        )
      }
      for (const chunk of chunksOf(findings.ghosts)) {
        await sql.query(
          `insert into warren.ghost (subscription, message_id, name, found_at) values ${rowsOf(chunk.length, 4)}
           on conflict do nothing`,
          chunk.flatMap(({ id, name }) => [subscription, id, name, now]),
        )
      }
    })
  }

  /**
   * What was found to be there after `rewoundMs` may have come after the state that the store was set back to: late events,
   * suspects, resends, of minutes long before.
   */
  async #reopenSince(sql: Sql, subscription: string, rewoundMs: number, now: number): Promise<void> {
    await sql.query(
      `update warren.reconciliation set state = 'open', checked_at = $3
       where subscription = $1 and minute < $2 and checked_at >= $2`,
      [subscription, rewoundMs, now],
    )
  }

  /** Remembers that something of these events' minutes was found later than the minutes were compared. */
  async #touch(sql: Sql, subscription: string, ids: readonly string[], now: number): Promise<void> {
    for (const minute of new Set(ids.map(minuteOfId))) {
      await sql.query('update warren.reconciliation set checked_at = $3 where subscription = $1 and minute = $2', [
        subscription,
        minute,
        now,
      ])
    }
  }

  async #suspect(sql: Sql, subscription: string, { answer, suspects }: Findings, now: number): Promise<void> {
    for (const chunk of chunksOf(suspects)) {
      await sql.query(
        `insert into warren.missing as m (subscription, message_id, name, state, barrier_id, suspected_at, due_at)
         values ${rowsOf(chunk.length, 7)}
         on conflict (subscription, message_id) do update set state = 'suspect', barrier_id = excluded.barrier_id,
           suspected_at = excluded.suspected_at, due_at = excluded.due_at, attempts = 0, settled_at = null,
           requested_at = null
         where m.state = 'recovered'`,
        chunk.flatMap(({ id, name }) => [subscription, id, name, 'suspect', answer.barrierId, now, now]),
      )
    }
  }

  async requestRun(subscription: string | null): Promise<number> {
    const now = await this.#dialect.nowMs()
    return this.#dialect.write(async (sql) => {
      const { rows } = await sql.query(
        `update warren.proof set requested_at = $1
         where subscription in (select r.subscription from warren.registry r where r.has_inbox and r.retired_at is null)
           ${subscription === null ? '' : 'and subscription = $2'}
         returning subscription`,
        subscription === null ? [now] : [now, subscription],
      )
      return rows.length
    })
  }

  async isRunRequested(): Promise<boolean> {
    const rows = await this.#dialect.read(
      `select 1 from warren.proof p join warren.registry r on r.subscription = p.subscription
       where p.requested_at is not null and r.has_inbox and r.retired_at is null limit 1`,
    )
    return rows.length > 0
  }

  async provenAt(id: string): Promise<ReadonlySet<string>> {
    const timeMs = uuidTime(id)?.getTime() ?? 0
    const rows = await this.#dialect.read<{ subscription: string }>(
      `select p.subscription from warren.proof p
       where p.through > $1
         and not exists (
           select 1 from warren.reconciliation r
           where r.subscription = p.subscription and r.minute = $2 and r.state = 'open')
         and not exists (select 1 from warren.late_event l where l.id = $3)
         and not exists (select 1 from warren.outbox_pending o where o.id = $3)`,
      [timeMs, Math.floor(timeMs / MINUTE_MS) * MINUTE_MS, id],
    )
    return new Set(rows.map(({ subscription }) => subscription))
  }

  async reopenLate(): Promise<number> {
    const late = await this.#dialect.read<{ id: string }>(`select id from warren.late_event limit ${LATE_PER_TURN}`)
    if (late.length === 0) return 0
    const now = await this.#dialect.nowMs()
    const minutes = new Set(late.map(({ id }) => minuteOfId(id)))
    await this.#dialect.write(async (sql) => {
      for (const minute of minutes) {
        await sql.query(
          `insert into warren.reconciliation (subscription, minute, state, expected, checked_at)
           select p.subscription, $1, 'open', 0, $2 from warren.proof p where p.asked_through > $1
           on conflict (subscription, minute) do update set state = 'open', checked_at = excluded.checked_at`,
          [minute, now],
        )
      }
      for (const chunk of chunksOf(late.map(({ id }) => id)))
        await sql.query(`delete from warren.late_event where ${this.#dialect.among('id', '$1')}`, [chunk])
    })
    return minutes.size
  }

  async openMinutes(subscription: string, limit: number): Promise<readonly number[]> {
    const rows = await this.#dialect.read<{ minute: Numeric }>(
      `select minute from warren.reconciliation where subscription = $1 and state = 'open' order by minute limit $2`,
      [subscription, limit],
    )
    return rows.map(({ minute }) => Number(minute))
  }

  async minutes(subscription: string, { fromMs, toMs }: TimeRange): Promise<readonly ReconciledMinute[]> {
    const rows = await this.#dialect.read<{ minute: Numeric; state: 'proven' | 'open'; expected: Numeric }>(
      `select minute, state, expected from warren.reconciliation
       where subscription = $1 and minute >= $2 and minute < $3 order by minute`,
      [subscription, fromMs, toMs],
    )
    const troubles = await this.#dialect.read<EventKey & { state: MissingState }>(
      `select message_id as id, name, state from warren.missing
       where subscription = $1 and message_id >= $2 and message_id < $3 and state in ('missing', 'gave-up', 'waived')`,
      [subscription, leastIdAt(fromMs), leastIdAt(toMs)],
    )
    const within = (minute: number, states: readonly MissingState[]): number =>
      troubles.filter(({ id, state }) => {
        const time = uuidTime(id)?.getTime() ?? 0
        return states.includes(state) && time >= minute && time < minute + MINUTE_MS
      }).length
    return rows.map(({ minute, state, expected }) => ({
      minuteMs: Number(minute),
      state,
      expected: Number(expected),
      missing: within(Number(minute), ['missing', 'gave-up']),
      waived: within(Number(minute), ['waived']),
    }))
  }

  async comparedSince(subscription: string | null, sinceMs: number): Promise<number> {
    const condition = subscription === null ? '' : 'and subscription = $2'
    const values = subscription === null ? [sinceMs] : [sinceMs, subscription]
    const [row] = await this.#dialect.read<{ compared: Numeric | null }>(
      `select max(compared) as compared from (
         select sum(expected) as compared from warren.reconciliation where minute >= $1 ${condition} group by subscription
       ) as sums`,
      values,
    )
    return Number(row?.compared ?? 0)
  }

  async setBreaker(
    subscription: string,
    breaker: { readonly cause: BreakerCause; readonly reason: string } | null,
  ): Promise<void> {
    const now = await this.#dialect.nowMs()
    await this.#dialect.write((sql) =>
      sql.query(
        `update warren.proof set breaker_opened_at = $2, breaker_cause = $3, breaker_reason = $4 where subscription = $1`,
        [subscription, breaker === null ? null : now, breaker?.cause ?? null, breaker?.reason ?? null],
      ),
    )
  }
}

function minuteOfId(id: string): number {
  return Math.floor((uuidTime(id)?.getTime() ?? 0) / MINUTE_MS) * MINUTE_MS
}
