import type { Observation, ObservationFilter, ObservationKind, ObservationStore } from '../contract/reconciliation.ts'
import { chunksOf, numberOf, rowsOf } from './dialect.ts'
import type { Dialect, Numeric } from './dialect.ts'

interface Row {
  subscription: string
  kind: ObservationKind
  what: string
  well_before: Numeric | null
  first_seen: Numeric
  last_seen: Numeric
  well_again: Numeric | null
}

export class Observations implements ObservationStore {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async list({ subscription, isOpen }: ObservationFilter = {}): Promise<readonly Observation[]> {
    const values: unknown[] = []
    const conditions = ['1 = 1']
    if (subscription !== undefined) conditions.push(`subscription = $${values.push(subscription)}`)
    if (isOpen !== undefined) conditions.push(`well_again is ${isOpen ? '' : 'not '}null`)
    const rows = await this.#dialect.read<Row>(
      `select * from warren.observation where ${conditions.join(' and ')} order by subscription, first_seen, kind, what`,
      values,
    )
    return rows.map((row) => ({
      subscription: row.subscription,
      kind: row.kind,
      what: row.what,
      wellBeforeMs: numberOf(row.well_before),
      firstSeenMs: Number(row.first_seen),
      lastSeenMs: Number(row.last_seen),
      wellAgainMs: numberOf(row.well_again),
    }))
  }

  async write(observations: readonly Observation[]): Promise<void> {
    if (observations.length === 0) return
    await this.#dialect.write(async (sql) => {
      for (const chunk of chunksOf(observations)) {
        await sql.query(
          `insert into warren.observation as o
             (subscription, kind, what, well_before, first_seen, last_seen, well_again)
           values ${rowsOf(chunk.length, 7)}
           on conflict (subscription, kind, what, first_seen) do update
           set last_seen = excluded.last_seen, well_again = excluded.well_again`,
          chunk.flatMap(({ subscription, kind, what, wellBeforeMs, firstSeenMs, lastSeenMs, wellAgainMs }) => [
            ...[subscription, kind, what, wellBeforeMs, firstSeenMs, lastSeenMs, wellAgainMs],
          ]),
        )
      }
    })
  }

  async forget(beforeMs: number): Promise<number> {
    return this.#dialect.write(async (sql) => {
      const { rows } = await sql.query('delete from warren.observation where well_again < $1 returning kind', [
        beforeMs,
      ])
      return rows.length
    })
  }
}
