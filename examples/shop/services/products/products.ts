import { z } from 'zod'
import { assortment } from '../assortment.ts'
import type { ShopBus } from '../service.ts'

export const productsTables: readonly string[] = [
  `create table if not exists products (
    id text primary key,
    name text not null,
    color text not null,
    price_cents integer not null,
    revision integer not null default 0
  )`,
  `create table if not exists product_changes (
    change_id text primary key,
    product_id text not null references products (id),
    kind text not null check (kind in ('price', 'attributes')),
    revision integer not null,
    changed_at timestamp not null default current_timestamp
  )`,
  `insert into products (id, name, color, price_cents) values
    ${assortment.map(({ productId, name, priceCents }) => `('${productId}', '${name}', 'white', ${priceCents})`).join()}
    on conflict (id) do nothing`,
]

export const newPrice = z.object({ changeId: z.string().min(1), priceCents: z.int().nonnegative() })
export const newAttributes = z.object({
  changeId: z.string().min(1),
  name: z.string().min(1),
  color: z.string().min(1),
})

/** `done` also when an earlier request with the same change id has done it. */
export type Answer = 'done' | 'unknown product'

/** Changes products. A client gives each change an id, and may ask for it again until it is answered. */
export class Products {
  readonly #bus: ShopBus

  constructor(bus: ShopBus) {
    this.#bus = bus
  }

  async changePrice(id: string, { changeId, priceCents }: z.infer<typeof newPrice>): Promise<Answer> {
    const change = { id, changeId, kind: 'price', set: 'price_cents = $3', values: [priceCents] }
    return await this.#change(change, async (tx, revision) => {
      await this.#bus.publish(tx, 'product.price.onChanged', { productId: id, revision, priceCents })
    })
  }

  async changeAttributes(id: string, { changeId, name, color }: z.infer<typeof newAttributes>): Promise<Answer> {
    const change = { id, changeId, kind: 'attributes', set: 'name = $3, color = $4', values: [name, color] }
    return await this.#change(change, async (tx, revision) => {
      await this.#bus.publish(tx, 'product.attributes.onChanged', { productId: id, revision, name, color })
    })
  }

  async #change(
    change: {
      readonly id: string
      readonly changeId: string
      readonly kind: string
      /** The columns that change; their values are $3 and so on. */
      readonly set: string
      readonly values: readonly unknown[]
    },
    publish: (tx: Parameters<Parameters<ShopBus['transaction']>[0]>[0], revision: number) => Promise<void>,
  ): Promise<Answer> {
    const { id, changeId, kind, set, values } = change
    return await this.#bus.transaction(async (tx) => {
      const { rows } = await tx.query<{ revision: number }>(
        `update products set revision = revision + 1, ${set}
         where id = $1 and not exists (select 1 from product_changes where change_id = $2) returning revision`,
        [id, changeId, ...values],
      )
      const [changed] = rows
      if (changed === undefined) {
        const known = await tx.query('select 1 from products where id = $1', [id])
        return known.rows.length === 0 ? 'unknown product' : 'done'
      }
      await tx.query('insert into product_changes (change_id, product_id, kind, revision) values ($1, $2, $3, $4)', [
        changeId,
        id,
        kind,
        changed.revision,
      ])
      await publish(tx, changed.revision)
      return 'done'
    })
  }
}
