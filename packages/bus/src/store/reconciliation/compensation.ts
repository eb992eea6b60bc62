import type {
  BreakerOrder,
  CompensationChanges,
  CompensationOverride,
  CompensationRows,
  CompensationSettings,
  CompensationStore,
  OrderedBreaker,
} from '../contract/compensation.ts'
import type { Sql } from '../store.ts'
import type { Dialect, Numeric } from './dialect.ts'

const SPAN_MS = 10_000
const KEPT_MS = 2 * 3_600_000

const columns = {
  mode: 'mode',
  share: 'share',
  minPerSecond: 'min_per_second',
  maxMissingShare: 'max_missing_share',
  minMissing: 'min_missing',
  maxUnansweredMs: 'max_unanswered_ms',
} as const satisfies Record<keyof CompensationSettings, string>

const settingNames = Object.keys(columns) as readonly (keyof CompensationSettings)[]

type Column = (typeof columns)[keyof typeof columns]
type Scope = 'code' | 'all' | 'one'

interface Row extends Record<Exclude<Column, 'mode'>, Numeric | null> {
  scope: Scope
  subscription: string
  mode: CompensationSettings['mode'] | null
  set_by: string
  set_at: Numeric
}

export class Compensations implements CompensationStore {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async list(): Promise<CompensationRows> {
    const rows = await this.#dialect.read<Row>('select * from warren.compensation')
    const of = (scope: Scope): Row | undefined => rows.find((row) => row.scope === scope)
    const [code, all] = [of('code'), of('all')]
    return {
      // It is written as a whole.
      code: code === undefined ? null : (settingsOf(code) as CompensationSettings),
      all: all === undefined ? null : overrideOf(all),
      ones: new Map(
        rows.filter(({ scope }) => scope === 'one').map((row) => [row.subscription, overrideOf(row)] as const),
      ),
    }
  }

  async declare(settings: CompensationSettings, service: string): Promise<void> {
    await this.#dialect.write((sql) => this.#put(sql, 'code', '', settings, service))
  }

  async set(subscription: string | null, changes: CompensationChanges, actor: string): Promise<void> {
    await this.#dialect.write(async (sql) => {
      const action = { actor, action: 'compensation', subscription, messageId: null, details: { set: changes } }
      await this.#dialect.logAction(sql, action)
      await this.#put(sql, ...placeOf(subscription), changes, actor)
      const none = Object.values(columns).map((column) => `${column} is null`)
      await sql.query(
        `delete from warren.compensation where scope = $1 and subscription = $2 and ${none.join(' and ')}`,
        placeOf(subscription),
      )
    })
  }

  async #put(sql: Sql, scope: Scope, subscription: string, changes: CompensationChanges, by: string): Promise<void> {
    const given = settingNames.filter((name) => changes[name] !== undefined)
    const names = given.map((name) => columns[name])
    await sql.query(
      `insert into warren.compensation (${['scope', 'subscription', 'set_by', 'set_at', ...names].join(', ')})
       values ($1, $2, $3, ${this.#dialect.now}${names.map((_, index) => `, $${index + 4}`).join('')})
       on conflict (scope, subscription) do update set
         ${['set_by', 'set_at', ...names].map((name) => `${name} = excluded.${name}`).join(', ')}`,
      [scope, subscription, by, ...given.map((name) => changes[name])],
    )
  }

  reset(subscription: string | null, actor: string): Promise<boolean> {
    return this.#dialect.write(async (sql) => {
      const { rows } = await sql.query(
        'select 1 from warren.compensation where scope = $1 and subscription = $2',
        placeOf(subscription),
      )
      if (rows.length === 0) return false
      const action = { actor, action: 'compensation-reset', subscription, messageId: null, details: {} }
      await this.#dialect.logAction(sql, action)
      await sql.query('delete from warren.compensation where scope = $1 and subscription = $2', placeOf(subscription))
      return true
    })
  }

  order(subscription: string, order: BreakerOrder | null, actor: string): Promise<boolean> {
    return this.#dialect.write(async (sql) => {
      const { rows } = await sql.query<{ breaker_order: BreakerOrder | null }>(
        'select breaker_order from warren.proof where subscription = $1',
        [subscription],
      )
      const [known] = rows
      if (known === undefined || known.breaker_order === order) return false
      const action = `breaker-${order ?? 'release'}`
      await this.#dialect.logAction(sql, { actor, action, subscription, messageId: null, details: {} })
      await sql.query(
        `update warren.proof set breaker_order = $2, breaker_ordered_by = $3,
           breaker_ordered_at = ${order === null ? 'null' : this.#dialect.now} where subscription = $1`,
        [subscription, order, order === null ? null : actor],
      )
      return true
    })
  }

  async fulfil(subscription: string, { order, atMs }: OrderedBreaker): Promise<void> {
    await this.#dialect.write((sql) =>
      sql.query(
        `update warren.proof set breaker_order = null, breaker_ordered_by = null, breaker_ordered_at = null
         where subscription = $1 and breaker_order = $2 and breaker_ordered_at = $3`,
        [subscription, order, atMs],
      ),
    )
  }

  async resentSince(sinceMs: number): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#dialect.read<{ subscription: string; events: Numeric }>(
      'select subscription, sum(events) as events from warren.resend where at > $1 group by subscription',
      [sinceMs - SPAN_MS],
    )
    return new Map(rows.map(({ subscription, events }) => [subscription, Number(events)]))
  }
}

/** Counts resends, in the transaction that claims them. */
export async function countResends(sql: Sql, subscription: string, events: number, nowMs: number): Promise<void> {
  await sql.query(
    `insert into warren.resend as r (subscription, at, events) values ($1, $2, $3)
     on conflict (subscription, at) do update set events = r.events + excluded.events`,
    [subscription, Math.floor(nowMs / SPAN_MS) * SPAN_MS, events],
  )
  await sql.query('delete from warren.resend where subscription = $1 and at < $2', [subscription, nowMs - KEPT_MS])
}

function placeOf(subscription: string | null): [scope: Scope, subscription: string] {
  return subscription === null ? ['all', ''] : ['one', subscription]
}

function overrideOf(row: Row): CompensationOverride {
  return { set: settingsOf(row), by: row.set_by, atMs: Number(row.set_at) }
}

function settingsOf(row: Row): Partial<CompensationSettings> {
  const set = settingNames.flatMap((name) => {
    const value = row[columns[name]]
    return value === null ? [] : [[name, name === 'mode' ? value : Number(value)] as const]
  })
  return Object.fromEntries(set)
}
