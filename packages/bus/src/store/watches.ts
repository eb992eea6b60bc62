import { numberOf } from './reconciliation/dialect.ts'
import type { Dialect, Numeric } from './reconciliation/dialect.ts'
import type { NewWatch, Watch, WatchCompensation, WatchReads, WatchStore } from './contract/watch.ts'
import { CountsOfWatches } from './watch-reads.ts'

interface Row {
  name: string
  patterns: string
  entity_ids: string
  from_at: Numeric | null
  to_at: Numeric | null
  max_missing: Numeric | null
  max_parked: Numeric | null
  max_unhandled_ms: Numeric | null
  compensation: WatchCompensation
  created_by: string
  created_at: Numeric
  changed_by: string
  changed_at: Numeric
}

/** Watches on any dialect. */
export class Watches implements WatchStore {
  readonly reads: WatchReads
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
    this.reads = new CountsOfWatches(dialect)
  }

  async list(): Promise<readonly Watch[]> {
    const rows = await this.#dialect.read<Row>('select * from warren.watch order by name')
    return rows.map(watchOf)
  }

  async save(watch: NewWatch, actor: string): Promise<'added' | 'changed'> {
    const { name, patterns, entityIds, fromMs, toMs, alarm, compensation } = watch
    const nowMs = await this.#dialect.nowMs()
    return this.#dialect.write(async (sql) => {
      const known = await sql.query('select 1 from warren.watch where name = $1', [name])
      await sql.query(
        `insert into warren.watch (name, patterns, entity_ids, from_at, to_at, max_missing, max_parked, max_unhandled_ms,
           compensation, created_by, created_at, changed_by, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $11)
         on conflict (name) do update set patterns = excluded.patterns, entity_ids = excluded.entity_ids,
           from_at = excluded.from_at, to_at = excluded.to_at, max_missing = excluded.max_missing,
           max_parked = excluded.max_parked, max_unhandled_ms = excluded.max_unhandled_ms,
           compensation = excluded.compensation, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
        [
          ...[name, JSON.stringify(patterns), JSON.stringify(entityIds), fromMs, toMs],
          ...[alarm.maxMissing, alarm.maxParked, alarm.maxUnhandledMs, compensation, actor, nowMs],
        ],
      )
      const { name: _name, ...details } = { ...watch, watch: name }
      await this.#dialect.logAction(sql, {
        ...{ actor, action: 'watch', subscription: null, messageId: null, details },
      })
      return known.rows.length === 0 ? 'added' : 'changed'
    })
  }

  remove(name: string, actor: string): Promise<boolean> {
    return this.#dialect.write(async (sql) => {
      const { rows } = await sql.query('delete from warren.watch where name = $1 returning name', [name])
      if (rows.length === 0) return false
      const details = { watch: name }
      await this.#dialect.logAction(sql, {
        ...{ actor, action: 'watch-remove', subscription: null, messageId: null, details },
      })
      return true
    })
  }
}

function watchOf(row: Row): Watch {
  return {
    name: row.name,
    patterns: JSON.parse(row.patterns) as string[],
    entityIds: JSON.parse(row.entity_ids) as string[],
    fromMs: numberOf(row.from_at),
    toMs: numberOf(row.to_at),
    alarm: {
      maxMissing: numberOf(row.max_missing),
      maxParked: numberOf(row.max_parked),
      maxUnhandledMs: numberOf(row.max_unhandled_ms),
    },
    compensation: row.compensation,
    createdBy: row.created_by,
    createdMs: Number(row.created_at),
    changedBy: row.changed_by,
    changedMs: Number(row.changed_at),
  }
}
