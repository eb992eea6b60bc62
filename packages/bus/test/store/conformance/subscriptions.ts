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

    test('a pause is found until it is ended, outlasts an announcement, and is written down', async () => {
      const { subscriptions } = subject.store
      expect(await subscriptions.pauseOf('order.crm')).toBeNull()
      expect(await subscriptions.pause('order.crm', 'ann')).toBeNull()
      await subscriptions.announce(crm)
      await subscriptions.announce({ ...crm, name: 'loyalty' })
      const paused = await subscriptions.pause('order.crm', 'ann')
      expect(paused).toMatchObject({ isChanged: true, pause: { by: 'ann' } })
      expect(Math.abs(paused!.pause!.at.getTime() - Date.now())).toBeLessThan(5_000)
      expect(await subscriptions.pause('order.crm', 'bob')).toEqual({ ...paused, isChanged: false })
      await subscriptions.announce(crm)
      expect(await subscriptions.pauseOf('order.crm')).toEqual(paused!.pause)
      expect(await subscriptions.pauseOf('loyalty')).toBeNull()
      expect((await subscriptions.list()).map((row) => row.paused)).toEqual([null, paused!.pause])

      expect(await subscriptions.resume('order.crm', 'bob')).toEqual({ pause: null, isChanged: true })
      expect(await subscriptions.resume('order.crm', 'bob')).toEqual({ pause: null, isChanged: false })
      expect(await subscriptions.resume('order.none', 'bob')).toBeNull()
      expect(await subscriptions.pauseOf('order.crm')).toBeNull()
      expect(await subject.actions()).toEqual([
        ['ann', 'pause', 'order.crm', null, {}],
        ['bob', 'resume', 'order.crm', null, {}],
      ])
    })

    test('a tally is of what became of the messages of one', async () => {
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
      const { subscriptions } = subject.store
      const order = await subscriptions.tally('order.crm')
      expect(order).toMatchObject({ retrying: 1, parked: 2, discarded: 1 })
      expect(Math.abs(order.lastHandledAt!.getTime() - Date.now())).toBeLessThan(5_000)
      expect(order.isExact).toBe(true)
      expect(await subscriptions.tally('order.crm', 2)).toMatchObject({ retrying: 1, parked: 2, isExact: false })
      expect(await subscriptions.countHandled('order.crm')).toBe(3)
      expect((await subscriptions.list()).map(({ name }) => name)).toEqual(['loyalty', 'order.crm'])
      for (const name of ['loyalty', 'order.none']) {
        expect(await subscriptions.tally(name)).toEqual({
          retrying: 0,
          parked: 0,
          discarded: 0,
          isExact: true,
          lastHandledAt: null,
        })
        expect(await subscriptions.countHandled(name)).toBe(0)
      }
    })
  })
}
