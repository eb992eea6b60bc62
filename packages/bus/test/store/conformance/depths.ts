import { describe, expect, test } from 'vitest'
import { leastIdAt } from '../../../src/store/ids.ts'
import type { Depth } from '../../../src/store/store.ts'
import { event, failure, message } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeDepths(subject: Subject): void {
  const { append, fail, receive } = subject
  describe('depths', () => {
    const noon = Date.parse('2026-03-01T12:00:00Z')
    const at = (minute: number): string => leastIdAt(noon + minute * 60_000)
    const minutes = (count: number): readonly string[] => Array.from({ length: count }, (_, minute) => at(minute))

    test('say the id that is so many rows down, from the newest or from another', async () => {
      const { depths } = subject.store
      await append(...minutes(10).map((id) => event({ id })))
      await receive('order.crm', ...minutes(10).map((id) => message({ id })))
      await fail(...minutes(10).map((messageId) => failure('loyalty', { messageId })))
      const sent = depths.sent.bind(depths)
      const received = (depth: Depth) => depths.received(depth, 'order.crm')
      for (const read of [sent, received, depths.failures.bind(depths)]) {
        expect(await read({ rows: 1 })).toBe(at(9))
        expect(await read({ rows: 10 })).toBe(at(0))
        expect(await read({ rows: 11 })).toBeNull()
        expect(await read({ rows: 3, before: at(5) })).toBe(at(2))
        expect(await read({ rows: 3, before: at(2) })).toBeNull()
      }
      const [since, until] = [new Date(noon + 3 * 60_000), new Date(noon + 6 * 60_000)]
      for (const read of [sent, received]) {
        expect(await read({ rows: 3, since, until })).toBe(at(3))
        expect(await read({ rows: 4, since, until })).toBeNull()
        expect(await read({ rows: 1, before: at(5), until })).toBe(at(4))
      }
      // What failed before then may have been published a little after it, by another clock.
      expect(await depths.failures({ rows: 2, until })).toBe(at(5))
      expect(await depths.received({ rows: 1 }, 'order.none')).toBeNull()
    })

    test('of several subscriptions end where the first has had its share', async () => {
      await receive('order.crm', ...minutes(10).map((id) => message({ id })))
      await receive('order.mail', message({ id: at(0) }))
      expect(await subject.store.depths.received({ rows: 4 })).toBe(at(8))
      expect(await subject.store.depths.received({ rows: 4 }, 'order.crm')).toBe(at(6))
    })

    test('bound what is listed', async () => {
      await append(...minutes(4).map((id) => event({ id })))
      await receive('order.crm', ...minutes(4).map((id) => message({ id })))
      await fail(...minutes(4).map((messageId) => failure('loyalty', { messageId })))
      const { messages, failures } = subject.store
      const page = { downTo: at(1), before: at(3) }
      const expected = [at(2), at(1)]
      expect((await messages.sent(page)).map(({ id }) => id)).toEqual(expected)
      expect((await messages.received({ ...page, subscription: 'order.crm' })).map((row) => row.messageId)).toEqual(
        expected,
      )
      expect((await failures.list(page)).map(({ messageId }) => messageId)).toEqual(expected)
    })
  })
}
