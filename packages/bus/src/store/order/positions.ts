import { WarrenError } from '../../errors.ts'
import { ORDER_BLOCKED } from '../contract/order.ts'
import type { EntityPosition, OrderedEntity } from '../contract/order.ts'
import { chunksOf, rowsOf } from '../reconciliation/dialect.ts'
import type { Dialect, Numeric } from '../reconciliation/dialect.ts'
import type { Sql } from '../store.ts'
import { readSkipped, writeSkipped } from './position.ts'

/** Sorted by the same keys everywhere: two transactions that lock several entities cannot wait for each other. */
export async function lockPositions(
  dialect: Dialect,
  sql: Sql,
  subscription: string,
  entities: readonly OrderedEntity[],
): Promise<readonly EntityPosition[]> {
  const positions: EntityPosition[] = []
  for (const chunk of chunksOf(inLockOrder(entities))) {
    // An update that changes nothing: it locks the row and tells its latest state, whether it was there or not.
    const text = `
      insert into warren.order_position as p (subscription, source, order_key) values ${rowsOf(chunk.length, 3)}
      on conflict (subscription, source, order_key) do update set handled = p.handled
      returning source, order_key, handled, skipped`
    const values = chunk.flatMap(({ source, orderKey }) => [subscription, source, orderKey])
    const { rows } = await locking(dialect, subscription, () =>
      sql.query<{ source: string; order_key: string; handled: Numeric; skipped: string }>(text, values),
    )
    for (const row of rows) {
      const position = { handled: Number(row.handled), skipped: readSkipped(row.skipped) }
      positions.push({ source: row.source, orderKey: row.order_key, position })
    }
  }
  return positions
}

/** Of positions that this transaction has locked. */
export async function writePositions(
  dialect: Dialect,
  sql: Sql,
  subscription: string,
  moved: readonly EntityPosition[],
): Promise<number> {
  let released = 0
  for (const chunk of chunksOf(moved)) {
    await sql.query(
      `insert into warren.order_position as p (subscription, source, order_key, handled, skipped)
       values ${rowsOf(chunk.length, 5)}
       on conflict (subscription, source, order_key) do update
       set handled = excluded.handled, skipped = excluded.skipped`,
      chunk.flatMap(({ source, orderKey, position }) => [
        ...[subscription, source, orderKey, position.handled],
        writeSkipped(position),
      ]),
    )
    // In this transaction: whoever is found waiting was put there before the lock was taken, and nobody is put there now.
    const { rows } = await sql.query(
      `update warren.inbox_failure set due_at = ${dialect.dueIn('0')}
       where subscription = $1 and message_id in (
         select (
           select f.message_id from warren.inbox_failure f
           where f.subscription = $1 and f.source = k.column1 and f.order_key = k.column2
             and f.error_code = '${ORDER_BLOCKED}' and f.state = 'retrying'
           order by f.sequence limit 1)
         from (values ${rowsOf(chunk.length, 2, 1)}) as k)
       returning message_id`,
      [subscription, ...chunk.flatMap(({ source, orderKey }) => [source, orderKey])],
    )
    released += rows.length
  }
  return released
}

function inLockOrder(entities: readonly OrderedEntity[]): readonly OrderedEntity[] {
  const unique = new Map(entities.map((entity) => [`${entity.source}\n${entity.orderKey}`, entity]))
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entity]) => entity)
}

async function locking<T>(dialect: Dialect, subscription: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!dialect.meansBusy(error)) throw error
    throw new WarrenError(
      'STORE_BUSY',
      `another transaction is handling events of the same entities for "${subscription}" for too long`,
      { subscription },
      error,
    )
  }
}
