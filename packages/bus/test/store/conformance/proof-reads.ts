import { describe, expect, test } from 'vitest'
import { newId, uuidTime } from '../../../src/envelope/uuid.ts'
import type { EventKey, Findings } from '../../../src/store/contract/reconciliation.ts'
import { event } from '../fixtures.ts'
import type { Subject } from './subject.ts'

const paid = 'order.payment.onPaid'
const cancelled = 'order.onCancelled'
const evidence = { queue: 'qu.order.crm' }

/** What a person asks of the proof, and asks to be done about it. */
export function describeProofReads(subject: Subject): void {
  describe('proof, read and acted on', () => {
    const reconciliation = () => subject.store.reconciliation
    const register = (name: string, changes: { hasInbox?: boolean } = {}) =>
      reconciliation().registry.register(
        {
          name,
          service: 'crm',
          queue: `qu.${name}`,
          hasInbox: true,
          timeoutMs: 1_000,
          queueCreatedMs: null,
          patternsSinceMs: 0,
          ...changes,
        },
        { closeMs: 0, fromMs: 1, patterns: ['order.#'] },
        null,
      )
    const record = (subscription: string, changes: Partial<Findings>) =>
      reconciliation().proof.record(subscription, {
        answer: { barrierId: newId(), roundTripMs: 1, retrying: 0, parked: 0, rewindId: null },
        throughMs: null,
        rewoundMs: null,
        minutes: [],
        suspects: [],
        present: [],
        absent: [],
        unwanted: [],
        ghosts: [],
        ...changes,
      })
    const lose = async (subscription: string, ...keys: readonly EventKey[]) => {
      await record(subscription, { suspects: keys })
      await record(subscription, { absent: keys.map(({ id }) => ({ id, cause: 'removed' as const, evidence })) })
    }
    const idAt = (minute: number) => `0197c2f0-5a${String(minute).padStart(2, '0')}-7b34-9f00-2d9c1f3a77aa`

    test('missing events are listed by all conditions that are given, newest first', async () => {
      await register('order.crm')
      await register('order.mail')
      const [first, second, third] = [idAt(10), idAt(20), idAt(30)] as [string, string, string]
      await lose('order.crm', { id: first, name: paid }, { id: second, name: cancelled })
      await record('order.mail', { suspects: [{ id: third, name: paid }] })
      const ids = async (filter: Parameters<ReturnType<typeof reconciliation>['missing']['list']>[0]) =>
        (await reconciliation().missing.list(filter)).map(({ id }) => id)
      const secondMs = uuidTime(second)!.getTime()

      expect(await ids({})).toEqual([third, second, first])
      expect(await ids({ name: paid })).toEqual([third, first])
      expect(await ids({ name: paid, subscription: 'order.crm' })).toEqual([first])
      expect(await ids({ cause: 'removed' })).toEqual([second, first])
      expect(await ids({ cause: 'unknown' })).toEqual([])
      expect(await ids({ states: ['suspect'] })).toEqual([third])
      expect(await ids({ published: { fromMs: secondMs } })).toEqual([third, second])
      expect(await ids({ published: { fromMs: secondMs, toMs: secondMs + 1 } })).toEqual([second])
      expect(await ids({ published: { toMs: secondMs } })).toEqual([first])
      expect(await ids({ before: third, limit: 1 })).toEqual([second])
    })

    test('a run is asked for where something can be proved, until a barrier is sent', async () => {
      await register('order.crm')
      await register('order.mail')
      await register('order.log', { hasInbox: false })
      await register('order.old')
      await reconciliation().registry.retire('order.old', 'ann')
      const { proof } = reconciliation()
      const requested = async () =>
        (await proof.list()).filter(({ isRequested }) => isRequested).map(({ subscription }) => subscription)

      expect(await proof.isRunRequested()).toBe(false)
      expect(await proof.requestRun('order.log')).toBe(0)
      expect(await proof.requestRun('order.old')).toBe(0)
      expect(await proof.requestRun('order.crm')).toBe(1)
      expect(await requested()).toEqual(['order.crm'])
      expect(await proof.requestRun(null)).toBe(2)
      for (const name of ['order.crm', 'order.mail']) {
        expect(await proof.isRunRequested()).toBe(true)
        await proof.asked(name, { id: newId(), throughMs: 2 })
      }
      expect(await proof.isRunRequested()).toBe(false)
      await proof.requestRun('order.mail')
      await reconciliation().registry.retire('order.mail', 'ann')
      expect(await proof.isRunRequested()).toBe(false)
    })

    test('the proof of an event holds from where it is compared until its minute is opened', async () => {
      await register('order.crm')
      await register('order.mail')
      const sent = event({ name: paid })
      await subject.append(sent)
      const timeMs = uuidTime(sent.id)!.getTime()
      const { proof } = reconciliation()
      await proof.asked('order.crm', { id: newId(), throughMs: timeMs + 1 })
      await record('order.crm', { throughMs: timeMs + 1 })
      await record('order.mail', { throughMs: timeMs })
      const proven = async () => [...(await proof.provenAt(sent.id))]

      // Not sent; sent, and later than it was asked for; compared again.
      expect(await proven()).toEqual([])
      await subject.store.outbox.confirm([sent.id])
      expect(await proven()).toEqual([])
      await proof.reopenLate()
      expect(await proven()).toEqual([])
      const minuteMs = Math.floor(timeMs / 60_000) * 60_000
      await record('order.crm', { minutes: [{ minuteMs, expected: 1, isWhole: true, readMs: 2 ** 47 }] })
      expect(await proven()).toEqual(['order.crm'])
    })

    test('a retry chooses by conditions, and marks what a person wants where nothing is resent by itself', async () => {
      await register('order.crm')
      const [wanted, other] = [event({ name: paid }), event({ name: cancelled })]
      await subject.append(wanted, other)
      await subject.store.outbox.confirm([wanted.id, other.id])
      await lose('order.crm', wanted, other)
      const { missing } = reconciliation()
      const claim = async (requestedOnly: boolean) =>
        (
          await missing.claim('order.crm', {
            limit: 10,
            maxAttempts: 5,
            backoffMs: 60_000,
            maxBackoffMs: 60_000,
            requestedOnly,
          })
        ).map(({ id }) => id)

      expect(await claim(true)).toEqual([])
      expect(await missing.retry({ name: paid }, 'ann')).toBe(1)
      expect((await missing.list({ id: wanted.id }))[0]!.requestedMs).toBeGreaterThan(0)
      expect((await missing.list({ id: other.id }))[0]!.requestedMs).toBeNull()
      expect(await claim(true)).toEqual([wanted.id])
      expect(await claim(false)).toEqual([other.id])
      // Both are resent and not due; a person's word makes them due.
      expect(await missing.retry({ subscription: 'order.crm' }, 'ann')).toBe(2)
      expect((await missing.list({})).map(({ attempts }) => attempts)).toEqual([0, 0])
      expect(await claim(true)).toHaveLength(2)
      expect((await subject.actions()).map(([actor, action, , id]) => [actor, action, id])).toEqual([
        ['ann', 'resend', wanted.id],
        ...[wanted.id, other.id].map((id) => ['ann', 'resend', id]),
      ])
    })
  })
}
