import type { Dialect, Numeric } from '../reconciliation/dialect.ts'
import type { EntityPosition, Interest, NextInOrder, OrderedEntity, OrderStore } from '../contract/order.ts'
import { ORDER_BLOCKED } from '../contract/order.ts'
import { failureOf } from '../rows.ts'
import type { FailureRow } from '../rows.ts'
import type { Failure, Sql } from '../store.ts'
import { lockPositions, writePositions } from './positions.ts'
import { nextInOrder } from './sequences.ts'

/** The bookkeeping of order per entity on any dialect. */
export class Order<Tx extends Sql> implements OrderStore<Tx> {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  next(tx: Sql, orderKey: string, name: string): Promise<NextInOrder> {
    return nextInOrder(this.#dialect, tx, orderKey, name)
  }

  async interests(subscription: string): Promise<readonly Interest[]> {
    const rows = await this.#dialect.read<{ pattern: string; since: Numeric }>(
      'select pattern, since from warren.order_interest where subscription = $1 order by pattern',
      [subscription],
    )
    return rows.map(({ pattern, since }) => ({ pattern, sinceMs: Number(since) }))
  }

  async stand(subscription: string, patterns: readonly string[]): Promise<readonly Interest[]> {
    const known = await this.interests(subscription)
    const gone = known.filter(({ pattern }) => !patterns.includes(pattern))
    const added = patterns.filter((pattern) => !known.some((interest) => interest.pattern === pattern))
    if (gone.length === 0 && added.length === 0) return known
    await this.#dialect.write(async (sql) => {
      for (const { pattern } of gone) {
        await sql.query('delete from warren.order_interest where subscription = $1 and pattern = $2', [
          subscription,
          pattern,
        ])
      }
      for (const pattern of added) {
        await sql.query(
          `insert into warren.order_interest (subscription, pattern, since) values ($1, $2, ${this.#dialect.now})
           on conflict do nothing`,
          [subscription, pattern],
        )
      }
    })
    return this.interests(subscription)
  }

  lock(tx: Tx, subscription: string, entities: readonly OrderedEntity[]): Promise<readonly EntityPosition[]> {
    return lockPositions(this.#dialect, this.#dialect.on(tx), subscription, entities)
  }

  advance(tx: Tx, subscription: string, moved: readonly EntityPosition[]): Promise<number> {
    return writePositions(this.#dialect, this.#dialect.on(tx), subscription, moved)
  }

  async hold(tx: Tx, subscription: string, messageId: string, delayMs: number): Promise<void> {
    await this.#dialect.on(tx).query(
      `update warren.inbox_failure
       set due_at = ${this.#dialect.dueIn('$3')}, attempts = case when attempts > 0 then attempts - 1 else 0 end,
         claimed_at = null
       where subscription = $1 and message_id = $2 and state = 'retrying'`,
      [subscription, messageId, delayMs],
    )
  }

  async waiting(
    tx: Tx,
    subscription: string,
    entity: OrderedEntity,
    { behind, limit }: { readonly behind: number; readonly limit: number },
  ): Promise<readonly Failure[]> {
    const { rows } = await this.#dialect.on(tx).query<FailureRow>(
      `select ${this.#dialect.failureColumns} from warren.inbox_failure f
       where f.subscription = $1 and f.source = $2 and f.order_key = $3 and f.sequence > $4
         and f.error_code = '${ORDER_BLOCKED}' and f.state = 'retrying'
       order by f.sequence limit $5`,
      [subscription, entity.source, entity.orderKey, behind, limit],
    )
    return rows.map(failureOf)
  }

  async hasEarlier(tx: Tx, subscription: string, entity: OrderedEntity, sequence: number): Promise<boolean> {
    const { rows } = await this.#dialect.on(tx).query(
      `select 1 as found from warren.inbox_failure
       where subscription = $1 and source = $2 and order_key = $3 and sequence < $4 limit 1`,
      [subscription, entity.source, entity.orderKey, sequence],
    )
    return rows.length > 0
  }
}
