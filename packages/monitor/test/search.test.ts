import type { NewEvent, Store } from '@warren/bus'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshDatabase, storeKinds } from '../../bus/test/support/service.ts'
import { readPage } from '../src/reads/pages.ts'

/** By their number: every third is what is searched for. */
const id = (n: number): string => `0197c2f0-5a1e-7b34-9f00-${String(n).padStart(12, '0')}`
const nameOf = (n: number): string => (n % 3 === 0 ? 'order.payment.onPaid' : 'order.delivery.onDelivered')

async function fill(store: Store, numbers: readonly number[]): Promise<void> {
  await store.start()
  const events = numbers.map((n): NewEvent => ({
    ...{ id: id(n), name: nameOf(n), entityId: `o-${n}`, source: 'orders', payload: '{}', headers: {} },
    ...{ isOptional: false, bucket: 1 },
  }))
  await store.transaction((tx) => store.outbox.append(tx, events))
}

describe.each(storeKinds)('a search through %s stores', (kind) => {
  it.each([1, 2, 3, 7, 40, 1_000])('finds each once and in order when it goes %s rows at a time', async (rows) => {
    const numbers = Array.from({ length: 60 }, (_, n) => n)
    // Unevenly, so that one store is at its end long before the other.
    const stores = []
    for (const [label, isIn] of [
      ['a', (n: number) => n % 2 === 0 || n < 12],
      ['b', (n: number) => n % 2 === 1 && n >= 12],
      ['c', () => false],
    ] as const) {
      const store = (await freshDatabase(kind)).open()
      await fill(store, numbers.filter(isIn))
      onTestFinished(() => store.stop())
      stores.push({ label, store })
    }
    const filter = { name: 'order.payment.onPaid' }
    const found: string[] = []
    let pages = 0
    for (let before: string | undefined = undefined; ; pages++) {
      const from: { readonly before?: string } = before === undefined ? {} : { before }
      const page = await readPage({
        ...{ stores, limit: 5, idOf: (row: { readonly id: string }) => row.id },
        read: (store, { limit, downTo }) =>
          store.messages.sent({ ...filter, ...from, limit, ...(downTo === undefined ? {} : { downTo }) }),
        depthOf: (depths) => depths.sent({ ...from, rows }),
      })
      found.push(...page.rows.map((row) => row.id))
      if (page.next === null) break
      expect(before === undefined || page.next < before).toBe(true)
      before = page.next
    }
    expect(found).toEqual(
      numbers
        .filter((n) => n % 3 === 0)
        .map(id)
        .toReversed(),
    )
    expect(pages).toBeGreaterThanOrEqual(3)
  })
})
