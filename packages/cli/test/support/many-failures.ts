import type { Store } from '@warren/bus'
import { id } from './fill.ts'

const ROWS = 1_000
/** Behind the ids of what the stores are filled with. */
const FIRST = 1_000_000

/** Parks so many messages of `order.crm`, for one cause, and returns their ids. */
export async function failMany(store: Store, count: number, first = FIRST): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => id(first + index))
  for (let start = 0; start < count; start += ROWS) {
    const failures = ids.slice(start, start + ROWS).map((messageId) => ({
      ...{ subscription: 'order.crm', messageId, name: 'order.payment.onPaid', entityId: 'o-1', source: 'orders' },
      ...{ payload: '{"orderId":"o-1"}', encoding: 'utf8' as const, headers: {}, state: 'parked' as const },
      ...{ attempts: 3, delayMs: 0 },
      error: { code: 'E', type: 'TypeError', message: 'it is full', stack: '', fingerprint: 'ffffffffffff' },
    }))
    await store.transaction((tx) => store.inbox.fail(tx, failures))
  }
  return ids
}
