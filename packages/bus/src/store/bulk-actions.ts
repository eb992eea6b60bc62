import { newId } from '../envelope/uuid.ts'
import type { BulkAction, BulkRequest, BulkState, BulkStore, FailureAction } from './contract/bulk.ts'
import type { Conditions } from './conditions.ts'
import { numberOf } from './reconciliation/dialect.ts'
import type { Dialect, Numeric } from './reconciliation/dialect.ts'
import type { FailureFilter, Sql } from './store.ts'

/** What the failures of a dialect can do in a transaction of somebody else. */
export interface FailureTable {
  /** On `f`. */
  conditionsOf(filter: FailureFilter): Conditions
  /** Returns for how many it is done. */
  act(sql: Sql, action: FailureAction, where: Conditions, actor: string): Promise<number>
}

interface Row {
  readonly id: string
  readonly action: FailureAction
  readonly filter: string
  readonly until_at: Numeric
  readonly state: BulkState
  readonly cursor_key: string | null
  readonly total: Numeric
  readonly done: Numeric
  readonly pace: Numeric | null
  readonly error: string | null
  readonly requested_by: string
  readonly requested_at: Numeric
  readonly updated_at: Numeric
}

type Key = readonly (string | number)[]

/**
 * In which order each goes through the failures: that of an index. Setting aside goes entity by entity, so that it decides about all
 * that it is about of one entity at once, and not about what has become the first in line meanwhile.
 */
const keys: Readonly<Record<FailureAction, readonly string[]>> = {
  retry: ['subscription', 'message_id'],
  discard: ['subscription', 'message_id'],
  release: ['subscription', 'source', 'order_key', 'sequence'],
}

const transitions: Readonly<
  Record<'resume' | 'cancel', { readonly from: readonly BulkState[]; readonly to: BulkState }>
> = {
  resume: { from: ['failed'], to: 'running' },
  cancel: { from: ['running', 'failed'], to: 'cancelled' },
}

/** Bulk actions on any dialect. */
export class BulkActions implements BulkStore {
  readonly #dialect: Dialect
  readonly #failures: FailureTable

  constructor(dialect: Dialect, failures: FailureTable) {
    this.#dialect = dialect
    this.#failures = failures
  }

  async count(action: FailureAction, filter: FailureFilter, most: number): Promise<number> {
    const where = this.#about(action, filter, null)
    const [row] = await this.#dialect.read<{ count: Numeric }>(
      `select count(*) as count from (
         select 1 from warren.inbox_failure f where ${where.text} limit ${where.parameter(most)}) as found`,
      where.values,
    )
    return Number(row?.count ?? 0)
  }

  async begin({ action, filter, requestedBy }: BulkRequest): Promise<BulkAction> {
    const nowMs = await this.#dialect.nowMs()
    // What failed in this millisecond was there.
    const untilMs = nowMs + 1
    // Not in the transaction: of a million failures it takes a second, and SQLite has one transaction at a time.
    const total = await this.#count(action, filter, untilMs)
    const text = filterText(filter)
    return this.#dialect.write(async (sql) => {
      const running = await sql.query<Row>(
        `select * from warren.bulk_action where state = 'running' and action = $1 and filter = $2`,
        [action, text],
      )
      if (running.rows[0] !== undefined) return bulkOf(running.rows[0])
      const id = newId()
      const { rows } = await sql.query<Row>(
        `insert into warren.bulk_action (id, action, filter, until_at, total, requested_by, requested_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7) returning *`,
        [id, action, text, untilMs, total, requestedBy, nowMs],
      )
      const [row] = rows
      if (row === undefined) throw new Error('an inserted row did not come back')
      await this.#log(sql, row, `bulk-${action}`, requestedBy, { filter: JSON.parse(text) as unknown, total })
      return bulkOf(row)
    })
  }

  async step(
    id: string,
    { limit, pace }: { readonly limit: number; readonly pace: number | null },
  ): Promise<BulkAction | null> {
    const nowMs = await this.#dialect.nowMs()
    const stepped = await this.#dialect.write(async (sql) => {
      // The lock makes those who run it, and who cancels it, come one after the other. Nobody takes it who holds a lock of a failure.
      const { rows } = await sql.query<Row>(
        `update warren.bulk_action set updated_at = $2 where id = $1 and state = 'running' returning *`,
        [id, nowMs],
      )
      const [row] = rows
      if (row === undefined) return null
      const last = await this.#lastKey(sql, row, limit)
      const done = await this.#failures.act(sql, row.action, this.#chunk(row, last), row.requested_by)
      const { rows: moved } = await sql.query<Row>(
        `update warren.bulk_action set done = done + $2, cursor_key = coalesce($3, cursor_key), state = $4, pace = $5
         where id = $1 returning *`,
        [id, done, last === null ? null : JSON.stringify(last), last === null ? 'done' : 'running', pace],
      )
      return moved[0] === undefined ? null : bulkOf(moved[0])
    })
    return stepped ?? this.find(id)
  }

  async find(id: string): Promise<BulkAction | null> {
    const [row] = await this.#dialect.read<Row>('select * from warren.bulk_action where id = $1', [id])
    return row === undefined ? null : bulkOf(row)
  }

  async list({ states, limit = 100 }: Parameters<BulkStore['list']>[0]): Promise<readonly BulkAction[]> {
    const isAmong = states === undefined ? 'true' : this.#dialect.among('state', '$2')
    const rows = await this.#dialect.read<Row>(
      `select * from warren.bulk_action where ${isAmong} order by id desc limit $1`,
      [limit, ...(states === undefined ? [] : [states])],
    )
    return rows.map(bulkOf)
  }

  async act(
    id: string,
    action: 'resume' | 'cancel',
    actor: string,
  ): Promise<{ readonly bulk: BulkAction; readonly isChanged: boolean } | null> {
    const nowMs = await this.#dialect.nowMs()
    const { from, to } = transitions[action]
    const changed = await this.#dialect.write(async (sql) => {
      const { rows } = await sql.query<Row>(
        `update warren.bulk_action set state = $2, error = null, updated_at = $3
         where id = $1 and ${this.#dialect.among('state', '$4')} returning *`,
        [id, to, nowMs, from],
      )
      const [row] = rows
      if (row === undefined) return null
      await this.#log(sql, row, `bulk-${action}`, actor, { total: Number(row.total), done: Number(row.done) })
      return bulkOf(row)
    })
    if (changed !== null) return { bulk: changed, isChanged: true }
    const bulk = await this.find(id)
    return bulk === null ? null : { bulk, isChanged: false }
  }

  async fail(id: string, error: string): Promise<void> {
    const nowMs = await this.#dialect.nowMs()
    await this.#dialect.write((sql) =>
      sql.query(
        `update warren.bulk_action set state = 'failed', error = $2, updated_at = $3 where id = $1 and state = 'running'`,
        [id, error, nowMs],
      ),
    )
  }

  async #count(action: FailureAction, filter: FailureFilter, untilMs: number): Promise<number> {
    const where = this.#about(action, filter, untilMs)
    const [row] = await this.#dialect.read<{ count: Numeric }>(
      `select count(*) as count from warren.inbox_failure f where ${where.text}`,
      where.values,
    )
    return Number(row?.count ?? 0)
  }

  /**
   * The key of the last failure of the next chunk; null when no more than a chunk is left. Counts also those that the conditions do not
   * choose: a walk along the index alone, whatever the conditions are. With them the database may well sort a million rows for each
   * chunk: a cause of 50,000 among a million took 1.8 s for each 1,000.
   */
  async #lastKey(sql: Sql, row: Row, limit: number): Promise<Key | null> {
    const { subscription } = parseFilter(row.filter)
    const where = this.#failures.conditionsOf(subscription === undefined ? {} : { subscription })
    if (row.action === 'release') where.always('f.order_key is not null')
    addRange(where, row, null)
    const columns = keys[row.action]
    const names = columns.map((column) => `f.${column}`).join(', ')
    const { rows } = await sql.query<Record<string, string | number>>(
      `select ${names} from warren.inbox_failure f where ${where.text} order by ${names} limit 1 offset ${where.parameter(limit - 1)}`,
      where.values,
    )
    const [last] = rows
    return last === undefined ? null : columns.map((column) => last[column] ?? '')
  }

  /** Of what the action is about, what lies behind its cursor and not behind `last`. */
  #chunk(row: Row, last: Key | null): Conditions {
    const where = this.#about(row.action, parseFilter(row.filter), Number(row.until_at))
    addRange(where, row, last)
    return where
  }

  #about(action: FailureAction, filter: FailureFilter, untilMs: number | null): Conditions {
    const where = this.#failures.conditionsOf(filter)
    if (action === 'release') where.always('f.order_key is not null')
    if (untilMs === null) return where
    where.add(`${this.#dialect.ms('f.first_failed_at')} < @`, untilMs)
    // It may have come into that state since.
    return filter.state === undefined ? where : where.add(`${this.#dialect.ms('f.last_failed_at')} < @`, untilMs)
  }

  #log(sql: Sql, { id, filter }: Row, action: string, actor: string, details: object): Promise<void> {
    const { subscription = null } = parseFilter(filter)
    return this.#dialect.logAction(sql, {
      actor,
      action,
      subscription,
      messageId: null,
      details: { bulk: id, ...details },
    })
  }
}

/** Behind the cursor, and not behind `last`. */
function addRange(where: Conditions, { action, filter, cursor_key }: Row, last: Key | null): void {
  const from = cursor_key === null ? null : (JSON.parse(cursor_key) as Key)
  const { subscription } = parseFilter(filter)
  const columns = keys[action].map((column) => `f.${column}`)
  const bound = (operator: string, key: Key, of: readonly string[]): void => {
    where.always(`(${of.join(', ')}) ${operator} (${key.map((value) => where.parameter(value)).join(', ')})`)
  }
  // Within one subscription it is said apart: SQLite does not look up a row of columns of which one is given already, and PostgreSQL
  // estimates it by the first column, which is the same in all.
  const isWithin = from !== null && from[0] === (last === null ? subscription : last[0])
  if (isWithin) where.add(`${columns[0]} = @`, from[0])
  const skipped = isWithin ? 1 : 0
  if (from !== null) bound('>', from.slice(skipped), columns.slice(skipped))
  if (last !== null) bound('<=', last.slice(skipped), columns.slice(skipped))
}

/** The same conditions, the same text. */
function filterText(filter: FailureFilter): string {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined)
  return JSON.stringify(Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1))))
}

function parseFilter(text: string): FailureFilter {
  const { since, until, ...filter } = JSON.parse(text) as Omit<FailureFilter, 'since' | 'until'> & {
    readonly since?: string
    readonly until?: string
  }
  return {
    ...filter,
    ...(since === undefined ? {} : { since: new Date(since) }),
    ...(until === undefined ? {} : { until: new Date(until) }),
  }
}

function bulkOf(row: Row): BulkAction {
  return {
    ...{ id: row.id, action: row.action, filter: parseFilter(row.filter), state: row.state, error: row.error },
    ...{ total: Number(row.total), done: Number(row.done), pace: numberOf(row.pace) },
    ...{ requestedBy: row.requested_by, requestedMs: Number(row.requested_at), updatedMs: Number(row.updated_at) },
  }
}
