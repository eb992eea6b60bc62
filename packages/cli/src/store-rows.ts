import type { NamedStore, StoreRow } from '@warren/bus/operate'
import type { Column } from './table.ts'

/** The columns, and one for the store where there are several. */
export function withStoreColumn<Row>(
  columns: readonly Column<StoreRow<Row>>[],
  stores: readonly NamedStore[],
): readonly Column<StoreRow<Row>>[] {
  return stores.length > 1 ? [...columns, { heading: 'store', cell: (row) => row.store }] : columns
}
