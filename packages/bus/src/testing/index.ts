import type { Bus } from '../bus.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { SettledMessage } from '../inbox/subscriber.ts'
import type { Sql } from '../store/store.ts'

export type SettledBySubscription = SettledMessage & { readonly subscription: string }

/**
 * Resolves with the next message that a subscription of the bus settles and that has these values: wait for it instead of
 * sleeping. Begin to wait before the event is published. Rejects after `timeoutMs` (default 10 s) with what was settled
 * meanwhile.
 *
 * ```ts
 * const handled = waitForSettled(bus, { subscription: 'order.crm', name: 'order.payment.onPaid', kind: 'handled' })
 * await bus.publish('order.payment.onPaid', { orderId: '1' })
 * await handled
 * ```
 */
export function waitForSettled<C extends Catalog, Tx extends Sql>(
  bus: Bus<C, Tx>,
  wanted: Partial<SettledBySubscription>,
  timeoutMs = 10_000,
): Promise<SettledBySubscription> {
  return new Promise((resolve, reject) => {
    const others: string[] = []
    const unsubscribe = bus.signals.received.on((settled) => {
      if (isLike(settled, wanted)) {
        unsubscribe()
        clearTimeout(timer)
        resolve(settled)
      } else others.push(`${settled.subscription} ${settled.name} ${settled.kind}`)
    })
    const timer = setTimeout(() => {
      unsubscribe()
      const seen = others.length === 0 ? 'nothing was settled' : `settled were: ${others.join(', ')}`
      reject(new Error(`no message like ${JSON.stringify(wanted)} within ${timeoutMs} ms; ${seen}`))
    }, timeoutMs)
  })
}

function isLike(settled: SettledBySubscription, wanted: Partial<SettledBySubscription>): boolean {
  return Object.entries(wanted).every(([key, value]) => Reflect.get(settled, key) === value)
}
