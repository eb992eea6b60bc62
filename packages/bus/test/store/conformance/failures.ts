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

    test('groups that are counted up to a number are the same, as far as they are counted', async () => {
      const many = (count: number, subscription: string, fingerprint: string, state: NewFailure['state']) =>
        Array.from({ length: count }, () => withFingerprint(subscription, fingerprint, { state }))
      await fail(...many(600, 'order.crm', 'f1', 'parked'), ...many(3, 'order.crm', 'f1', 'retrying'))
      await fail(...many(2, 'order.crm', 'f2', 'retrying'), ...many(4, 'loyalty', 'f1', 'parked'))
      const { failures } = subject.store
      const counts = async (...question: Parameters<Store['failures']['groups']>) =>
        (await failures.groups(...question)).map(({ subscription, fingerprint, retrying, parked, isExact }) => [
          ...[subscription, fingerprint, retrying, parked, isExact],
        ])
      const small = [
        ['loyalty', 'f1', 0, 4, true],
        ['order.crm', 'f2', 2, 0, true],
      ]
      expect(await counts({}, 1_000_000)).toEqual([['order.crm', 'f1', 3, 600, true], ...small])
      expect(await failures.groups({}, 1_000_000)).toEqual(await failures.groups({}))
      // However small the number is, each is counted up to 500.
      expect(await counts({}, 10)).toEqual([['order.crm', 'f1', 3, 500, false], ...small])
      expect(await counts({ state: 'retrying' }, 10)).toEqual([
        ['order.crm', 'f1', 3, 0, true],
        ['order.crm', 'f2', 2, 0, true],
      ])
      expect(await counts({ subscription: 'loyalty' }, 10)).toEqual([['loyalty', 'f1', 0, 4, true]])
      // With another filter the newest are looked at, a quarter as many.
      expect(await counts({ name: 'order.payment.onPaid' }, 20)).toEqual([
        ['loyalty', 'f1', 0, 4, false],
        ['order.crm', 'f2', 1, 0, false],
      ])
      expect(await counts({ fingerprint: 'f2', since: new Date(0) }, 1_000_000)).toEqual([
        ['order.crm', 'f2', 2, 0, true],
      ])
      expect(await counts({ until: new Date(0) }, 1_000_000)).toEqual([])
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

    test('an edited failure is due at once with its new payload; the original and who did it are in the action log', async () => {
      const given = failure('order.crm', { state: 'parked', attempts: 9, payload: '{"a":"1"}' })
      const other = failure('loyalty', { messageId: given.messageId, state: 'parked' })
      await fail(given, other)
      const edit = (original: string, edited: string) => subject.store.failures.edit(given, { original, edited }, 'ann')
      expect(await edit('{"a":"2"}', '{}')).toBe('changed')
      expect(await statusOf(given.messageId)).toBe('parked')
      expect(await edit(given.payload, '{"a":2}')).toBe('edited')
      const [claimed] = await claimRetries()
      expect(claimed).toMatchObject({ messageId: given.messageId, payload: '{"a":2}', attempts: 1, edits: 1 })
      expect(claimed!.headers).toEqual(given.headers)
      expect((await subject.store.failures.list({ subscription: 'loyalty' }))[0]).toMatchObject({
        edits: 0,
        state: 'parked',
      })
      expect(await subject.store.failures.edit(failure('order.crm'), { original: '', edited: '' }, 'ann')).toBe(
        'unknown',
      )
      expect(await actions()).toEqual([
        [
          ...['ann', 'edit', 'order.crm', given.messageId],
          expect.objectContaining({ original: given.payload, edited: '{"a":2}', attempts: 9, state: 'parked' }),
        ],
      ])
    })

    test('a payload that is no text can be replaced', async () => {
      const given = failure('order.crm', { state: 'parked', payload: '/w==', encoding: 'base64' })
      await fail(given)
      expect(await subject.store.failures.edit(given, { original: '/w==', edited: '{}' }, 'ann')).toBe('edited')
      expect((await subject.store.failures.list({}))[0]).toMatchObject({ payload: '{}', encoding: 'utf8' })
    })

    test('a claimed failure is no longer current when it was edited or is gone; an edit waits for who settles it', async () => {
      const other = await subject.database.open()
      const given = failure('order.crm')
      await fail(given)
      const isCurrent = (edits: number) =>
        subject.store.transaction((tx) => subject.store.inbox.isCurrent(tx, { ...given, edits }))
      expect(await isCurrent(0)).toBe(true)
      const edited = '{"b":1}'
      for (const original of [given.payload, edited])
        expect(await other.failures.edit(given, { original, edited }, 'ann')).toBe('edited')
      expect([await isCurrent(0), await isCurrent(1), await isCurrent(2)]).toEqual([false, false, true])

      // Whoever comes first decides; the other one sees it.
      for (let round = 0; round < 5; round++) {
        const next = failure('order.crm', { payload: '{"a":1}' })
        await fail(next)
        const settle = subject.store.transaction(async (tx) => {
          if (!(await subject.store.inbox.isCurrent(tx, { ...next, edits: 0 }))) return false
          return subject.store.inbox.resolve(tx, 'order.crm', next.messageId)
        })
        const [isSettled, outcome] = await Promise.all([
          settle,
          other.failures.edit(next, { original: next.payload, edited }, 'ann'),
        ])
        expect([isSettled, outcome]).toEqual(isSettled ? [true, 'unknown'] : [false, 'edited'])
        expect(await statusOf(next.messageId)).toBe(isSettled ? 'handled' : 'retrying')
      }
      await subject.store.failures.discard({}, 'ann')
      expect(await isCurrent(2)).toBe(false)
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
