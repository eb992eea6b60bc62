import { describe, expect, test } from 'vitest'
import { leastIdAt } from '../../../src/store/ids.ts'
import { failure, message } from '../fixtures.ts'
import type { Subject } from './subject.ts'

const MINUTE_MS = 60_000

export function describeSamples(subject: Subject): void {
  const { receive, fail } = subject
  const noonMs = Date.parse('2026-03-01T12:00:00Z')
  /** The least id of a minute is that of a UUID of no version: these are real ones. */
  const idAt = (timeMs: number, n = 0) =>
    leastIdAt(timeMs).replace('-0000-0000-', `-7${String(n).padStart(3, '0')}-8000-`)
  const minute = (n: number) => ({ fromMs: noonMs + n * MINUTE_MS, toMs: noonMs + (n + 1) * MINUTE_MS })

  describe('samples', () => {
    test('of each range the newest deliveries to one subscription are read, and no more than that', async () => {
      const ids = [0, 1_000, 2_000, MINUTE_MS, 2 * MINUTE_MS].map((offsetMs) => idAt(noonMs + offsetMs))
      await receive('order.crm', ...ids.map((id) => message({ id })))
      await receive('loyalty', message({ id: ids[0]! }))
      await fail(failure('order.crm', { messageId: idAt(noonMs + 30_000), state: 'parked' }))
      const read = async (ranges: readonly { fromMs: number; toMs: number }[], perRange: number) =>
        (await subject.store.samples.deliveries('order.crm', ranges, perRange))
          .map(({ publishedMs, status }) => [publishedMs - noonMs, status] as const)
          .toSorted(([a], [b]) => a - b)

      expect(await read([minute(0), minute(1)], 2)).toEqual([
        [2_000, 'handled'],
        [30_000, 'parked'],
        [MINUTE_MS, 'handled'],
      ])
      expect(await read([minute(0)], 100)).toHaveLength(4)
      expect(await read([], 100)).toEqual([])
      expect(await subject.store.samples.deliveries('nobody', [minute(0)], 100)).toEqual([])
    })

    test('a delivery that is handled says when, and one that failed is not settled', async () => {
      const id = idAt(noonMs)
      const before = Date.now()
      await receive('order.crm', message({ id }))
      await fail(failure('order.crm', { messageId: idAt(noonMs, 1), state: 'retrying' }))
      const samples = await subject.store.samples.deliveries('order.crm', [minute(0)], 10)
      const [failed, handled] = samples.toSorted((a, b) => (a.status < b.status ? 1 : -1))
      expect(failed).toEqual({ publishedMs: noonMs, status: 'retrying', settledMs: null })
      expect(handled).toMatchObject({ publishedMs: noonMs, status: 'handled' })
      expect(Math.abs(handled!.settledMs! - before)).toBeLessThan(60_000)
    })

    test('what is not handled is read by its state, the newest of each and no more than that', async () => {
      await receive('order.crm', message({ id: idAt(noonMs, 99) }))
      const parked = [0, 1, 2].map((n) => failure('order.crm', { messageId: idAt(noonMs + n, n), state: 'parked' }))
      const discarded = failure('order.crm', { messageId: idAt(noonMs + 10), state: 'parked' })
      const retrying = failure('order.crm', { messageId: idAt(noonMs + 20) })
      const later = failure('order.crm', { messageId: idAt(noonMs + MINUTE_MS) })
      await fail(...parked, discarded, retrying, later, failure('loyalty', { messageId: idAt(noonMs) }))
      await subject.store.failures.discard({ messageId: discarded.messageId }, 'ann')
      const read = async (perStatus: number) =>
        (await subject.store.samples.unhandled('order.crm', minute(0), perStatus))
          .map(({ publishedMs, status }) => [publishedMs - noonMs, status] as const)
          .toSorted(([a], [b]) => a - b)
      expect(await read(2)).toEqual([
        [1, 'parked'],
        [2, 'parked'],
        [10, 'discarded'],
        [20, 'retrying'],
      ])
      expect(await read(100)).toHaveLength(5)
    })

    test('the subscriptions that were announced are named, as many as are wanted', async () => {
      const announce = (name: string) =>
        subject.store.subscriptions.announce({ name, service: 'crm', patterns: ['order.#'], queue: `qu.${name}` })
      for (const name of ['order.mail', 'loyalty', 'order.crm']) await announce(name)
      expect(await subject.store.samples.subscriptions(10)).toEqual(
        ['loyalty', 'order.crm', 'order.mail'].map((name) => ({ name, queue: `qu.${name}` })),
      )
      expect(await subject.store.samples.subscriptions(2)).toHaveLength(2)
    })
  })
}
