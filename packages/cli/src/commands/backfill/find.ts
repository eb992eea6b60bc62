import { findBackfill as find } from '@warren/bus/operate'
import type { NamedStore, StoredBackfill } from '@warren/bus/operate'
import { CliError } from '../../errors.ts'

/** The backfill and the store that it is in. Throws BACKFILL_UNKNOWN. */
export async function findBackfill(stores: readonly NamedStore[], id: string): Promise<StoredBackfill> {
  const found = await find(stores, id)
  if (found !== null) return found
  throw new CliError(
    'BACKFILL_UNKNOWN',
    `no backfill ${id} in these stores; "warren backfill list" shows those that are there`,
  )
}
