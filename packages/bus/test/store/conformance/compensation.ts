import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import type { CompensationSettings } from '../../../src/store/contract/compensation.ts'
import { event } from '../fixtures.ts'
import type { Subject } from './subject.ts'

const crm = 'order.crm'
const paid = 'order.payment.onPaid'
const code: CompensationSettings = {
  ...{ mode: 'report', share: 0.1, minPerSecond: 20 },
  ...{ maxMissingShare: 0.2, minMissing: 100, maxUnansweredMs: 120_000 },
}

export function describeCompensation(subject: Subject): void {
  const store = () => subject.store.reconciliation.compensation
  const register = () =>
    subject.store.reconciliation.registry.register(
      {
        ...{ name: crm, service: 'crm', queue: 'qu.order.crm', hasInbox: true, timeoutMs: 1_000 },
        ...{ queueCreatedMs: null, patternsSinceMs: 0 },
      },
      { closeMs: 0, fromMs: 1_000, patterns: ['order.#'] },
      null,
    )
  const proof = async () => (await subject.store.reconciliation.proof.list(crm))[0]!

  describe('compensation', () => {
    test('is as the code says, which the last service that began wrote down', async () => {
      expect(await store().list()).toEqual({ code: null, all: null, ones: new Map() })
      await store().declare({ ...code, mode: 'auto', share: 1 / 3 }, 'shop')
      expect((await store().list()).code).toEqual({ ...code, mode: 'auto', share: 1 / 3 })
      await store().declare(code, 'shop')
      expect(await store().list()).toEqual({ code, all: null, ones: new Map() })
      expect(await subject.actions()).toEqual([])
    })

    test('is set for one and for all, setting by setting, and reset', async () => {
      await store().declare(code, 'shop')
      const before = await subject.store.reconciliation.nowMs()
      await store().set(null, { mode: 'off', share: 0.5 }, 'ann')
      await store().set(crm, { minMissing: 7 }, 'ann')
      await store().set(crm, { maxUnansweredMs: 2 ** 33, minPerSecond: 0.5 }, 'bob')
      const { all, ones } = await store().list()
      expect(all).toMatchObject({ set: { mode: 'off', share: 0.5 }, by: 'ann' })
      expect(all!.atMs).toBeGreaterThanOrEqual(before)
      expect([...ones.keys()]).toEqual([crm])
      expect(ones.get(crm)).toMatchObject({
        set: { minMissing: 7, maxUnansweredMs: 2 ** 33, minPerSecond: 0.5 },
        by: 'bob',
      })
      await store().set(null, { share: null }, 'bob')
      expect((await store().list()).all).toMatchObject({ set: { mode: 'off' }, by: 'bob' })
      // Nothing is left of it.
      await store().set(null, { mode: null }, 'bob')
      expect((await store().list()).all).toBeNull()
      expect(await store().reset(null, 'bob')).toBe(false)
      expect(await store().reset(crm, 'bob')).toBe(true)
      expect(await store().list()).toEqual({ code, all: null, ones: new Map() })
      expect(await subject.actions()).toEqual([
        ['ann', 'compensation', null, null, { set: { mode: 'off', share: 0.5 } }],
        ['ann', 'compensation', crm, null, { set: { minMissing: 7 } }],
        ['bob', 'compensation', crm, null, { set: { maxUnansweredMs: 2 ** 33, minPerSecond: 0.5 } }],
        ['bob', 'compensation', null, null, { set: { share: null } }],
        ['bob', 'compensation', null, null, { set: { mode: null } }],
        ['bob', 'compensation-reset', crm, null, {}],
      ])
    })

    test('changes at the same time of two people both stand', async () => {
      await Promise.all([store().set(crm, { mode: 'off' }, 'ann'), store().set(crm, { share: 0.3 }, 'bob')])
      expect((await store().list()).ones.get(crm)!.set).toEqual({ mode: 'off', share: 0.3 })
    })

    test('what the breaker is told is kept until it is done, or another is told', async () => {
      expect(await store().order(crm, 'hold', 'ann')).toBe(false)
      await register()
      expect((await proof()).order).toBeNull()
      expect(await store().order(crm, null, 'ann')).toBe(false)
      expect(await store().order(crm, 'hold', 'ann')).toBe(true)
      expect(await store().order(crm, 'hold', 'bob')).toBe(false)
      const held = (await proof()).order!
      expect(held).toMatchObject({ order: 'hold', by: 'ann' })
      expect(Math.abs(held.atMs - (await subject.store.reconciliation.nowMs()))).toBeLessThan(60_000)
      expect(await store().order(crm, 'close', 'bob')).toBe(true)
      await store().fulfil(crm, held)
      const closed = (await proof()).order!
      expect(closed).toMatchObject({ order: 'close', by: 'bob' })
      await store().fulfil(crm, { ...closed, atMs: closed.atMs - 1 })
      expect((await proof()).order).toEqual(closed)
      await store().fulfil(crm, closed)
      expect((await proof()).order).toBeNull()
      await store().order(crm, 'try', 'ann')
      expect(await store().order(crm, null, 'ann')).toBe(true)
      expect((await proof()).order).toBeNull()
      expect((await subject.actions()).map(([actor, action]) => [actor, action])).toEqual([
        ['ann', 'breaker-hold'],
        ['bob', 'breaker-close'],
        ['ann', 'breaker-try'],
        ['ann', 'breaker-release'],
      ])
    })

    test('resends are counted where they are claimed', async () => {
      await register()
      const lost = Array.from({ length: 5 }, () => event({ id: newId(2_000) }))
      await subject.append(...lost)
      await subject.store.outbox.confirm(lost.map(({ id }) => id))
      const { proof: proofs, missing } = subject.store.reconciliation
      const nowMs = await subject.store.reconciliation.nowMs()
      const answer = { barrierId: newId(), roundTripMs: 1, retrying: 0, parked: 0, rewindId: null }
      const none = { throughMs: null, rewoundMs: null, minutes: [], present: [], unwanted: [], ghosts: [] }
      await proofs.record(crm, { ...none, answer, suspects: lost.map(({ id }) => ({ id, name: paid })), absent: [] })
      const absent = lost.map(({ id }) => ({ id, cause: 'unknown' as const, evidence: {} }))
      await proofs.record(crm, { ...none, answer, suspects: [], absent })
      const claim = (limit: number) =>
        missing.claim(crm, { limit, maxAttempts: 9, backoffMs: 60_000, maxBackoffMs: 60_000, requestedOnly: false })
      expect([...(await store().resentSince(0))]).toEqual([])
      await claim(2)
      await claim(2)
      expect([...(await store().resentSince(nowMs))]).toEqual([[crm, 4]])
      await claim(2)
      expect(await claim(2)).toEqual([])
      expect([...(await store().resentSince(0))]).toEqual([[crm, 5]])
      expect([...(await store().resentSince(nowMs + 60_000))]).toEqual([])
    })
  })
}
