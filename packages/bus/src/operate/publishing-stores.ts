import type { NamedStore } from './named-store.ts'

/** Those of these stores that publish; all of them while none has published yet. */
export async function publishingStores(stores: readonly NamedStore[]): Promise<readonly NamedStore[]> {
  const used = await Promise.all(
    stores.map(async ({ store: { reconciliation } }) => {
      const [isUsed, registered] = await Promise.all([reconciliation.ledger.isUsed(), reconciliation.registry.list()])
      return isUsed || registered.length > 0
    }),
  )
  const chosen = stores.filter((_, index) => used[index])
  return chosen.length === 0 ? stores : chosen
}
