import type { Store } from '../store/store.ts'

/** One of several stores that are looked at together. */
export interface NamedStore {
  readonly label: string
  readonly store: Store
}

/** A row, and the store it is from. */
export type StoreRow<Row> = Row & { readonly store: string }

/** Reads the same from all stores at once. */
export async function readStores<Row>(
  stores: readonly NamedStore[],
  read: (store: Store) => Promise<readonly Row[]>,
): Promise<readonly StoreRow<Row>[]> {
  const rows = stores.map(async ({ label, store }) => (await read(store)).map((row) => ({ store: label, ...row })))
  return (await Promise.all(rows)).flat()
}
