import type { Dialect, Numeric } from '../reconciliation/dialect.ts'
import type { NextInOrder } from '../contract/order.ts'
import type { Sql } from '../store.ts'
import { assertTransaction } from '../transaction-guard.ts'

/**
 * One statement, and scalars written as text, for any library's transaction. The row holds what there was before its last
 * event, and the last event apart: RETURNING tells the new row, and so what there was before the event that is being published.
 */
function nextStatement(dialect: Dialect): string {
  return `
    insert into warren.entity_sequence as s (order_key, sequence, last_name, last_at, previous)
    values (cast($1 as text), 1, cast($2 as text), ${dialect.now}, '{}')
    on conflict (order_key) do update set
      sequence = s.sequence + 1, last_name = excluded.last_name,
      last_at = case when excluded.last_at > s.last_at then excluded.last_at else s.last_at + 1 end,
      previous = ${dialect.withEntry('s.previous', 's.last_name', 's.sequence', 's.last_at')}
    returning sequence, last_at, previous`
}

/** Takes the next place of an entity; see OrderStore.next. */
export async function nextInOrder(dialect: Dialect, tx: Sql, orderKey: string, name: string): Promise<NextInOrder> {
  assertTransaction(tx)
  const { rows } = await dialect
    .on(tx)
    .query<{ sequence: Numeric; last_at: Numeric; previous: string }>(nextStatement(dialect), [orderKey, name])
  const [row] = rows
  if (row === undefined) throw new Error('an upsert that returns its row has returned none')
  return { sequence: Number(row.sequence), atMs: Number(row.last_at), previous: row.previous }
}
