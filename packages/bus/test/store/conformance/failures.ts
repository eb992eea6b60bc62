import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import type { NewFailure, Store } from '../../../src/store/store.ts'
import { failure, message, until } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeFailures(subject: Subject): void {
  const { fail, receive, statusOf, actions, claimRetries } = subject
  describe('failures', () => {
    const withFingerprint = (subscription: string, fingerprint: string, changes: Partial<NewFailure> = {}) =>
      failure(subscription, {
        ...changes,
        error: {
          code: 'X',
          type: `Type of ${fingerprint}`,
          message: changes.entityId ?? 'm',
          stack: '',
          fingerprint,
        },
      })

    test('failures are grouped by subscription and fingerprint, the largest group first', async () => {
      await fail(
        withFingerprint('order.crm', 'f1'),
        withFingerprint('order.crm', 'f1', { state: 'parked' }),
        withFingerprint('order.crm', 'f2'),
      )
      await until(async () => Date.now() > (await subject.store.failures.list({}))[0]!.lastFailedAt.getTime() + 5)
      await fail(withFingerprint('order.crm', 'f1', { entityId: 'newest' }), withFingerprint('loyalty', 'f1'))
      const groups = await subject.store.failures.groups({})
      expect(
        groups.map(({ subscription, fingerprint, retrying, parked }) => [subscription, fingerprint, retrying, parked]),
      ).toEqual([
        ['order.crm', 'f1', 2, 1],
        ['loyalty', 'f1', 1, 0],
        ['order.crm', 'f2', 1, 0],
      ])
      expect(groups[0]).toMatchObject({ type: 'Type of f1', message: 'newest' })
      expect(groups[0]!.firstFailedAt.getTime()).toBeLessThan(groups[0]!.lastFailedAt.getTime())
      expect(await subject.store.failures.groups({ state: 'parked' })).toMatchObject([{ retrying: 0, parked: 1 }])
    })

    test('failures are filtered by everything that a person may know', async () => {
      const [a, b] = [
        withFingerprint('order.crm', 'f1', { entityId: 'order-7' }),
        withFingerprint('loyalty', 'f2', { name: 'order.delivery.onDelivered', state: 'parked' }),
      ]
      await fail(a, b)
      const ids = async (filter: Parameters<Store['failures']['list']>[0]) =>
        (await subject.store.failures.list(filter)).map(({ messageId }) => messageId)
      expect(await ids({ subscription: 'order.crm' })).toEqual([a.messageId])
      expect(await ids({ messageId: b.messageId })).toEqual([b.messageId])
      expect(await ids({ name: 'order.delivery.onDelivered' })).toEqual([b.messageId])
      expect(await ids({ entityId: 'order-7' })).toEqual([a.messageId])
      expect(await ids({ fingerprint: 'f1' })).toEqual([a.messageId])
      expect(await ids({ state: 'parked' })).toEqual([b.messageId])
      expect(await ids({ state: 'parked', fingerprint: 'f1' })).toEqual([])
      expect(await ids({ since: new Date(Date.now() - 60_000), until: new Date(Date.now() + 60_000) })).toHaveLength(2)
      expect(await ids({ since: new Date(Date.now() + 60_000) })).toEqual([])
      expect(await ids({ until: new Date(Date.now() - 60_000) })).toEqual([])
      expect(await ids({ limit: 1 })).toHaveLength(1)
    })

    test('many failures are read page by page, each once, also while one fails again', async () => {
      const messageIds = Array.from({ length: 700 }, () => newId()).toSorted()
      const rows = messageIds.flatMap((messageId, n) => [
        failure('order.crm', { messageId, state: n % 2 === 0 ? 'parked' : 'retrying' }),
        // Every tenth message failed in two subscriptions.
        ...(n % 10 === 0 ? [failure('loyalty', { messageId, state: 'parked' as const })] : []),
      ])
      await fail(...rows)
      const pages = async (filter: Parameters<Store['failures']['list']>[0]) => {
        const seen: string[] = []
        for (let before: string | undefined; ;) {
          const page = await subject.store.failures.list({
            ...filter,
            limit: 60,
            ...(before === undefined ? {} : { before }),
          })
          if (page.length === 0) return seen
          seen.push(...page.map(({ messageId, subscription }) => `${messageId} ${subscription}`))
          before = page.at(-1)!.messageId
          await fail(failure('order.crm', { messageId: messageIds[0]! }))
        }
      }
      const keys = (chosen: readonly NewFailure[]) => chosen.map((row) => `${row.messageId} ${row.subscription}`)
      const all = await pages({})
      expect(all).toHaveLength(770)
      expect(all.toSorted()).toEqual(keys(rows).toSorted())
      expect(all.slice(0, 2)).toEqual(keys(rows.slice(-1)).concat(keys(rows.slice(-2, -1))))
      expect(await pages({ subscription: 'loyalty' })).toHaveLength(70)
      // A page does not tear a message apart.
      expect((await subject.store.failures.list({ limit: 10 })).map(({ subscription }) => subscription)).toEqual([
        ...Array.from({ length: 9 }, () => 'order.crm'),
        'loyalty',
        'order.crm',
      ])
    })

    test('a retry makes failures due at once with their attempts counted anew', async () => {
      const [parked, waiting, other] = [
        failure('order.crm', { state: 'parked', attempts: 9 }),
        failure('order.crm', { delayMs: 60_000, attempts: 3 }),
        failure('loyalty', { state: 'parked' }),
      ]
      await fail(parked, waiting, other)
      expect(await subject.store.failures.retry({ subscription: 'order.crm' }, 'ann')).toBe(2)
      expect(await statusOf(parked.messageId)).toBe('retrying')
      expect((await claimRetries()).map(({ attempts }) => attempts)).toEqual([1, 1])
      expect(await statusOf(other.messageId)).toBe('parked')
      expect(await subject.store.failures.retry({ fingerprint: 'none' }, 'ann')).toBe(0)
    })

    test('discarded failures are gone, their messages are final, their payloads are in the action log', async () => {
      const given = failure('order.crm', { state: 'parked' })
      await fail(given)
      await subject.store.failures.retry({}, 'ann')
      expect(await subject.store.failures.discard({ messageId: given.messageId }, 'bob')).toBe(1)
      expect(await subject.store.failures.list({})).toEqual([])
      expect((await subject.store.messages.trace(given.messageId)).received).toMatchObject([
        { status: 'discarded', failure: null },
      ])
      expect((await subject.store.messages.trace(given.messageId)).received[0]!.settledAt).not.toBeNull()
      expect(await receive('order.crm', message({ id: given.messageId }))).toEqual(new Set())

      const { payload, entityId, headers } = given
      expect(await actions()).toEqual([
        ['ann', 'retry', 'order.crm', given.messageId, expect.anything()],
        ['bob', 'discard', 'order.crm', given.messageId, expect.objectContaining({ payload, entityId, headers })],
      ])
    })

    test('a discard and a retry that succeeds at the same time agree on one outcome', async () => {
      const other = await subject.database.open()
      for (let round = 0; round < 10; round++) {
        const given = failure('order.crm')
        await fail(given)
        const [isResolved, discarded] = await Promise.all([
          subject.store.transaction((tx) => subject.store.inbox.resolve(tx, 'order.crm', given.messageId)),
          other.failures.discard({ messageId: given.messageId }, 'ann'),
        ])
        expect([isResolved, discarded]).toEqual(isResolved ? [true, 0] : [false, 1])
        expect(await statusOf(given.messageId)).toBe(isResolved ? 'handled' : 'discarded')
      }
    })
  })
}
