import { heldBy } from '../reconcile/steering.ts'
import type { MissingEvent } from '../store/contract/reconciliation.ts'
import type { NamedStore, StoreRow } from './named-store.ts'

/**
 * Adds to missing events the watch because of which each is not resent unless a person asks; null: nothing holds it back. Looks an event up
 * only where a watch holds back those of some entities.
 */
export async function withHolders(
  stores: readonly NamedStore[],
  rows: readonly StoreRow<MissingEvent>[],
): Promise<readonly (StoreRow<MissingEvent> & { readonly heldBy: string | null })[]> {
  const holders = new Map<StoreRow<MissingEvent>, string | null>()
  for (const { label, store } of stores) {
    const own = rows.filter((row) => row.store === label)
    if (own.length === 0) continue
    const watches = (await store.watches.list()).filter(({ compensation }) => compensation === 'off')
    const isByEntity = watches.some(({ entityIds }) => entityIds.length > 0)
    for (const row of own) {
      const entityId = isByEntity ? ((await store.messages.trace(row.id)).sent?.entityId ?? '') : ''
      holders.set(row, heldBy(watches, row, entityId))
    }
  }
  return rows.map((row) => ({ ...row, heldBy: holders.get(row) ?? null }))
}
