import type { Backfill } from '@warren/bus'
import { CliError } from '../../errors.ts'
import type { NamedStore } from '../../stores.ts'

/** The backfill and the store that it is in. Throws BACKFILL_UNKNOWN. */
export async function findBackfill(
  stores: readonly NamedStore[],
  id: string,
): Promise<{ readonly backfill: Backfill; readonly store: NamedStore }> {
  for (const store of stores) {
    const backfill = await store.store.reconciliation.backfill.find(id)
    if (backfill !== null) return { backfill, store }
  }
  throw new CliError(
    'BACKFILL_UNKNOWN',
    `no backfill ${id} in these stores; "warren backfill list" shows those that are there`,
  )
}
