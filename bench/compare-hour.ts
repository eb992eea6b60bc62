import type { RangeDigests, TimeRange } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import { ratioRow, valueRow } from './row.ts'
import { alternate } from './statistics.ts'

const MINUTES = 60
const MINUTE_MS = 60_000
const NAMES = 10

/**
 * Comparing an hour: digests of the ledger and of the inbox for each of 60 minutes, and their comparison, beside one plain
 * `count(*)` over the same rows of both tables. 3.6 million events of ten names, all received; one PostgreSQL for both sides.
 */
export const run: Bench = async (context) => {
  const { quick, database, progress } = context
  const count = quick ? 360_000 : 3_600_000
  const store = postgresStore({ connectionString: await database.create('compare_hour'), responseTimeoutMs: 600_000 })
  await store.start()
  try {
    // Within one day, so that it lies in one partition as a day's hour does.
    const startMs = Math.floor(Date.now() / 86_400_000) * 86_400_000
    await store.transaction(async (tx) => {
      // 60,000 a minute; the tail of an id is random, as in every UUIDv7.
      const id = `(lpad(to_hex(${startMs} + n * ${MINUTES * MINUTE_MS} / ${count}), 12, '0') || '7000' || '8' ||
        substr(md5(n::text), 1, 15))::uuid`
      await tx.query(
        `insert into warren.outbox (id, name, entity_id, source, payload, headers, is_optional)
         select ${id}, 'order.fact.on' || n % ${NAMES}, 'o', 'bench', '{}', '{}', false
         from generate_series(0::bigint, ${count - 1}) as n`,
      )
      await tx.query(
        `insert into warren.inbox (subscription, message_id, name, source, status, settled_at)
         select 'bench', id, name, source, 'handled', now() from warren.outbox`,
      )
    })
    await store.query('vacuum analyze warren.outbox')
    await store.query('vacuum analyze warren.inbox')
    progress(`compare-hour: ${count} events are in the ledger and in the inbox`)

    const { ledger, receipts } = store.reconciliation
    const ranges = Array.from({ length: MINUTES }, (_, minute): TimeRange => {
      const fromMs = startMs + minute * MINUTE_MS
      return { fromMs, toMs: fromMs + MINUTE_MS }
    })
    const compare = async (round: number): Promise<number> => {
      const startedAtMs = performance.now()
      const sent = await ledger.digests(ranges)
      const received = await receipts.digests('bench', 'bench', ranges)
      if (total(sent) !== count || textOf(sent) !== textOf(received)) throw new Error('the hour is not proven')
      const seconds = (performance.now() - startedAtMs) / 1_000
      progress(`compare-hour: round ${round + 1}: ${seconds.toFixed(1)} s`)
      return seconds
    }
    const countBoth = async (): Promise<number> => {
      const startedAtMs = performance.now()
      for (const table of ['outbox', 'inbox']) await store.query(`select count(*) from warren.${table}`)
      return (performance.now() - startedAtMs) / 1_000
    }
    const pairs = await alternate(alternations(context), compare, countBoth)
    const note = `${count} events; beside it count(*) of both tables`
    return [
      valueRow(pairs, 's', { name: 'comparing an hour', bar: { atMost: 10 }, note }),
      ratioRow(pairs, 's', { name: 'comparing an hour ÷ counting it', note }),
    ]
  } finally {
    await store.stop()
  }
}

function total(ranges: readonly RangeDigests[]): number {
  return ranges.flatMap(({ digests }) => digests).reduce((sum, { count }) => sum + count, 0)
}

function textOf(ranges: readonly RangeDigests[]): string {
  const rows = ranges.flatMap(({ fromMs, digests }) =>
    digests.map((each) => `${fromMs} ${each.name} ${each.count} ${each.xor}`),
  )
  return rows.sort().join('\n')
}
