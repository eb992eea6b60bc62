import { numberOf } from './reconciliation/dialect.ts'
import type { Dialect, Numeric } from './reconciliation/dialect.ts'
import type { Pause, PauseChange } from './store.ts'

export interface PauseRow {
  paused_at: Numeric | null
  paused_by: string | null
}

export function pauseOf({ paused_at, paused_by }: PauseRow): Pause | null {
  const atMs = numberOf(paused_at)
  return atMs === null ? null : { at: new Date(atMs), by: paused_by ?? '' }
}

/** Pauses of subscriptions on any dialect: rows that the owning service looks at. */
export class Pauses {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async find(name: string): Promise<Pause | null> {
    const [row] = await this.#dialect.read<PauseRow>(
      'select paused_at, paused_by from warren.subscription where name = $1',
      [name],
    )
    return row === undefined ? null : pauseOf(row)
  }

  set(name: string, action: 'pause' | 'resume', actor: string): Promise<PauseChange | null> {
    const isPause = action === 'pause'
    return this.#dialect.write(async (sql) => {
      const { rows } = await sql.query<PauseRow>(
        `update warren.subscription set paused_at = ${isPause ? this.#dialect.now : 'null'}, paused_by = $2
         where name = $1 and paused_at is ${isPause ? '' : 'not '}null returning paused_at, paused_by`,
        [name, isPause ? actor : null],
      )
      const [changed] = rows
      if (changed !== undefined) {
        await this.#dialect.logAction(sql, { actor, action, subscription: name, messageId: null, details: {} })
        return { pause: pauseOf(changed), isChanged: true }
      }
      const known = await sql.query<PauseRow>('select paused_at, paused_by from warren.subscription where name = $1', [
        name,
      ])
      const [row] = known.rows
      return row === undefined ? null : { pause: pauseOf(row), isChanged: false }
    })
  }
}
