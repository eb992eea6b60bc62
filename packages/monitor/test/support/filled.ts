import type { NamedStore } from '@warren/bus/operate'
import { onTestFinished } from 'vitest'
import { fillProof } from '../../../cli/test/support/fill-proof.ts'
import { filledStores } from '../../../cli/test/support/stores.ts'
import type { StoreKind } from '../../../cli/test/support/stores.ts'

/** The store of a publisher with something missing, and that of a subscriber with failures. */
export async function filled(kind: StoreKind): Promise<readonly [orders: NamedStore, crm: NamedStore]> {
  const places = await filledStores(kind)
  onTestFinished(() => places.drop())
  const orders = { label: 'orders', store: await places.open('orders') }
  await fillProof(orders.store)
  return [orders, { label: 'crm', store: await places.open('crm') }]
}
