import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import { KEPT_ATTEMPTS } from '../../../src/store/attempts.ts'
import { ORDER_BLOCKED } from '../../../src/store/contract/order.ts'
import { failure, message, until } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeAttempts(subject: Subject): void {
  const { fail, receive, claimRetries } = subject
  const attemptsOf = (id: string) => subject.store.failures.attempts(id)
  /** The number of each attempt, and how it ended. */
  const endsOf = async (id: string) =>
    (await attemptsOf(id)).map(({ attempt, error }) => [attempt, error?.message ?? 'never ended'])
  const resolve = (subscription: string, id: string) =>
    subject.store.transaction((tx) => subject.store.inbox.resolve(tx, subscription, id))

  describe('attempts', () => {
    test('a failed attempt is kept with when it ran and why it failed, also when the message is handled by now', async () => {
      const nowMs = performance.now()
      const first = failure('order.crm')
      await fail({ ...first, ran: { beganMs: nowMs - 5_150, endedMs: nowMs - 5_000 } })
      await claimRetries()
      await fail({ ...first, attempts: 2, error: { ...first.error, code: 'E2', type: 'T2', message: 'again' } })
      await claimRetries()
      expect(await resolve('order.crm', first.messageId)).toBe(true)

      const [one, two, ...more] = await attemptsOf(first.messageId)
      expect(more).toEqual([])
      expect(one).toMatchObject({
        ...{ subscription: 'order.crm', attempt: 1, state: 'retrying' },
        error: { code: 'HANDLER_FAILED', type: 'TypeError', message: 'no such customer' },
      })
      expect(one!.endedAt!.getTime() - one!.beganAt!.getTime()).toBe(150)
      const agoMs = Date.now() - one!.endedAt!.getTime()
      expect([agoMs >= 5_000, agoMs < 15_000]).toEqual([true, true])
      // No handler was called that this process knows of.
      expect(two).toMatchObject({ attempt: 2, beganAt: null, error: { code: 'E2', type: 'T2', message: 'again' } })
      expect(Math.abs(Date.now() - two!.endedAt!.getTime())).toBeLessThan(10_000)
    })

    test('what is handled at once leaves no attempt, and neither does what was rolled back', async () => {
      const [handled, undone] = [message(), failure('order.crm')]
      await receive('order.crm', handled)
      await subject.store
        .transaction(async (tx) => {
          await subject.store.inbox.fail(tx, [undone])
          throw new Error('no')
        })
        .catch(() => undefined)
      expect([...(await attemptsOf(handled.id)), ...(await attemptsOf(undone.messageId))]).toEqual([])
    })

    test('a failure that comes after the message was handled is no attempt', async () => {
      const handled = message()
      await receive('order.crm', handled)
      const other = failure('order.crm')
      await fail(failure('order.crm', { messageId: handled.id }), other)
      expect(await attemptsOf(handled.id)).toEqual([])
      expect(await attemptsOf(other.messageId)).toHaveLength(1)
    })

    test('each subscription has its own, oldest first', async () => {
      const crm = failure('order.crm')
      const loyalty = failure('loyalty', { messageId: crm.messageId, state: 'parked' })
      await fail(crm)
      const after = (await attemptsOf(crm.messageId))[0]!.endedAt!.getTime()
      await until(() => Date.now() > after + 5)
      await fail(loyalty, failure('loyalty'))
      await until(() => Date.now() > after + 15)
      await fail({ ...crm, attempts: 2, error: { ...crm.error, message: 'b' } })
      expect(
        (await attemptsOf(crm.messageId)).map(({ subscription, attempt, state, error }) => [
          ...[subscription, attempt, state, error?.message],
        ]),
      ).toEqual([
        ['order.crm', 1, 'retrying', 'no such customer'],
        ['loyalty', 1, 'parked', 'no such customer'],
        ['order.crm', 2, 'retrying', 'b'],
      ])
    })

    test('the newest are kept, whoever has them counted anew', async () => {
      const given = failure('order.crm', { state: 'parked' })
      const said = (number: number) => ({ ...given, attempts: number, error: { ...given.error, message: `${number}` } })
      for (let number = 1; number <= KEPT_ATTEMPTS + 3; number++) await fail(said(number))
      expect(await subject.store.failures.retry({ messageId: given.messageId }, 'ann')).toBe(1)
      await fail({ ...said(1), error: { ...given.error, message: 'anew' } })
      const kept = await attemptsOf(given.messageId)
      expect(kept).toHaveLength(KEPT_ATTEMPTS)
      expect(kept.map(({ error }) => error!.message).toSorted()).toEqual(
        [...Array.from({ length: KEPT_ATTEMPTS - 1 }, (_, n) => `${n + 5}`), 'anew'].toSorted(),
      )
    })

    test('an event that waits for its turn has failed nothing', async () => {
      const order = { orderKey: 'order/1', sequence: 2, needs: 1 }
      const waiting = failure('order.crm', { order, attempts: 0 })
      await fail({ ...waiting, error: { ...waiting.error, code: ORDER_BLOCKED } })
      expect(await attemptsOf(waiting.messageId)).toEqual([])
      await fail({ ...waiting, attempts: 1 })
      expect(await endsOf(waiting.messageId)).toEqual([[1, 'no such customer']])
    })

    test('text that the database cannot hold does not keep an attempt from being written down', async () => {
      const given = failure('order.crm')
      await fail({ ...given, error: { ...given.error, message: 'a\u0000"\'\né' } })
      const [kept] = await attemptsOf(given.messageId)
      expect(kept!.error!.message.replace(/^a./s, 'a')).toBe('a"\'\né')
    })

    test('a retry that was begun and never settled is seen with the next one', async () => {
      const given = failure('order.crm')
      await fail(given)
      const claimed = async (): Promise<void> => {
        await until(async () => (await claimRetries(10, 20)).length > 0)
      }
      await claimed()
      const beganMs = Date.now()
      await claimed()
      const [, lost] = await attemptsOf(given.messageId)
      expect(lost).toMatchObject({ attempt: 2, endedAt: null, state: 'retrying', error: null })
      expect(Math.abs(lost!.beganAt!.getTime() - beganMs)).toBeLessThan(5_000)
      await fail({ ...given, attempts: 3 })
      await claimed()
      await claimed()
      expect(await endsOf(given.messageId)).toEqual([
        [1, 'no such customer'],
        [2, 'never ended'],
        [3, 'no such customer'],
        [4, 'never ended'],
      ])
    })

    test('a retry that was given back, held, or counted anew by a person meanwhile has lost nothing', async () => {
      const given = failure('order.crm')
      await fail(given)
      const { inbox, order, failures } = subject.store
      const claim = async (): Promise<void> => expect(await claimRetries(10, 20)).toHaveLength(1)
      await claim()
      await inbox.unclaim('order.crm', [given.messageId], 0)
      await claim()
      await subject.store.transaction((tx) => order.hold(tx, 'order.crm', given.messageId, 0))
      await claim()
      expect(await failures.retry({ messageId: given.messageId }, 'ann')).toBe(1)
      await claim()
      await failures.edit(given, { original: given.payload, edited: '{}' }, 'ann')
      await claim()
      expect(await endsOf(given.messageId)).toEqual([[1, 'no such customer']])
    })

    test('a start that never ended is seen with the next one', async () => {
      const id = newId()
      await subject.store.inbox.countStart('order.crm', id)
      expect(await attemptsOf(id)).toEqual([])
      const beganMs = Date.now()
      await subject.store.inbox.countStart('order.crm', id)
      await subject.store.inbox.countStart('order.crm', id)
      const lost = await attemptsOf(id)
      expect(lost.map(({ attempt, endedAt, error }) => [attempt, endedAt, error])).toEqual([
        [1, null, null],
        [2, null, null],
      ])
      for (const { beganAt } of lost) expect(Math.abs(beganAt!.getTime() - beganMs)).toBeLessThan(5_000)
      // What fails later is kept beside them.
      await fail(failure('order.crm', { messageId: id, attempts: 2, state: 'parked' }))
      expect(await attemptsOf(id)).toHaveLength(3)
      for (let start = 0; start < KEPT_ATTEMPTS + 10; start++) await subject.store.inbox.countStart('loyalty', id)
      const starts = (await attemptsOf(id)).filter(({ subscription }) => subscription === 'loyalty')
      expect(starts.map(({ attempt }) => attempt).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: KEPT_ATTEMPTS }, (_, n) => n + 10),
      )
    })
  })
}
