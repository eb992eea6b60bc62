import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import { alarmsOf, readWatchContext, WatchCounter } from '../../../src/operate/index.ts'
import type { Findings } from '../../../src/store/contract/reconciliation.ts'
import { leastIdAt } from '../../../src/store/ids.ts'
import type { NewWatch } from '../../../src/store/contract/watch.ts'
import { event, failure, message } from '../fixtures.ts'
import type { Subject } from './subject.ts'

const paid = 'order.payment.onPaid'
const MINUTE_MS = 60_000

export const watch = (changes: Partial<NewWatch> = {}): NewWatch => ({
  name: 'Black Friday',
  patterns: ['order.#.payment.*'],
  entityIds: [],
  fromMs: null,
  toMs: null,
  alarm: { maxMissing: 0, maxParked: 0, maxUnhandledMs: null },
  compensation: null,
  ...changes,
})

export function describeWatches(subject: Subject): void {
  describe('watches', () => {
    const noonMs = Date.parse('2026-03-01T12:00:00Z')
    const idAt = (timeMs: number, n = 0) =>
      leastIdAt(timeMs).replace('-0000-0000-', `-7${String(n).padStart(3, '0')}-8000-`)
    const reads = () => subject.store.watches.reads
    const range = { fromMs: noonMs, toMs: noonMs + MINUTE_MS }
    const register = (name: string, fromMs = noonMs - MINUTE_MS, patterns = ['order.#']) =>
      subject.store.reconciliation.registry.register(
        {
          ...{ name, service: 'crm', queue: `qu.${name}`, hasInbox: true, timeoutMs: 1_000 },
          ...{ queueCreatedMs: null, patternsSinceMs: 0 },
        },
        { closeMs: 0, fromMs, patterns },
        null,
      )
    const record = (subscription: string, changes: Partial<Findings>) =>
      subject.store.reconciliation.proof.record(subscription, {
        answer: { barrierId: newId(), roundTripMs: 1, retrying: 0, parked: 0, rewindId: null },
        ...{
          throughMs: null,
          rewoundMs: null,
          minutes: [],
          suspects: [],
          present: [],
          absent: [],
          unwanted: [],
          ghosts: [],
        },
        ...changes,
      })
    const lose = async (subscription: string, id: string) => {
      await record(subscription, { suspects: [{ id, name: paid }] })
      await record(subscription, { absent: [{ id, cause: 'removed', evidence: {} }] })
    }
    const count = async (
      which: Partial<NewWatch> = {},
      { counter = new WatchCounter(), nowMs = noonMs + 5 * MINUTE_MS, budgetMs = Infinity } = {},
    ) => {
      await subject.store.watches.save(watch(which), 'ann')
      const saved = (await subject.store.watches.list()).find(({ name }) => name === (which.name ?? 'Black Friday'))!
      const counted = await counter.count(
        saved,
        await readWatchContext([{ label: 'orders', store: subject.store }], nowMs),
        budgetMs,
      )
      return { ...counted, alarms: alarmsOf(saved, counted, nowMs) }
    }

    test('are saved by name, changed, and removed, and the action log says by whom', async () => {
      const { watches } = subject.store
      const period = { fromMs: noonMs, toMs: noonMs + MINUTE_MS }
      const full = watch({
        ...{ ...period, entityIds: ['o-1', "o-'2"], compensation: 'off' },
        alarm: { maxMissing: null, maxParked: 7, maxUnhandledMs: 2 ** 33 },
      })
      expect(await watches.save(full, 'ann')).toBe('added')
      expect(await watches.save(watch({ name: '聖誕節' }), 'ann')).toBe('added')
      const [saved] = await watches.list()
      expect(saved).toMatchObject({ ...full, createdBy: 'ann', changedBy: 'ann' })
      expect(await watches.save(watch(), 'bob')).toBe('changed')
      expect(await watches.list()).toMatchObject([
        { ...watch(), createdBy: 'ann', createdMs: saved!.createdMs, changedBy: 'bob' },
        { name: '聖誕節' },
      ])
      expect(await watches.remove('Black Friday', 'bob')).toBe(true)
      expect(await watches.remove('Black Friday', 'bob')).toBe(false)
      expect((await watches.list()).map(({ name }) => name)).toEqual(['聖誕節'])
      expect((await subject.actions()).map(([actor, action, , , details]) => [actor, action, details])).toMatchObject([
        ['ann', 'watch', { watch: 'Black Friday', compensation: 'off' }],
        ['ann', 'watch', { watch: '聖誕節' }],
        ['bob', 'watch', { watch: 'Black Friday', compensation: null }],
        ['bob', 'watch-remove', { watch: 'Black Friday' }],
      ])
    })

    test('each of their counts is of its range and its names', async () => {
      const [first, second, third, later] = [0, 1, 2, 3].map((n) => idAt(noonMs + (n === 3 ? MINUTE_MS : n), n))
      await subject.append(
        event({ id: first!, entityId: 'o-1' }),
        event({ id: second!, entityId: 'o-2', name: 'order.onCancelled' }),
        event({ id: third!, entityId: 'o-1' }),
        event({ id: later!, entityId: 'o-1' }),
      )
      await subject.store.outbox.confirm([second!, third!])
      await subject.receive('order.crm', message({ id: first! }), message({ id: later! }))
      await subject.fail(
        failure('order.crm', { messageId: second!, name: 'order.onCancelled', state: 'parked' }),
        failure('order.crm', { messageId: third! }),
        failure('order.mail', { messageId: third! }),
      )
      await register('order.crm')
      await lose('order.crm', third!)

      expect(await reads().latestMs(range)).toBe(noonMs + 2)
      expect(await reads().latestMs({ fromMs: noonMs, toMs: noonMs + 2 })).toBe(noonMs + 1)
      expect(await reads().latestMs({ fromMs: 0, toMs: noonMs })).toBeNull()
      expect([...(await reads().unsent(range))]).toEqual([[paid, 1]])
      expect([...(await reads().received('order.crm', range))].toSorted()).toEqual([
        ['order.onCancelled', 1],
        [paid, 2],
      ])
      expect((await reads().unhandled('order.crm', range)).toSorted((a, b) => a.oldestMs - b.oldestMs)).toEqual([
        { name: 'order.onCancelled', status: 'parked', count: 1, oldestMs: noonMs + 1 },
        { name: paid, status: 'retrying', count: 1, oldestMs: noonMs + 2 },
      ])
      expect(await reads().missing(range)).toEqual([
        { subscription: 'order.crm', name: paid, state: 'missing', count: 1, unresent: 1 },
      ])
      expect(await reads().missing({ fromMs: noonMs + 3, toMs: noonMs + 4 })).toEqual([])
      expect(await reads().eventsOf(['o-1', 'o-1', 'o-9'], range, 10)).toEqual([
        { id: third, name: paid, isSent: true },
        { id: first, name: paid, isSent: false },
      ])
      expect(await reads().eventsOf(['o-1', 'o-2'], range, 1)).toHaveLength(1)
      const statuses = await reads().statuses('order.crm', [first!, third!, newId()])
      expect([...statuses].toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual([
        [first, 'handled'],
        [third, 'retrying'],
      ])
    })

    test('say of each subscription what became of distinct events, and raise their alarms', async () => {
      const ids = [0, 1, 2, 3, 4, 5].map((n) => idAt(noonMs + n * 1_000, n))
      const [handled, retrying, parked, missing, waiting, unsent] = ids as [
        string,
        string,
        string,
        string,
        string,
        string,
      ]
      await subject.append(
        ...ids.map((id, n) => event({ id, entityId: n < 3 ? 'o-1' : 'o-2' })),
        event({ id: idAt(noonMs, 99), name: 'order.onCancelled' }),
        event({ id: idAt(noonMs - MINUTE_MS, 98) }),
      )
      await subject.store.outbox.confirm(ids.filter((id) => id !== unsent))
      await subject.store.subscriptions.announce({
        ...{ name: 'order.crm', service: 'crm', patterns: ['order.#'], queue: 'qu.order.crm' },
      })
      await subject.receive('order.crm', message({ id: handled }))
      // Handled twice is one event all the same.
      await subject.receive('order.crm', message({ id: handled }))
      await subject.fail(
        failure('order.crm', { messageId: retrying }),
        failure('order.crm', { messageId: parked, state: 'parked' }),
      )
      for (const name of ['order.crm', 'elsewhere']) await register(name)
      await register('product.search', 0, ['product.#'])
      await lose('order.crm', missing)
      await record('elsewhere', { throughMs: noonMs + MINUTE_MS })

      const whole = await count({
        fromMs: noonMs,
        alarm: { maxMissing: 0, maxParked: 0, maxUnhandledMs: 4 * MINUTE_MS },
      })
      expect(whole).toMatchObject({ published: 6, sent: 5, counted: 1, isCut: false })
      const crm = {
        ...{ subscription: 'order.crm', source: 'inbox', expected: 6, received: 3, handled: 1, retrying: 1, parked: 1 },
        ...{ discarded: 0, waiting: 2, missing: 1, unresent: 1, oldestUnhandledMs: noonMs + 1_000 },
      }
      const elsewhere = {
        subscription: 'elsewhere',
        source: 'proof',
        received: 6,
        waiting: 0,
        handled: null,
        parked: null,
      }
      expect(whole.subscriptions).toMatchObject([elsewhere, crm])
      expect(whole.alarms).toEqual([
        { kind: 'missing', subscription: 'order.crm', value: 1 },
        { kind: 'parked', subscription: 'order.crm', value: 1 },
        { kind: 'unhandled', subscription: 'order.crm', value: 5 * MINUTE_MS - 1_000 },
      ])

      const one = await count({ entityIds: ['o-2'], alarm: { maxMissing: 1, maxParked: 0, maxUnhandledMs: null } })
      expect(one).toMatchObject({ published: 3, sent: 2, alarms: [] })
      expect(one.subscriptions.at(-1)).toMatchObject({
        ...{ expected: 3, received: 0, handled: 0, waiting: 2, missing: 1, oldestUnhandledMs: noonMs + 3_000 },
      })
      expect(waiting).toBe(ids[4])
    })

    test('count what is over once, what changes again, and no more than their time allows', async () => {
      const [early, late] = [idAt(noonMs - 120 * MINUTE_MS), idAt(noonMs)]
      await subject.append(event({ id: early }), event({ id: late }))
      await subject.store.outbox.confirm([early, late])
      let clockMs = 0
      const counter = new WatchCounter(() => clockMs)
      const nowMs = noonMs + 30_000
      expect(await count({}, { counter, nowMs })).toMatchObject({ published: 2, counted: 1 })
      await subject.append(event({ id: idAt(noonMs - 119 * MINUTE_MS) }), event({ id: idAt(noonMs + 1) }))
      // Nothing is old enough to be read again.
      expect(await count({}, { counter, nowMs })).toMatchObject({ published: 2 })
      clockMs += 2_000
      expect(await count({}, { counter, nowMs })).toMatchObject({ published: 3 })
      clockMs += 10 * MINUTE_MS
      expect(await count({}, { counter, nowMs })).toMatchObject({ published: 4 })

      // A clock of which each look takes a millisecond.
      const hurried = new WatchCounter(() => clockMs++)
      const first = await count({}, { counter: hurried, nowMs, budgetMs: 6 })
      expect(first.counted).toBeLessThan(1)
      expect(first.published).toBe(2)
      expect(await count({}, { counter: hurried, nowMs, budgetMs: 10_000 })).toMatchObject({ published: 4, counted: 1 })
    })

    test('hold missing events back, and want them, and a person has the last word', async () => {
      const ids = [0, 1, 2, 3].map((n) => idAt(noonMs + n * 1_000, n)) as [string, string, string, string]
      const [first, second, third, other] = ids
      await subject.append(
        event({ id: first, entityId: 'o-1' }),
        event({ id: second, entityId: 'o-2' }),
        event({ id: third, entityId: 'o-1' }),
        event({ id: other, entityId: 'o-1', name: 'order.onCancelled' }),
      )
      await subject.store.outbox.confirm(ids)
      await register('order.crm')
      for (const id of [first, second, third]) await lose('order.crm', id)
      const { missing } = subject.store.reconciliation
      const claimed = async (request: Partial<Parameters<typeof missing.claim>[1]>) => {
        const settings = { limit: 10, maxAttempts: 50, backoffMs: 0, maxBackoffMs: 0, requestedOnly: false }
        return (await missing.claim('order.crm', { ...settings, ...request })).map(({ id }) => id)
      }
      const all = { names: [paid], published: {}, entityIds: [] }
      expect(await missing.names('order.crm')).toEqual([paid])
      expect(await missing.names('order.mail')).toEqual([])

      expect(await claimed({ held: [all] })).toEqual([])
      expect(await claimed({ held: [{ ...all, names: [] }] })).toEqual([first, second, third])
      expect(await claimed({ held: [{ ...all, entityIds: ['o-1'] }] })).toEqual([second])
      expect(await claimed({ held: [{ ...all, published: { fromMs: noonMs + 1_000 } }] })).toEqual([first])
      expect(await claimed({ held: [{ ...all, published: { toMs: noonMs + 1_000 } }], limit: 1 })).toEqual([second])
      expect(await claimed({ requestedOnly: true })).toEqual([])
      expect(await claimed({ requestedOnly: true, wanted: [{ ...all, entityIds: ['o-2'] }] })).toEqual([second])
      expect(await claimed({ requestedOnly: true, wanted: [all], held: [all] })).toEqual([])
      await missing.retry({ id: third }, 'ann')
      expect(await claimed({ held: [all] })).toEqual([third])
      expect(await claimed({ requestedOnly: true, held: [all] })).toEqual([third])
    })

    test('call nothing waiting that a subscription did not want at its time', async () => {
      await subject.store.subscriptions.announce({
        ...{ name: 'order.crm', service: 'crm', patterns: ['order.#'], queue: 'qu.order.crm' },
      })
      await register('order.crm', noonMs + 10_000)
      const [before, near, after] = [0, 12_000, 20_000].map((offsetMs) => idAt(noonMs + offsetMs))
      await subject.append(...[before, near, after].map((id) => event({ id: id! })))
      expect((await count()).subscriptions).toMatchObject([{ expected: 1, received: 0, waiting: 1 }])
      await subject.receive('order.crm', message({ id: near! }))
      await subject.receive('order.crm', message({ id: after! }))
      expect((await count()).subscriptions).toMatchObject([{ expected: 2, received: 2, waiting: 0, handled: 2 }])
    })
  })
}
