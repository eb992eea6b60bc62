import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import type { NewFailure } from '../../../src/store/store.ts'
import { failure, gate, message, until } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeInbox(subject: Subject): void {
  const { fail, receive, statusOf } = subject
  describe('the inbox', () => {
    test('a message is received once by each subscription', async () => {
      const [a, b] = [message(), message()]
      expect(await receive('order.crm', a)).toEqual(new Set([a.id]))
      expect(await receive('order.crm', b, a, b)).toEqual(new Set([b.id]))
      expect(await receive('order.crm', b, a)).toEqual(new Set())
      expect(await receive('loyalty', b, a)).toEqual(new Set([a.id, b.id]))
      expect(await receive('loyalty')).toEqual(new Set())
    })

    test('a message is received again after its transaction was rolled back', async () => {
      const a = message()
      await subject.store
        .transaction(async (tx) => {
          await subject.store.inbox.receive(tx, 'order.crm', [a])
          throw new Error('no')
        })
        .catch(() => undefined)
      expect(await receive('order.crm', a)).toEqual(new Set([a.id]))
    })

    for (const outcome of ['commits', 'aborts'] as const) {
      test(`a concurrent receive of the same message waits until the other transaction ${outcome}`, async () => {
        const other = await subject.database.open()
        const a = message()
        const [received, finish] = [gate(), gate()]
        const first = subject.store.transaction(async (tx) => {
          await subject.store.inbox.receive(tx, 'order.crm', [a])
          received.open()
          await finish.opened
          if (outcome === 'aborts') throw new Error('no')
        })
        await received.opened
        let hasSecond = false
        const second = other
          .transaction((tx) => other.inbox.receive(tx, 'order.crm', [a]))
          .finally(() => {
            hasSecond = true
          })
        await subject.database.untilBlocked(1)
        expect(hasSecond).toBe(false)
        finish.open()
        await first.catch(() => undefined)
        expect(await second).toEqual(outcome === 'commits' ? new Set() : new Set([a.id]))
      })
    }

    test('batches that arrive in opposite orders do not deadlock', async () => {
      const other = await subject.database.open()
      const batch = Array.from({ length: 9 }, () => message())
      const [held, letGo] = [gate(), gate()]
      // Both batches come as far as the one in the middle, which somebody else has: whoever came from the other end
      // would hold by then what this one needs next.
      const holder = subject.store.transaction(async (tx) => {
        await subject.store.inbox.receive(tx, 'order.crm', [batch[4]!])
        held.open()
        await letGo.opened
        throw new Error('no')
      })
      await held.opened
      const batches = [
        subject.store.transaction((tx) => subject.store.inbox.receive(tx, 'order.crm', batch)),
        other.transaction((tx) => other.inbox.receive(tx, 'order.crm', batch.toReversed())),
      ]
      await subject.database.untilBlocked(2)
      letGo.open()
      await holder.catch(() => undefined)
      const sizes = (await Promise.all(batches)).map(({ size }) => size)
      expect(sizes.toSorted()).toEqual([0, 9])
    })

    test('forgotten messages are received again; what was received before is not forgotten', async () => {
      const [before, a, b] = [message(), message(), message()]
      await receive('order.crm', before)
      await subject.store.transaction(async (tx) => {
        await subject.store.inbox.receive(tx, 'order.crm', [before, a, b])
        await subject.store.inbox.forget(tx, 'order.crm', [before.id, b.id, newId()])
      })
      expect(await receive('order.crm', before, a, b)).toEqual(new Set([b.id]))
    })

    test('a failure is recorded in the transaction that received the message', async () => {
      const [good, bad] = [message(), message()]
      await subject.store.transaction(async (tx) => {
        await subject.store.inbox.receive(tx, 'order.crm', [good, bad])
        await subject.store.inbox.fail(tx, [failure('order.crm', { messageId: bad.id, delayMs: 60_000 })])
      })
      expect(await statusOf(good.id)).toBe('handled')
      const { received } = await subject.store.messages.trace(bad.id)
      expect(received).toMatchObject([
        { status: 'retrying', settledAt: null, failure: { messageId: bad.id, attempts: 1 } },
      ])
      expect(received[0]!.failure!.dueAt!.getTime()).toBeGreaterThan(Date.now() + 50_000)
    })

    test('a failure is kept as it was given', async () => {
      const given = failure('order.crm', {
        payload: '{"a":"\\u0000 é"}',
        headers: { a: 'ä', b: '' },
        error: { code: 'X', type: 'T', message: 'm\n"\'', stack: 's', fingerprint: 'f' },
      })
      await fail(given)
      const [kept] = await subject.store.failures.list({})
      const { delayMs: _, ...rest } = given
      expect(kept).toMatchObject(rest)
      expect(kept!.firstFailedAt).toEqual(kept!.lastFailedAt)
    })

    test('a body with NUL bytes keeps every byte', async () => {
      const given = failure('order.crm', { payload: 'a\u0000é' })
      await fail({ ...given, name: 'x\u0000y', error: { ...given.error, message: 'z\u0000' } })
      const [kept] = await subject.store.failures.list({})
      const body = kept!.encoding === 'base64' ? Buffer.from(kept!.payload, 'base64') : Buffer.from(kept!.payload)
      expect(body).toEqual(Buffer.from('a\u0000é'))
    })

    test('the first time of a failure is kept when it fails again', async () => {
      const first = failure('order.crm')
      await fail(first)
      const before = (await subject.store.failures.list({}))[0]!
      await until(() => Date.now() > before.lastFailedAt.getTime() + 5)
      await fail({ ...first, attempts: 2, state: 'parked', error: { ...first.error, message: 'again' } })
      const [after] = await subject.store.failures.list({})
      expect(after).toMatchObject({ attempts: 2, state: 'parked', dueAt: null, error: { message: 'again' } })
      expect(after!.firstFailedAt).toEqual(before.firstFailedAt)
      expect(after!.lastFailedAt.getTime()).toBeGreaterThan(before.lastFailedAt.getTime())
      expect(await statusOf(first.messageId)).toBe('parked')
    })

    test('what is handled or discarded stays so when a failure of it comes late', async () => {
      const [handled, discarded] = [message(), message()]
      await receive('order.crm', handled)
      await fail(failure('order.crm', { messageId: discarded.id, fingerprint: 'x' } as Partial<NewFailure>))
      await subject.store.failures.discard({ messageId: discarded.id }, 'ann')
      await fail(
        failure('order.crm', { messageId: handled.id }),
        failure('order.crm', { messageId: discarded.id, state: 'parked' }),
      )
      expect(await statusOf(handled.id)).toBe('handled')
      expect(await statusOf(discarded.id)).toBe('discarded')
      expect(await subject.store.failures.list({})).toEqual([])
    })

    test('a message that was received in an undone savepoint is not taken for the own one', async () => {
      const a = message()
      await subject.store.transaction(async (tx) => {
        await subject.store
          .savepoint(tx, async (inner) => {
            await subject.store.inbox.receive(inner, 'order.crm', [a])
            throw new Error('no')
          })
          .catch(() => undefined)
        await subject.store.savepoint(tx, (inner) => subject.store.inbox.receive(inner, 'order.crm', [a]))
        await subject.store.inbox.fail(tx, [failure('order.crm', { messageId: a.id })])
      })
      expect(await statusOf(a.id)).toBe('retrying')
    })

    test('starts are counted though the handler’s transaction is lost, and forgotten with the one that settles', async () => {
      const id = newId()
      expect(await subject.store.inbox.countStart('order.crm', id)).toBe(1)
      expect(await subject.store.inbox.countStart('order.crm', id)).toBe(2)
      expect(await subject.store.inbox.countStart('loyalty', id)).toBe(1)
      const clear = (isLost: boolean) =>
        subject.store
          .transaction(async (tx) => {
            await subject.store.inbox.clearStarts(tx, 'order.crm', [id, newId()])
            if (isLost) throw new Error('no')
          })
          .catch(() => undefined)
      await clear(true)
      expect(await subject.store.inbox.countStart('order.crm', id)).toBe(3)
      await clear(false)
      expect(await subject.store.inbox.countStart('order.crm', id)).toBe(1)
      expect(await subject.store.inbox.countStart('loyalty', id)).toBe(2)
    })

    test('the first start of many is counted at once, and not of those that have one', async () => {
      const [known, ...fresh] = [newId(), newId(), newId()]
      await subject.store.inbox.countStart('order.crm', known)
      const all = [...fresh, known]
      expect(await subject.store.inbox.countFirstStarts('order.crm', all)).toEqual(new Set(fresh))
      expect(await subject.store.inbox.countFirstStarts('order.crm', all)).toEqual(new Set())
      expect(await subject.store.inbox.countFirstStarts('loyalty', all)).toEqual(new Set(all))
      expect(await subject.store.inbox.countStart('order.crm', known)).toBe(2)
    })
  })
}
