import type { NamedStore } from './stores.ts'
import type { Column } from './table.ts'

/** A row, and the store it is from. */
export type StoreRow<Row> = Row & { readonly store: string }

/** Reads the same from all stores at once. */
export async function readStores<Row>(
  stores: readonly NamedStore[],
  read: (store: NamedStore['store']) => Promise<readonly Row[]>,
): Promise<readonly StoreRow<Row>[]> {
  const rows = stores.map(async ({ label, store }) => (await read(store)).map((row) => ({ store: label, ...row })))
  return (await Promise.all(rows)).flat()
}

/** The columns, and one for the store where there are several. */
export function withStoreColumn<Row>(
  columns: readonly Column<StoreRow<Row>>[],
  stores: readonly NamedStore[],
): readonly Column<StoreRow<Row>>[] {
  return stores.length > 1 ? [...columns, { heading: 'store', cell: (row) => row.store }] : columns
}
