import { describe, expect, test } from 'vitest'
import { failure, message, until } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeSubscriptions(subject: Subject): void {
  const { fail, receive } = subject
  describe('subscriptions', () => {
    const crm = { name: 'order.crm', service: 'crm', patterns: ['order.#'], queue: 'qu.order.crm' }

    test('a subscription is found as it was announced last, active since the first time', async () => {
      expect(await subject.store.subscriptions.find('order.crm')).toBeNull()
      await subject.store.subscriptions.announce(crm)
      const [before] = await subject.store.subscriptions.list()
      await until(() => Date.now() > before!.lastSeenAt.getTime() + 5)
      await subject.store.subscriptions.announce({ ...crm, patterns: ['order.#', 'product.#'] })
      expect(await subject.store.subscriptions.find('order.crm')).toEqual({
        ...crm,
        patterns: ['order.#', 'product.#'],
      })
      const [after] = await subject.store.subscriptions.list()
      expect(after!.activeFrom).toEqual(before!.activeFrom)
      expect(after!.lastSeenAt.getTime()).toBeGreaterThan(before!.lastSeenAt.getTime())
    })

    test('the list counts what became of the messages of each', async () => {
      await subject.store.subscriptions.announce(crm)
      await subject.store.subscriptions.announce({ ...crm, name: 'loyalty' })
      await receive('order.crm', message(), message(), message())
      const discarded = failure('order.crm')
      await fail(
        failure('order.crm'),
        failure('order.crm', { state: 'parked' }),
        failure('order.crm', { state: 'parked' }),
        discarded,
      )
      await subject.store.failures.discard({ messageId: discarded.messageId }, 'ann')
      const [loyalty, order] = await subject.store.subscriptions.list()
      expect(order).toMatchObject({ ...crm, handled: 3, retrying: 1, parked: 2, discarded: 1 })
      expect(Math.abs(order!.lastHandledAt!.getTime() - Date.now())).toBeLessThan(5_000)
      expect(loyalty).toMatchObject({
        name: 'loyalty',
        handled: 0,
        retrying: 0,
        parked: 0,
        discarded: 0,
        lastHandledAt: null,
      })
    })
  })
}
