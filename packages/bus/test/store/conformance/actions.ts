import { describe, expect, test } from 'vitest'
import { MOST_GROUPED } from '../../../src/store/action-log.ts'
import { failure } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeActions(subject: Subject): void {
  const { fail } = subject
  describe('the action log', () => {
    test('tells who did what to which message, newest first, page by page', async () => {
      const { actions, failures } = subject.store
      const [first, second] = [failure('order.crm', { state: 'parked' }), failure('order.mail', { state: 'parked' })]
      await fail(first, second)
      await failures.retry({ messageId: first.messageId }, 'ann')
      await failures.discard({ messageId: second.messageId }, 'ben')
      const details = { queue: 'qu.order.crm', cluster: 'default' }
      await actions.write({ actor: 'ann', action: 'queue-sync', subscription: null, messageId: null, details })

      const all = await actions.list({})
      expect(all.map(({ actor, action, subscription, messageId }) => [actor, action, subscription, messageId])).toEqual(
        [
          ['ann', 'queue-sync', null, null],
          ['ben', 'discard', 'order.mail', second.messageId],
          ['ann', 'retry', 'order.crm', first.messageId],
        ],
      )
      expect(all[0]?.details).toEqual(details)
      expect(all[1]?.details).toMatchObject({ payload: second.payload })
      expect(Math.abs((all[0]?.at.getTime() ?? 0) - Date.now())).toBeLessThan(60_000)
      expect(await actions.list({ limit: 1 })).toEqual(all.slice(0, 1))
      expect(await actions.list({ before: all[0]?.id ?? '' })).toEqual(all.slice(1))
      expect(await actions.list({ subscription: 'order.crm' })).toEqual(all.slice(2))
      expect(await actions.list({ messageId: second.messageId })).toEqual(all.slice(1, 2))
      expect(await actions.list({ actor: 'ben' })).toEqual(all.slice(1, 2))
      expect(await actions.list({ action: 'retry' })).toEqual(all.slice(2))
      expect(await actions.list({ from: all[1]?.id ?? '' })).toEqual(all.slice(0, 2))
      const at = all[2]?.at ?? new Date(0)
      expect(await actions.list({ since: new Date(at.getTime() + 60_000) })).toEqual([])
      expect((await actions.list({ since: at })).at(-1)).toEqual(all[2])
      expect(await actions.list({ until: at })).toEqual([])
      expect(await actions.list({ until: new Date(at.getTime() + 60_000) })).toEqual(all)
    })

    test('tells what was done at once to many messages as one, page by page', async () => {
      const { actions, failures } = subject.store
      const many = Array.from({ length: 40 }, () => failure('order.crm', { state: 'parked' }))
      const others = [failure('order.mail', { state: 'parked' }), failure('order.mail', { state: 'parked' })]
      await fail(...many, ...others)
      await failures.retry({ subscription: 'order.crm' }, 'ann')
      await failures.retry({ subscription: 'order.mail' }, 'ann')
      await failures.discard({ subscription: 'order.mail' }, 'ann')
      await failures.discard({ messageId: many[0]?.messageId ?? '' }, 'ben')
      const queue = { actor: 'ben', action: 'discard', subscription: null, messageId: null, details: { queue: 'q' } }
      await actions.write(queue)
      await actions.write(queue)

      const all = await actions.listGroups({})
      const told = ({ actor, action, subscription, entries }: (typeof all)[number]) =>
        [actor, action, subscription, entries] as const
      expect(all.map(told)).toEqual([
        ['ben', 'discard', null, 1],
        ['ben', 'discard', null, 1],
        ['ben', 'discard', 'order.crm', 1],
        ['ann', 'discard', 'order.mail', 2],
        ['ann', 'retry', 'order.mail', 2],
        ['ann', 'retry', 'order.crm', 40],
      ])
      expect(all.every(({ isCut }) => !isCut)).toBe(true)
      expect(all[0]?.details).toEqual({ queue: 'q' })
      const first = await actions.listGroups({ limit: 4 })
      expect(first).toEqual(all.slice(0, 4))
      expect(await actions.listGroups({ before: first[3]?.from ?? '' })).toEqual(all.slice(4))
      expect(await actions.listGroups({ actor: 'ann', action: 'retry' })).toEqual(all.slice(4))
      // What is in one, by what it is told with.
      const { id = '', from = '' } = all[5] ?? {}
      const inside = await actions.list({ before: String(BigInt(id) + 1n), from })
      expect(inside.map(({ messageId }) => messageId).toSorted()).toEqual(
        many.map(({ messageId }) => messageId).toSorted(),
      )
    })

    test('says where it has looked at enough of what was done to very many', async () => {
      const { actions, failures } = subject.store
      const many = Array.from({ length: MOST_GROUPED + 1 }, () => failure('order.crm', { state: 'parked' }))
      for (let at = 0; at < many.length; at += 500) await fail(...many.slice(at, at + 500))
      await failures.retry({ subscription: 'order.crm' }, 'ann')
      const [group, ...more] = await actions.listGroups({})
      expect([group, more]).toMatchObject([{ entries: MOST_GROUPED, isCut: true }, []])
      expect(await actions.listGroups({ before: group?.from ?? '' })).toMatchObject([{ entries: 1, isCut: false }])
    })
  })
}
