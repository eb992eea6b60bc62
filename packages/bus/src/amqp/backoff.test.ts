import { expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'

it('doubles up to its maximum, anywhere between a tenth and all of it', () => {
  const backoff = { minMs: 200, maxMs: 10_000 }
  const most = [1, 2, 3, 6, 7, 1_000_000].map((round) => backoffMs(backoff, round, 1))
  expect(most).toEqual([200, 400, 800, 6_400, 10_000, 10_000])
  expect(backoffMs(backoff, 1, 0)).toBe(20)
  expect(backoffMs(backoff, 1_000_000, 0)).toBe(1_000)
})
