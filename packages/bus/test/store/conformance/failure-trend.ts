import { describe, expect, test } from 'vitest'
import { leastIdAt } from '../../../src/store/ids.ts'
import type { NewFailure } from '../../../src/store/store.ts'
import { failure } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeFailureTrend(subject: Subject): void {
  const HOUR_MS = 3_600_000
  const fromMs = Date.UTC(2026, 9, 1)
  const range = { fromMs, toMs: fromMs + 4 * HOUR_MS }
  const error = (fingerprint: string) => ({ code: 'X', type: 'X', message: 'm', stack: '', fingerprint })
  let serial = 0
  const failed = (hours: number, subscription: string, fingerprint: string): NewFailure => {
    const messageId = leastIdAt(fromMs + hours * HOUR_MS).replace(/0{12}$/, String(++serial).padStart(12, '0'))
    return failure(subscription, { messageId, state: 'parked', error: error(fingerprint) })
  }
  const trends = async (buckets: number, most = 1_000) => {
    const { firstKnown, groups } = await subject.store.failures.trends(range, buckets, most)
    const rows = groups.map(({ subscription, fingerprint, counts }) => [subscription, fingerprint, counts] as const)
    return { firstKnown, groups: rows.toSorted((a, b) => (`${a[0]} ${a[1]}` < `${b[0]} ${b[1]}` ? -1 : 1)) }
  }

  describe('the trend of failures', () => {
    test('tells how many of each cause were published when, within the time that was asked for', async () => {
      await subject.fail(
        ...[failed(-0.5, 'crm', 'f1'), failed(0.5, 'crm', 'f1'), failed(0.6, 'crm', 'f1'), failed(3.9, 'crm', 'f1')],
        ...[failed(0.5, 'crm', 'f2'), failed(2.1, 'mail', 'f1'), failed(4.5, 'mail', 'f1')],
      )
      expect(await trends(4)).toEqual({
        firstKnown: 0,
        groups: [
          ['crm', 'f1', [2, 0, 0, 1]],
          ['crm', 'f2', [1, 0, 0, 0]],
          ['mail', 'f1', [0, 0, 1, 0]],
        ],
      })
      expect((await trends(2)).groups[0]).toEqual(['crm', 'f1', [2, 1]])
    })

    test('looks at the newest of them alone where there are many, and says from when on', async () => {
      const rows = Array.from({ length: 40 }, (_, index) => failed(0.05 + index / 10, 'crm', 'f1'))
      await subject.fail(...rows)
      expect(await trends(4)).toEqual({ firstKnown: 0, groups: [['crm', 'f1', [10, 10, 10, 10]]] })
      expect(await trends(4, 25)).toEqual({ firstKnown: 2, groups: [['crm', 'f1', [null, null, 10, 10]]] })
      expect(await trends(4, 5)).toEqual({ firstKnown: 4, groups: [['crm', 'f1', [null, null, null, null]]] })
    })
  })
}
