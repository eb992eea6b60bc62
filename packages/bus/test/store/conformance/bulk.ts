import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import { actOnFailures, runBulk } from '../../../src/operate/bulk.ts'
import type { FailureAction } from '../../../src/store/contract/bulk.ts'
import type { FailureFilter, NewFailure } from '../../../src/store/store.ts'
import { failure, until } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeBulk(subject: Subject): void {
  const { fail, actions, statusOf } = subject
  const bulk = () => subject.store.bulk
  const begin = (action: FailureAction, filter: FailureFilter = { subscription: 'order.crm' }) =>
    bulk().begin({ action, filter, requestedBy: 'ann' })
  const parked = async (count: number, changes: Partial<NewFailure> = {}) => {
    const rows = Array.from({ length: count }, () => failure('order.crm', { state: 'parked', ...changes }))
    await fail(...rows)
    return rows
  }
  /** The clock has moved on: what fails now came later. */
  const later = async () => {
    const now = Date.now()
    await until(() => Date.now() > now + 2)
  }
  const acted = async (action: string) => (await actions()).filter((row) => row[1] === action).map((row) => row[3])

  describe('bulk actions', () => {
    test('go through failures in chunks, each of which is committed with its entries and its progress', async () => {
      const rows = await parked(25)
      await fail(failure('loyalty', { state: 'parked' }))
      const begun = await begin('retry')
      expect(begun).toMatchObject({ action: 'retry', state: 'running', total: 25, done: 0, requestedBy: 'ann' })
      expect(begun.filter).toEqual({ subscription: 'order.crm' })
      const seen = []
      for (let step = 0; step < 4; step++) {
        const { state, done } = (await bulk().step(begun.id, { limit: 10, pace: 7 }))!
        seen.push([state, done, (await acted('retry')).length])
      }
      expect(seen).toEqual([
        ['running', 10, 10],
        ['running', 20, 20],
        ['done', 25, 25],
        ['done', 25, 25],
      ])
      expect((await acted('retry')).toSorted()).toEqual(rows.map(({ messageId }) => messageId).toSorted())
      expect(await subject.store.failures.groups({ state: 'parked' })).toMatchObject([{ subscription: 'loyalty' }])
      expect((await actions())[0]).toEqual([
        ...['ann', 'bulk-retry', 'order.crm', null],
        { bulk: begun.id, filter: { subscription: 'order.crm' }, total: 25 },
      ])
      expect(await bulk().step(newId(), { limit: 10, pace: null })).toBeNull()
      expect(await bulk().find(begun.id)).toMatchObject({ state: 'done', pace: 7, error: null })
    })

    test('leave alone what came after they began, also in front of where they are', async () => {
      await parked(12)
      await later()
      const begun = await begin('discard')
      const before = Date.now()
      await later()
      const first = failure('order.crm', { messageId: '00000000-0000-7000-8000-000000000001', state: 'parked' })
      const last = failure('order.crm', { messageId: 'ffffffff-0000-7000-8000-000000000001', state: 'parked' })
      await fail(first, last)
      await runBulk(subject.store, begun.id, { chunk: 5 })
      const left = await subject.store.failures.list({})
      expect(left.map(({ messageId }) => messageId)).toEqual([last.messageId, first.messageId])
      expect(left[0]!.firstFailedAt.getTime()).toBeGreaterThanOrEqual(before)
      expect(await bulk().find(begun.id)).toMatchObject({ state: 'done', total: 12, done: 12 })
      expect(await statusOf(first.messageId)).toBe('parked')
    })

    test('with a condition on the state, leave alone what has come into it since', async () => {
      const [turned] = await parked(3)
      await subject.store.failures.retry({ messageId: turned!.messageId }, 'ben')
      await later()
      const begun = await begin('discard', { state: 'parked' })
      await later()
      await fail({ ...turned!, state: 'parked' })
      expect(await runBulk(subject.store, begun.id)).toMatchObject({ state: 'done', done: 2 })
      expect(await statusOf(turned!.messageId)).toBe('parked')
    })

    test('are for all that was there, also for what has failed again since', async () => {
      const [again] = await parked(3)
      await later()
      const begun = await begin('retry')
      await later()
      await fail({ ...again!, state: 'parked' })
      expect(await runBulk(subject.store, begun.id)).toMatchObject({ state: 'done', done: 3 })
      expect(await statusOf(again!.messageId)).toBe('retrying')
    })

    test('do each failure once, whoever runs them at the same time', async () => {
      const rows = await parked(60)
      const begun = await begin('retry')
      const other = await subject.database.open()
      const step = async (store: typeof other) => {
        while ((await store.bulk.step(begun.id, { limit: 4, pace: null }))!.state === 'running');
      }
      await Promise.all([step(subject.store), step(other), step(subject.store)])
      expect((await acted('retry')).toSorted()).toEqual(rows.map(({ messageId }) => messageId).toSorted())
      expect(await bulk().find(begun.id)).toMatchObject({ state: 'done', done: 60 })
    })

    test('go on with another process while one waits, and tell both of the progress', async () => {
      await parked(30)
      const begun = await begin('discard')
      const other = await subject.database.open()
      const seen: number[] = []
      const both = await Promise.all([
        runBulk(subject.store, begun.id, { chunk: 3, onProgress: ({ done }) => seen.push(done) }),
        runBulk(other, begun.id, { chunk: 3 }),
      ])
      expect(both.map((each) => [each?.state, each?.done])).toEqual([
        ['done', 30],
        ['done', 30],
      ])
      expect(seen).toEqual(seen.toSorted((a, b) => a - b))
      expect(await acted('discard')).toHaveLength(30)
    })

    test('are cancelled between two chunks, and what is done is done', async () => {
      await parked(20)
      const begun = await begin('discard')
      await bulk().step(begun.id, { limit: 6, pace: null })
      expect(await bulk().act(begun.id, 'cancel', 'ben')).toMatchObject({
        isChanged: true,
        bulk: { state: 'cancelled', done: 6 },
      })
      expect(await runBulk(subject.store, begun.id)).toMatchObject({ state: 'cancelled', done: 6 })
      expect(await subject.store.failures.list({})).toHaveLength(14)
      for (const action of ['resume', 'cancel'] as const)
        expect(await bulk().act(begun.id, action, 'ben')).toMatchObject({ isChanged: false })
      expect(await bulk().act(newId(), 'cancel', 'ben')).toBeNull()
      expect((await actions()).at(-1)).toEqual([
        ...['ben', 'bulk-cancel', 'order.crm', null],
        { bulk: begun.id, total: 20, done: 6 },
      ])
    })

    test('that cannot go on say why, and go on from there when they are resumed', async () => {
      const rows = await parked(9)
      const begun = await begin('retry')
      await bulk().step(begun.id, { limit: 4, pace: null })
      await bulk().fail(begun.id, 'somebody pulled the plug')
      expect(await bulk().step(begun.id, { limit: 4, pace: null })).toMatchObject({
        ...{ state: 'failed', done: 4, error: 'somebody pulled the plug' },
      })
      expect(await bulk().list({ states: ['running'] })).toEqual([])
      expect(await bulk().act(begun.id, 'resume', 'ben')).toMatchObject({ isChanged: true, bulk: { error: null } })
      expect((await bulk().list({ states: ['running'] })).map(({ id }) => id)).toEqual([begun.id])
      expect(await runBulk(subject.store, begun.id)).toMatchObject({ state: 'done', done: 9 })
      expect((await acted('retry')).toSorted()).toEqual(rows.map(({ messageId }) => messageId).toSorted())
    })

    test('are begun where there is more than a chunk, once for the same conditions', async () => {
      await parked(8)
      const stores = [{ label: 'crm', store: subject.store }]
      const options = { actor: 'ann', chunk: 5 }
      const since = new Date(Date.now() - 60_000)
      const first = await actOnFailures(stores, 'retry', { subscription: 'order.crm', since }, options)
      const second = await actOnFailures(stores, 'retry', { since, subscription: 'order.crm' }, options)
      expect(first).toMatchObject({ count: 0, begun: [{ bulk: { total: 8, filter: { since } } }] })
      expect(second.begun[0]?.bulk.id).toBe(first.begun[0]?.bulk.id)
      expect(await actOnFailures(stores, 'retry', { fingerprint: 'none' }, options)).toEqual({ count: 0, begun: [] })
      expect(await actOnFailures(stores, 'discard', {}, { actor: 'ann' })).toEqual({ count: 8, begun: [] })
      // Those that are gone are not missed.
      expect(await runBulk(subject.store, first.begun[0]!.bulk.id)).toMatchObject({ state: 'done', total: 8, done: 0 })
    })

    test('set aside what holds up its entity, entity by entity', async () => {
      const ordered = (entity: number, sequence: number, code: string) =>
        failure('order.crm', {
          ...{ state: 'parked', entityId: `o-${entity}` },
          order: { orderKey: `order/o-${entity}`, sequence, needs: sequence - 1 },
          error: { code, type: 'E', message: 'm', stack: '', fingerprint: code },
        })
      const rows = Array.from({ length: 9 }, (_, entity) => [
        ordered(entity, 3, 'ORDER_BLOCKED'),
        ordered(entity, 9, 'ORDER_BLOCKED'),
        ordered(entity + 100, 2, 'HANDLER_FAILED'),
      ]).flat()
      await fail(...rows, failure('order.crm', { state: 'parked' }))
      const begun = await begin('release', {})
      expect(begun.total).toBe(27)
      // Of two that wait in one entity the first goes on, as when all are set aside at once.
      expect(await runBulk(subject.store, begun.id, { chunk: 4 })).toMatchObject({ state: 'done', done: 18 })
      const released = rows.filter((_, index) => index % 3 !== 1).map(({ messageId }) => messageId)
      expect((await acted('release')).toSorted()).toEqual(released.toSorted())
    })
  })
}
