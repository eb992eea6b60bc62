import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import type {
  Findings,
  LastAnswered,
  ReconciliationStore,
  Registration,
} from '../../../src/store/contract/reconciliation.ts'
import { event, message, until } from '../fixtures.ts'
import type { Subject } from './subject.ts'

const crm = 'order.crm'
const paid = 'order.payment.onPaid'
const registration: Registration = {
  name: crm,
  service: 'crm',
  queue: 'qu.order.crm',
  hasInbox: true,
  timeoutMs: 30_000,
  queueCreatedMs: null,
  patternsSinceMs: 1_000,
}
const minuteMs = 1_790_000_040_000
const everything = { fromMs: 0, toMs: 2 ** 47 }

/** An id in this millisecond of the minute above, of which a test knows what its xor is. */
function idAt(offsetMs: number, tail: string): string {
  const time = (minuteMs + offsetMs).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail.padStart(12, '0')}`
}

function findings(changes: Partial<Findings> = {}): Findings {
  const none = { throughMs: null, rewoundMs: null, minutes: [], suspects: [], present: [], absent: [], unwanted: [] }
  const answer = { barrierId: newId(), roundTripMs: 1.5, retrying: 0, parked: 0, rewindId: null }
  return { answer, ghosts: [], ...none, ...changes }
}

export function describeReconciliation(subject: Subject): void {
  const reconciliation = (): ReconciliationStore => subject.store.reconciliation
  const register = (fromMs = minuteMs) =>
    reconciliation().registry.register(registration, { closeMs: 0, fromMs, patterns: ['order.#'] }, null)
  const proof = async () => (await reconciliation().proof.list()).find(({ subscription }) => subscription === crm)!
  const send = async (...events: ReturnType<typeof event>[]) => {
    await subject.append(...events)
    await subject.store.outbox.confirm(events.map(({ id }) => id))
  }
  /** Events that are missing, after two barriers. */
  const miss = async (...ids: string[]) => {
    const keys = ids.map((id) => ({ id, name: paid }))
    await reconciliation().proof.record(crm, findings({ suspects: keys }))
    const absent = ids.map((id) => ({ id, cause: 'unknown' as const, evidence: { queue: 'qu.order.crm' } }))
    await reconciliation().proof.record(crm, findings({ absent }))
  }
  const statesOf = async () =>
    (await reconciliation().missing.list({})).map(({ id, state, attempts }) => [id, state, attempts])
  const claim = (changes: { limit?: number; maxAttempts?: number } = {}) =>
    reconciliation().missing.claim(crm, {
      limit: 10,
      maxAttempts: 2,
      backoffMs: 0,
      maxBackoffMs: 0,
      requestedOnly: false,
      ...changes,
    })

  describe('the registry of subscriptions', () => {
    test('keeps what a subscription says of itself, and the periods of its patterns', async () => {
      const { registry } = reconciliation()
      expect(await registry.list()).toEqual([])
      await register(1_000)
      await registry.register({ ...registration, timeoutMs: 5, hasInbox: false, queueCreatedMs: 7 }, null, null)
      await registry.register(
        { ...registration, patternsSinceMs: 3_000 },
        { closeMs: 2_000, fromMs: 3_000, patterns: ['#.onPaid', "it's"] },
        null,
      )
      const [known] = await registry.list()
      expect(known).toMatchObject({ ...registration, patternsSinceMs: 3_000, retired: null })
      expect(known!.periods).toEqual([
        { fromMs: 1_000, toMs: 2_000, patterns: ['order.#'] },
        { fromMs: 3_000, toMs: null, patterns: ['#.onPaid', "it's"] },
      ])
      expect(Math.abs(known!.lastSeenMs - (await reconciliation().nowMs()))).toBeLessThan(60_000)
      // The proof begins where the first period does.
      expect(await proof()).toMatchObject({ throughMs: 1_000, barrier: null, answered: null, waitingSinceMs: null })
    })

    test('keeps whether a subscription is paused; how long its barriers wait counts anew from when it goes on', async () => {
      const { registry } = reconciliation()
      await register()
      const paused = { atMs: 1_000, by: 'ann' }
      await registry.register({ ...registration, paused }, null, null)
      expect((await registry.list())[0]).toMatchObject({ paused })
      await reconciliation().proof.asked(crm, { id: newId(), throughMs: minuteMs })
      const { waitingSinceMs } = await proof()
      await until(() => Date.now() > waitingSinceMs! + 5)
      await registry.register({ ...registration, paused }, null, null)
      expect((await proof()).waitingSinceMs).toBe(waitingSinceMs)
      await registry.register(registration, null, null)
      expect((await registry.list())[0]).toMatchObject({ paused: null })
      const resumed = (await proof()).waitingSinceMs
      expect(resumed).toBeGreaterThan(waitingSinceMs!)
      await registry.register(registration, null, null)
      expect((await proof()).waitingSinceMs).toBe(resumed)
    })

    test('retiring ends the period and waives what is missing; a subscription that comes back is active again', async () => {
      const { registry } = reconciliation()
      await register()
      await miss(idAt(1, 'a'))
      expect(await registry.retire('order.unknown', 'ann')).toBeNull()
      expect(await registry.retire(crm, 'ann')).toEqual({ waived: 1 })
      expect(await registry.retire(crm, 'ann')).toEqual({ waived: 0 })
      const [retired] = await registry.list()
      expect(retired!.retired).toMatchObject({ by: 'ann' })
      expect(retired!.periods.at(-1)!.toMs).toBe(retired!.retired!.atMs)
      expect(await statesOf()).toEqual([[idAt(1, 'a'), 'waived', 0]])
      expect(await subject.actions()).toEqual([['ann', 'retire', crm, null, { waived: 1 }]])
      await registry.register(registration, { closeMs: 0, fromMs: minuteMs + 5, patterns: ['#'] }, null)
      expect((await registry.list())[0]).toMatchObject({
        retired: null,
        periods: [{}, { toMs: null, patterns: ['#'] }],
      })
    })
  })

  describe('the ledger as it is sent', () => {
    test('digests count and xor by name, the same in every store, without what waits to be sent', async () => {
      const created = 'order.creation.onCreated'
      await send(
        event({ id: idAt(0, 'ff00000000ff') }),
        event({ id: idAt(59_999, '0f0000000001') }),
        event({ id: idAt(1, '123'), name: created }),
        // Of the minutes before and after.
        event({ id: idAt(-1, '7') }),
        event({ id: idAt(60_000, '7') }),
      )
      const [pending, unroutable, unpublishable] = [idAt(2, '1'), idAt(3, '2'), idAt(4, '4')]
      await subject.append(...[pending, unroutable, unpublishable].map((id) => event({ id })))
      await subject.store.outbox.reschedule([
        { id: unroutable, state: 'unroutable', delayMs: 60_000, error: 'no queue' },
        { id: unpublishable, state: 'unpublishable', delayMs: 60_000, error: 'refused' },
      ])
      const range = { fromMs: minuteMs, toMs: minuteMs + 60_000 }
      const { ledger } = reconciliation()
      const [digests, none] = await ledger.digests([range, { fromMs: 5, toMs: 6 }])
      expect(none).toEqual({ fromMs: 5, toMs: 6, digests: [] })
      expect(digests).toMatchObject(range)
      expect([...digests!.digests].sort((a, b) => a.name.localeCompare(b.name))).toEqual([
        { name: created, count: 1, xor: '123' },
        { name: paid, count: 2, xor: 'f000000000fe' },
      ])
      expect(await ledger.sent(range)).toEqual([
        { id: idAt(0, 'ff00000000ff'), name: paid },
        { id: idAt(1, '123'), name: created },
        { id: idAt(59_999, '0f0000000001'), name: paid },
      ])
      const unknown = newId()
      expect(await ledger.known([pending, unroutable, unknown])).toEqual(new Set([pending, unroutable]))
      expect(await ledger.known([])).toEqual(new Set())
      expect(await ledger.hasAny({ fromMs: minuteMs + 2, toMs: minuteMs + 3 }, [paid])).toBe(true)
      expect(await ledger.hasAny({ fromMs: minuteMs + 2, toMs: minuteMs + 3 }, [created])).toBe(false)
      expect(await ledger.hasAny(range, [])).toBe(false)
    })

    test('an inbox has the digests of its ledger, whatever became of the messages', async () => {
      const ids = Array.from({ length: 50 }, () => newId())
      await send(...ids.map((id) => event({ id })))
      await subject.receive(crm, ...ids.slice(2).map((id) => message({ id })))
      await subject.fail(
        ...ids.slice(0, 2).map((messageId, n) => ({
          ...{ subscription: crm, messageId, name: paid, entityId: '1', source: 'shop', payload: '{}' },
          ...{ encoding: 'utf8' as const, headers: {}, attempts: 1, delayMs: 60_000 },
          state: n === 0 ? ('retrying' as const) : ('parked' as const),
          error: { code: 'HANDLER_FAILED', type: 'Error', message: '', stack: '', fingerprint: '' },
        })),
      )
      const { ledger, receipts } = reconciliation()
      const [sent] = await ledger.digests([everything])
      expect(await receipts.digests(crm, 'shop', [everything])).toEqual([sent])
      expect(sent!.digests).toMatchObject([{ name: paid, count: 50 }])
      expect(await receipts.digests(crm, 'other', [everything])).toEqual([{ ...everything, digests: [] }])
      expect(await receipts.digests('order.other', 'shop', [everything])).toEqual([{ ...everything, digests: [] }])
      expect(await receipts.unsettled(crm)).toEqual({ retrying: 1, parked: 1 })
      const received = await receipts.received(crm, 'shop', everything, 20)
      expect(received).toEqual(
        ids
          .toSorted()
          .slice(0, 20)
          .map((id) => ({ id, name: paid })),
      )
      const unknown = newId()
      expect(await receipts.absent(crm, [ids[0]!, unknown, ids[9]!])).toEqual([unknown])
      expect(await receipts.absent(crm, [])).toEqual([])
    })

    test('the oldest event that waits for its first sending is known', async () => {
      const { ledger } = reconciliation()
      expect(await ledger.isUsed()).toBe(false)
      expect(await ledger.oldestUnsentMs()).toBeNull()
      await subject.append(event({ id: idAt(7, 'a') }), event({ id: idAt(9, 'b') }))
      expect(await ledger.isUsed()).toBe(true)
      expect(await ledger.oldestUnsentMs()).toBe(minuteMs + 7)
      // Sent once and not confirmed: it may be in some of its queues.
      await subject.store.outbox.reschedule([{ id: idAt(7, 'a'), state: 'pending', delayMs: 0, error: 'nack' }])
      expect(await ledger.oldestUnsentMs()).toBe(minuteMs + 9)
    })
  })

  describe('the proof', () => {
    test('moves forward by answers, and knows what waits', async () => {
      await register()
      const { proof: proofs } = reconciliation()
      const [first, second] = [newId(), newId()]
      await proofs.asked(crm, { id: first, throughMs: minuteMs + 60_000 })
      const waitingSinceMs = (await proof()).waitingSinceMs
      expect(waitingSinceMs).not.toBeNull()
      await proofs.asked(crm, { id: second, throughMs: minuteMs })
      expect(await proof()).toMatchObject({ barrier: { id: second }, waitingSinceMs, answered: null })
      const answerOf = (barrierId: string) => ({ barrierId, roundTripMs: 2.5, retrying: 3, parked: 4, rewindId: null })
      await proofs.record(crm, findings({ answer: answerOf(first), throughMs: minuteMs + 10 }))
      const { barrier } = await proof()
      // The first was answered: what waits is the second, since it was sent.
      expect(await proof()).toMatchObject({ throughMs: minuteMs + 10, waitingSinceMs: barrier!.sentMs })
      await proofs.record(crm, findings({ answer: answerOf(second), throughMs: minuteMs + 5 }))
      expect(await proof()).toMatchObject({
        throughMs: minuteMs + 10,
        waitingSinceMs: null,
        answered: { id: second },
        rewindId: null,
        ...{ roundTripMs: 2.5, retrying: 3, parked: 4 },
      })
    })

    test('minutes that are compared in parts add up, and one that is compared as a whole does not', async () => {
      await register()
      const { proof: proofs } = reconciliation()
      const part = { minuteMs, expected: 10, isWhole: false, readMs: 2 ** 47 }
      await proofs.record(crm, findings({ minutes: [part, { ...part, minuteMs: minuteMs + 60_000, expected: 1 }] }))
      await proofs.record(crm, findings({ minutes: [part] }))
      const range = { fromMs: minuteMs, toMs: minuteMs + 60_000 }
      const expected = { minuteMs, state: 'proven', missing: 0, waived: 0 }
      expect(await proofs.minutes(crm, range)).toEqual([{ ...expected, expected: 20 }])
      await proofs.record(crm, findings({ minutes: [{ ...part, expected: 21, isWhole: true }] }))
      await miss(idAt(3, 'a'), idAt(60_001, 'b'))
      expect(await proofs.minutes(crm, range)).toEqual([{ ...expected, expected: 21, missing: 1 }])
      expect(await proofs.comparedSince(crm, minuteMs)).toBe(22)
      expect(await proofs.comparedSince(null, minuteMs + 60_000)).toBe(1)
      expect(await proofs.comparedSince('order.unknown', 0)).toBe(0)
    })

    test('an event that is confirmed after it was asked about opens its minute again', async () => {
      await register()
      const { proof: proofs } = reconciliation()
      const [early, late, future] = [idAt(1, 'a'), idAt(30_000, 'b'), idAt(60_000, 'c')]
      await subject.append(...[early, late, future].map((id) => event({ id })))
      await subject.store.outbox.confirm([early])
      await proofs.asked(crm, { id: newId(), throughMs: minuteMs + 60_000 })
      expect(await proofs.reopenLate()).toBe(0)
      await subject.store.outbox.confirm([late, future])
      await subject.store.outbox.confirm([late])
      expect(await proofs.reopenLate()).toBe(1)
      expect(await proofs.reopenLate()).toBe(0)
      expect(await proofs.openMinutes(crm, 10)).toEqual([minuteMs])
      expect((await proof()).openMinutes).toBe(1)

      // The answer whose ledger was read before that does not close it, nor does one that compares a part.
      const minute = { minuteMs, expected: 2, isWhole: true, readMs: 2 ** 47 }
      await proofs.record(crm, findings({ minutes: [{ ...minute, readMs: 1 }] }))
      await proofs.record(crm, findings({ minutes: [{ ...minute, isWhole: false }] }))
      expect(await proofs.openMinutes(crm, 10)).toEqual([minuteMs])
      await proofs.record(crm, findings({ minutes: [minute] }))
      expect(await proofs.openMinutes(crm, 10)).toEqual([])
    })

    test('a store that was set back sets the proof back, and opens what was found since', async () => {
      await register()
      const { proof: proofs } = reconciliation()
      const minute = { minuteMs, expected: 1, isWhole: true, readMs: 2 ** 47 }
      await miss(idAt(1, 'a'))
      await proofs.record(crm, findings({ throughMs: minuteMs + 600_000, minutes: [minute] }))
      const rewoundMs = (await reconciliation().nowMs()) - 60_000
      const barrierId = newId()
      await proofs.record(
        crm,
        findings({ answer: { ...findings().answer, barrierId, rewindId: barrierId }, rewoundMs }),
      )
      // Later than all that is compared.
      expect(await proof()).toMatchObject({
        throughMs: minuteMs + 600_000,
        openMinutes: 1,
        answered: { id: barrierId },
        rewindId: barrierId,
      })
      await proofs.record(crm, findings({ rewoundMs: minuteMs + 1 }))
      expect((await proof()).throughMs).toBe(minuteMs + 1)
    })

    test('a run that is asked for, and the breaker, are remembered', async () => {
      await register()
      const { proof: proofs } = reconciliation()
      expect(await proofs.requestRun('order.unknown')).toBe(0)
      expect(await proofs.requestRun(null)).toBe(1)
      expect(await proofs.requestRun(crm)).toBe(1)
      expect((await proof()).isRequested).toBe(true)
      await proofs.asked(crm, { id: newId(), throughMs: 0 })
      expect((await proof()).isRequested).toBe(false)
      await proofs.setBreaker(crm, { cause: 'share', reason: 'too much' })
      expect((await proof()).breaker).toMatchObject({ cause: 'share', reason: 'too much' })
      await proofs.setBreaker(crm, null)
      expect((await proof()).breaker).toBeNull()
    })
  })

  describe('missing events', () => {
    test('a suspect that is there or not wanted goes, one that is absent again is missing', async () => {
      await register()
      const [there, unwanted, absent] = [idAt(1, 'a'), idAt(2, 'b'), idAt(3, 'c')]
      const { proof: proofs, missing } = reconciliation()
      const suspects = [there, unwanted, absent].map((id) => ({ id, name: paid }))
      await proofs.record(crm, findings({ suspects }))
      expect(await missing.toCheck(crm, { olderThanMs: 60_000, limit: 10 })).toEqual([])
      await until(async () => (await missing.toCheck(crm, { olderThanMs: 1, limit: 10 })).length === 3)
      await proofs.record(
        crm,
        findings({
          present: [there],
          unwanted: [unwanted],
          absent: [{ id: absent, cause: 'removed', evidence: { queueStood: true, what: ['a'] } }],
        }),
      )
      const rows = await missing.list({ subscription: crm, ids: [there, unwanted, absent] })
      expect(rows).toMatchObject([
        { id: absent, name: paid, state: 'missing', cause: 'removed', evidence: { queueStood: true, what: ['a'] } },
      ])
      expect((await proof()).counts).toMatchObject({ suspect: 0, missing: 1 })
      // Once more suspected by another answer: it stays what it is.
      await proofs.record(crm, findings({ suspects }))
      expect((await missing.list({ id: absent })).map(({ state }) => state)).toEqual(['missing'])
    })

    test('suspects are asked after first, however much was given up on before', async () => {
      await register()
      await send(...[1, 2, 3].map((n) => event({ id: idAt(n, 'a') })))
      await miss(...[1, 2, 3].map((n) => idAt(n, 'a')))
      await claim({ maxAttempts: 0 })
      await reconciliation().proof.record(crm, findings({ suspects: [{ id: idAt(9, 'b'), name: paid }] }))
      const checked = () => reconciliation().missing.toCheck(crm, { olderThanMs: 0, limit: 2 })
      await until(async () => (await checked()).some(({ id }) => id === idAt(9, 'b')))
      expect((await checked()).map(({ id }) => id)).toEqual([idAt(9, 'b'), idAt(1, 'a')])
    })

    test('is claimed with what it takes to send it, counted before, given up on in the end, and retried by hand', async () => {
      await register()
      const lost = event({ payload: '{"n":1.000}', headers: { a: 'ä' }, entityId: "o'1" })
      await send(lost)
      await miss(lost.id)
      const { missing } = reconciliation()
      const { isOptional: _optional, bucket: _bucket, ...stored } = lost
      expect(await claim({ limit: 0 })).toEqual([])
      expect(await claim()).toMatchObject([stored])
      expect(await statesOf()).toEqual([[lost.id, 'missing', 1]])
      await missing.failed(crm, [lost.id], 'no queue took it')
      expect((await missing.list({}))[0]!.error).toBe('no queue took it')
      await until(async () => (await claim()).length === 1)
      await until(async () => (await claim()).length === 0 && (await statesOf())[0]![1] === 'gave-up')
      expect((await proof()).counts).toMatchObject({ missing: 0, 'gave-up': 1 })

      expect(await missing.retry({ subscription: 'order.other' }, 'ann')).toBe(0)
      expect(await missing.retry({ ids: [newId()] }, 'ann')).toBe(0)
      expect(await missing.retry({ id: lost.id }, 'ann')).toBe(1)
      expect(await statesOf()).toEqual([[lost.id, 'missing', 0]])
      expect(await subject.actions()).toEqual([['ann', 'resend', crm, lost.id, {}]])
      await reconciliation().proof.record(crm, findings({ present: [lost.id] }))
      expect((await missing.list({}))[0]).toMatchObject({ state: 'recovered', settled: { by: null } })
      expect(await missing.retry({}, 'ann')).toBe(0)
      expect(await claim()).toEqual([])
    })

    test('is not claimed again within the backoff', async () => {
      await register()
      const lost = event()
      await send(lost)
      await miss(lost.id)
      const request = { limit: 10, maxAttempts: 5, backoffMs: 60_000, maxBackoffMs: 100_000, requestedOnly: false }
      const before = await reconciliation().nowMs()
      expect(await reconciliation().missing.claim(crm, request)).toHaveLength(1)
      expect(await reconciliation().missing.claim(crm, request)).toEqual([])
      const [row] = await reconciliation().missing.list({})
      expect(row!.dueMs - before).toBeGreaterThanOrEqual(60_000)
      expect(row!.dueMs - before).toBeLessThan(160_000)
    })

    test('one that has recovered is suspected anew after the store was set back', async () => {
      await register()
      await miss(idAt(1, 'a'))
      await reconciliation().proof.record(crm, findings({ present: [idAt(1, 'a')] }))
      await reconciliation().proof.record(crm, findings({ suspects: [{ id: idAt(1, 'a'), name: paid }] }))
      expect((await reconciliation().missing.list({}))[0]).toMatchObject({
        state: 'suspect',
        attempts: 0,
        settled: null,
      })
    })

    test('thousands of them, and thousands of ghosts, are written and found', async () => {
      await register()
      const keys = Array.from({ length: 2_500 }, () => ({ id: newId(), name: paid }))
      await reconciliation().proof.record(crm, findings({ suspects: keys, ghosts: keys }))
      await reconciliation().proof.record(crm, findings({ ghosts: keys.slice(0, 5) }))
      expect(await proof()).toMatchObject({ counts: { suspect: 2_500 }, ghosts: 2_500 })
      const { missing } = reconciliation()
      const ids = keys.map(({ id }) => id)
      expect(await missing.list({ ids, limit: 5_000 })).toHaveLength(2_500)
      expect(await missing.list({ states: ['missing'] })).toEqual([])
      expect(await missing.ghosts({ id: ids[7]! })).toMatchObject([{ subscription: crm, id: ids[7], name: paid }])
      expect(await missing.ghosts({ subscription: 'order.other' })).toEqual([])
      await reconciliation().proof.record(crm, findings({ present: ids }))
      expect(await missing.list({})).toEqual([])
    })
  })

  describe('receipts', () => {
    test('the last barrier that was answered is remembered, and never an earlier one', async () => {
      const { receipts } = reconciliation()
      expect(await receipts.lastAnswered(crm, 'shop')).toBeNull()
      const [first, second] = [newId(), newId()]
      const none = { rewindId: null, rewoundMs: null, heardId: null }
      const later = { barrierId: second, provenThroughMs: 20, rewindId: first, rewoundMs: 5, heardId: null }
      await receipts.answered(crm, 'shop', later)
      await receipts.answered(crm, 'shop', { ...none, barrierId: first, provenThroughMs: 10 })
      expect(await receipts.lastAnswered(crm, 'shop')).toEqual({ ...later, unheardIds: [first, second] })
      const third = { ...none, barrierId: newId(), provenThroughMs: 30, heardId: first }
      await receipts.answered(crm, 'shop', third)
      expect(await receipts.lastAnswered(crm, 'shop')).toEqual({ ...third, unheardIds: [second, third.barrierId] })
      expect(await receipts.lastAnswered(crm, 'other')).toBeNull()
      // Read before the third was answered, and written after it.
      const late = { ...third, barrierId: newId(), heardId: null }
      await receipts.answered(crm, 'shop', late)
      expect(await receipts.lastAnswered(crm, 'shop')).toMatchObject({ barrierId: late.barrierId, heardId: first })
    })

    test('what is remembered of barriers is of one moment, while others are answered', async () => {
      const { receipts } = reconciliation()
      const last = { provenThroughMs: 10, rewindId: null, rewoundMs: null }
      let barrierId = newId()
      await receipts.answered(crm, 'shop', { ...last, barrierId, heardId: null })
      const over = new AbortController()
      const answerAll = async (): Promise<void> => {
        for (let barrier = 0; barrier < 200; barrier++) {
          const heardId = barrierId
          barrierId = newId()
          await receipts.answered(crm, 'shop', { ...last, barrierId, heardId })
        }
        over.abort()
      }
      const answering = answerAll()
      const reads: (LastAnswered | null)[] = []
      while (!over.signal.aborted) reads.push(await receipts.lastAnswered(crm, 'shop'))
      await answering
      expect(reads.length).toBeGreaterThan(10)
      expect(reads.filter((read) => read?.unheardIds.join() !== read?.barrierId)).toEqual([])
    })

    test('an instance knows up to when the others have settled what they were given', async () => {
      const { receipts } = reconciliation()
      const [mine, slow, other] = [newId(), newId(), newId()]
      const now = await receipts.report(crm, mine, null)
      expect(Math.abs(now - (await reconciliation().nowMs()))).toBeLessThan(5_000)
      expect(await receipts.othersSettledMs(crm, mine, 60_000)).toBeNull()
      await receipts.report(crm, other, 2 ** 47)
      expect(await receipts.othersSettledMs(crm, mine, 60_000)).toBe(2 ** 47)
      await receipts.report(crm, slow, 5)
      // Only says that it lives: what it has settled stays.
      await receipts.report(crm, slow, null)
      expect(await receipts.othersSettledMs(crm, mine, 60_000)).toBe(5)
      expect(await receipts.othersSettledMs('order.other', mine, 60_000)).toBeNull()
      await receipts.leave(crm, slow)
      expect(await receipts.othersSettledMs(crm, mine, 60_000)).toBe(2 ** 47)
      // Not seen for so long: dead.
      expect(await receipts.othersSettledMs(crm, mine, -60_000)).toBeNull()
    })
  })

  describe('what stands on the broker', () => {
    const patterns = ['order.#']
    const stand = (wanted: readonly string[], isNewQueue = false) =>
      subject.store.subscriptions.stand(crm, wanted, isNewQueue)

    test('patterns stand since they changed, and those before them are known', async () => {
      expect(await stand(patterns)).toBeNull()
      await subject.store.subscriptions.announce({ name: crm, service: 'crm', patterns, queue: 'qu.order.crm' })
      const first = (await stand(patterns, true))!
      expect(first).toMatchObject({ previousSince: null, queueCreatedAt: null })
      expect(await stand(patterns)).toEqual(first)
      await until(async () => (await reconciliation().nowMs()) > first.patternsSince.getTime())
      const second = (await stand(['#']))!
      expect(second.patternsSince.getTime()).toBeGreaterThan(first.patternsSince.getTime())
      expect(second).toMatchObject({ activeFrom: first.activeFrom, previousSince: first.patternsSince })
      expect(await stand(['#'])).toEqual(second)
      const again = (await stand(['#'], true))!
      expect(again.queueCreatedAt).not.toBeNull()
      expect(again.patternsSince).toEqual(second.patternsSince)
    })
  })
}
