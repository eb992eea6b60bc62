import { newId, uuidTime } from '../../envelope/uuid.ts'
import type {
  Backfill,
  BackfillAction,
  BackfillFilter,
  BackfillHold,
  BackfillProgress,
  BackfillRequest,
  BackfillState,
  BackfillStore,
} from '../contract/backfill.ts'
import { Conditions } from '../conditions.ts'
import { leastIdAt } from '../ids.ts'
import type { StoredEvent, TimeRange } from '../contract/reconciliation.ts'
import type { EventRow } from '../rows.ts'
import type { Sql } from '../store.ts'
import { numberOf } from './dialect.ts'
import type { Dialect, Numeric } from './dialect.ts'
import { IS_SENT } from './ledger.ts'
import { storedEventOf } from './missing.ts'

interface Row {
  id: string
  subscription: string
  patterns: string
  names: string | null
  since_at: Numeric
  until_at: Numeric
  rate: Numeric | null
  state: BackfillState
  cursor_id: string | null
  total: Numeric | null
  sent: Numeric
  pace: Numeric | null
  held_by: BackfillHold | null
  error: string | null
  requested_by: string
  requested_at: Numeric
  updated_at: Numeric
}

/** From which states an action leads to which. */
const transitions: Readonly<
  Record<BackfillAction, { readonly from: readonly BackfillState[]; readonly to: BackfillState }>
> = {
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused', 'failed'], to: 'running' },
  cancel: { from: ['running', 'paused', 'failed'], to: 'cancelled' },
}

export class Backfills implements BackfillStore {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async request(request: BackfillRequest): Promise<Backfill> {
    const nowMs = await this.#dialect.nowMs()
    return this.#dialect.write((sql) => insertBackfill(this.#dialect, sql, request, nowMs))
  }

  async find(id: string): Promise<Backfill | null> {
    const [row] = await this.#dialect.read<Row>('select * from warren.backfill where id = $1', [id])
    return row === undefined ? null : backfillOf(row)
  }

  async list({ subscription, states, limit = 100 }: BackfillFilter = {}): Promise<readonly Backfill[]> {
    const where = new Conditions().add('subscription = @', subscription).add(this.#dialect.among('state', '@'), states)
    const rows = await this.#dialect.read<Row>(
      `select * from warren.backfill where ${where.text} order by id desc limit ${where.parameter(limit)}`,
      where.values,
    )
    return rows.map(backfillOf)
  }

  async act(
    id: string,
    action: BackfillAction,
    actor: string,
  ): Promise<{ readonly backfill: Backfill; readonly isChanged: boolean } | null> {
    const nowMs = await this.#dialect.nowMs()
    const { from, to } = transitions[action]
    return this.#dialect.write(async (sql) => {
      const { rows } = await sql.query<Row>(
        `update warren.backfill set state = $3, held_by = null, error = null, updated_at = $4
         where id = $1 and ${this.#dialect.among('state', '$2')} returning *`,
        [id, from, to, nowMs],
      )
      const [changed] = rows
      if (changed === undefined) {
        const known = await sql.query<Row>('select * from warren.backfill where id = $1', [id])
        const [row] = known.rows
        return row === undefined ? null : { backfill: backfillOf(row), isChanged: false }
      }
      const backfill = backfillOf(changed)
      await this.#dialect.logAction(sql, {
        actor,
        action: `backfill-${action}`,
        subscription: backfill.subscription,
        messageId: null,
        details: { backfill: id, sent: backfill.sent },
      })
      return { backfill, isChanged: true }
    })
  }

  async count({ fromMs, toMs }: TimeRange): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#dialect.read<{ name: string; count: Numeric }>(
      'select name, count(*) as count from warren.outbox where id >= $1 and id < $2 group by name',
      [leastIdAt(fromMs), leastIdAt(toMs)],
    )
    return new Map(rows.map(({ name, count }) => [name, Number(count)]))
  }

  async oldestMs(fromMs: number): Promise<number | null> {
    const [row] = await this.#dialect.read<{ id: string }>(
      'select id from warren.outbox where id >= $1 order by id limit 1',
      [leastIdAt(fromMs)],
    )
    return row === undefined ? null : (uuidTime(row.id)?.getTime() ?? 0)
  }

  async counted(
    id: string,
    { names, total }: { readonly names: readonly string[]; readonly total: number },
  ): Promise<void> {
    const nowMs = await this.#dialect.nowMs()
    await this.#dialect.write((sql) =>
      sql.query('update warren.backfill set names = $2, total = $3, updated_at = $4 where id = $1', [
        id,
        JSON.stringify(names),
        total,
        nowMs,
      ]),
    )
  }

  async next(
    { names, range, cursor }: Pick<Backfill, 'names' | 'range' | 'cursor'>,
    { beforeMs, limit }: { readonly beforeMs: number; readonly limit: number },
  ): Promise<readonly StoredEvent[]> {
    if (names === null || names.length === 0) return []
    const rows = await this.#dialect.read<EventRow>(
      `select ${this.#dialect.eventColumns} from warren.outbox o
       where o.id >= $1 and o.id < $2 and o.id <> $3 and ${this.#dialect.among('o.name', '$4')} and ${IS_SENT}
       order by o.id limit $5`,
      [
        cursor ?? leastIdAt(range.fromMs),
        leastIdAt(Math.min(range.toMs, beforeMs)),
        cursor ?? leastIdAt(0),
        names,
        limit,
      ],
    )
    return rows.map(storedEventOf)
  }

  async advance(
    { id, cursor: from }: Pick<Backfill, 'id' | 'cursor'>,
    { cursor, sent, pace }: BackfillProgress,
  ): Promise<Backfill | null> {
    const nowMs = await this.#dialect.nowMs()
    return this.#dialect.write(async (sql) => {
      const { rows } = await sql.query<Row>(
        `update warren.backfill set cursor_id = $3, sent = sent + $4, pace = $5, held_by = null, error = null, updated_at = $6
         where id = $1 and cursor_id is not distinct from $2 returning *`,
        [id, from, cursor, sent, pace, nowMs],
      )
      return rows[0] === undefined ? null : backfillOf(rows[0])
    })
  }

  async hold(id: string, heldBy: BackfillHold | null, error: string | null): Promise<Backfill | null> {
    const nowMs = await this.#dialect.nowMs()
    return this.#dialect.write(async (sql) => {
      const { rows } = await sql.query<Row>(
        `update warren.backfill set held_by = $2, error = $3, updated_at = $4 where id = $1 and state = 'running' returning *`,
        [id, heldBy, error, nowMs],
      )
      if (rows[0] !== undefined) return backfillOf(rows[0])
      const known = await sql.query<Row>('select * from warren.backfill where id = $1', [id])
      return known.rows[0] === undefined ? null : backfillOf(known.rows[0])
    })
  }

  async end(id: string, state: 'done' | 'failed', error: string | null): Promise<void> {
    const nowMs = await this.#dialect.nowMs()
    await this.#dialect.write((sql) =>
      sql.query(
        `update warren.backfill set state = $2, error = $3, held_by = null, updated_at = $4
         where id = $1 and state = 'running'`,
        [id, state, error, nowMs],
      ),
    )
  }
}

/** In the caller's transaction. */
export async function insertBackfill(
  dialect: Dialect,
  sql: Sql,
  { subscription, patterns, range, rate, requestedBy, counted }: BackfillRequest,
  nowMs: number,
): Promise<Backfill> {
  const id = newId()
  const { rows } = await sql.query<Row>(
    `insert into warren.backfill
       (id, subscription, patterns, names, since_at, until_at, rate, total, requested_by, requested_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) returning *`,
    [
      id,
      subscription,
      JSON.stringify(patterns),
      counted === null ? null : JSON.stringify(counted.names),
      Math.floor(range.fromMs),
      Math.floor(range.toMs),
      rate,
      counted?.total ?? null,
      requestedBy,
      nowMs,
    ],
  )
  const [row] = rows
  if (row === undefined) throw new Error('an inserted row did not come back')
  await dialect.logAction(sql, {
    actor: requestedBy,
    action: 'backfill',
    subscription,
    messageId: null,
    details: { backfill: id, patterns, since: iso(range.fromMs), until: iso(range.toMs) },
  })
  return backfillOf(row)
}

function backfillOf(row: Row): Backfill {
  return {
    id: row.id,
    subscription: row.subscription,
    patterns: JSON.parse(row.patterns) as string[],
    names: row.names === null ? null : (JSON.parse(row.names) as string[]),
    range: { fromMs: Number(row.since_at), toMs: Number(row.until_at) },
    rate: numberOf(row.rate),
    state: row.state,
    cursor: row.cursor_id,
    total: numberOf(row.total),
    sent: Number(row.sent),
    pace: numberOf(row.pace),
    heldBy: row.held_by,
    error: row.error,
    requestedBy: row.requested_by,
    requestedMs: Number(row.requested_at),
    updatedMs: Number(row.updated_at),
  }
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
