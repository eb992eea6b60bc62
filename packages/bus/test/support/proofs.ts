import type { Proof } from '../../src/store/contract/reconciliation.ts'
import type { Store } from '../../src/index.ts'
import { eventually } from './service.ts'

export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/** What a publisher's store knows of a subscription; undefined until it was announced. */
export async function proofOf(store: Store, subscription: string): Promise<Proof | undefined> {
  return (await store.reconciliation.proof.list()).find((each) => each.subscription === subscription)
}

/** Resolves when the subscription is known to the publisher and has answered. */
export async function untilAnswered(store: Store, subscription: string): Promise<void> {
  await eventually(async () => ((await proofOf(store, subscription))?.answered ?? null) !== null)
}

/** Resolves when everything up to this event is compared, and nothing is open or suspected. */
export async function untilProven(store: Store, subscription: string, id: string): Promise<Proof> {
  let last: Proof | undefined
  const isProven = async () => {
    last = await proofOf(store, subscription)
    return last !== undefined && last.throughMs > timeOfId(id) && last.openMinutes === 0 && last.counts.suspect === 0
  }
  await eventually(isProven, 20_000).catch((error: unknown) => {
    throw new Error(`${subscription} is not proven up to ${id}: ${JSON.stringify(last)}`, { cause: error })
  })
  return last as unknown as Proof
}
