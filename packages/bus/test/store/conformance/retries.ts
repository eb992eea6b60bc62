import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import { failure, until } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeRetries(subject: Subject): void {
  const { fail, statusOf, claimRetries } = subject
  describe('retries', () => {
    test('due failures are claimed by due time, counted, and then left alone until the claim runs out', async () => {
      const [late, early, notYet, parked, other] = [
        failure('order.crm', { delayMs: -1_000 }),
        failure('order.crm', { delayMs: -2_000, attempts: 4 }),
        failure('order.crm', { delayMs: 60_000 }),
        failure('order.crm', { state: 'parked', delayMs: -1_000 }),
        failure('loyalty', { delayMs: -1_000 }),
      ]
      await fail(late, early, notYet, parked, other)
      expect(await subject.store.inbox.nextRetryInMs('order.crm')).toBe(0)
      expect((await claimRetries(1)).map(({ messageId, attempts }) => [messageId, attempts])).toEqual([
        [early.messageId, 5],
      ])
      expect((await claimRetries()).map(({ messageId, attempts }) => [messageId, attempts])).toEqual([
        [late.messageId, 2],
      ])
      expect(await claimRetries()).toEqual([])
      const nextMs = await subject.store.inbox.nextRetryInMs('order.crm')
      expect(nextMs).toBeGreaterThan(50_000)
      expect(nextMs).toBeLessThanOrEqual(60_000)
    })

    test('there is no next retry when nothing retries', async () => {
      await fail(failure('order.crm', { state: 'parked' }))
      expect(await subject.store.inbox.nextRetryInMs('order.crm')).toBeNull()
    })

    test('a claim that its owner never settles is due again and was counted', async () => {
      const crashing = failure('order.crm')
      await fail(crashing)
      expect(await claimRetries(10, 20)).toMatchObject([{ attempts: 2 }])
      let again = await claimRetries(10, 20)
      await until(async () => {
        if (again.length === 0) again = await claimRetries(10, 20)
        return again.length > 0
      })
      expect(again).toMatchObject([{ messageId: crashing.messageId, attempts: 3 }])
    })

    test('two instances claim different failures', async () => {
      const other = await subject.database.open()
      await fail(...Array.from({ length: 40 }, () => failure('order.crm', { delayMs: -1 })))
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          (n % 2 === 0 ? subject.store : other).inbox.claimRetries('order.crm', { limit: 5, leaseMs: 60_000 }),
        ),
      )
      const ids = claims.flat().map(({ messageId }) => messageId)
      expect(new Set(ids).size).toBe(ids.length)
      const rest = await claimRetries(40)
      expect(new Set([...ids, ...rest.map(({ messageId }) => messageId)]).size).toBe(40)
    })

    test('a claim that is given back is due after the delay and was not counted', async () => {
      const given = failure('order.crm')
      await fail(given)
      await claimRetries()
      await subject.store.inbox.unclaim('order.crm', [given.messageId], 0)
      expect(await claimRetries()).toMatchObject([{ attempts: 2 }])
      await subject.store.inbox.unclaim('order.crm', [given.messageId, newId()], 60_000)
      expect(await claimRetries()).toEqual([])
      await subject.store.inbox.unclaim('order.crm', [], 0)
    })

    test('a retry that succeeds is handled in the handler’s transaction', async () => {
      const given = failure('order.crm')
      await fail(given)
      await claimRetries()
      const resolve = (isLost: boolean) =>
        subject.store.transaction(async (tx) => {
          const isResolved = await subject.store.inbox.resolve(tx, 'order.crm', given.messageId)
          if (isLost) throw new Error('no')
          return isResolved
        })
      await resolve(true).catch(() => undefined)
      expect(await statusOf(given.messageId)).toBe('retrying')
      expect(await resolve(false)).toBe(true)
      expect(await statusOf(given.messageId)).toBe('handled')
      expect(await subject.store.failures.list({})).toEqual([])
      expect(await resolve(false)).toBe(false)
    })

    test('a retry that was discarded, parked or resolved meanwhile is not resolved', async () => {
      const [discarded, parked] = [failure('order.crm'), failure('order.crm')]
      await fail(discarded, parked)
      await claimRetries()
      await subject.store.failures.discard({ messageId: discarded.messageId }, 'ann')
      await fail({ ...parked, state: 'parked' })
      for (const { messageId } of [discarded, parked, failure('order.crm')]) {
        expect(await subject.store.transaction((tx) => subject.store.inbox.resolve(tx, 'order.crm', messageId))).toBe(
          false,
        )
      }
      expect(await statusOf(discarded.messageId)).toBe('discarded')
      expect(await statusOf(parked.messageId)).toBe('parked')
    })
  })
}
