import fc from 'fast-check'
import { expect, it } from 'vitest'
import { allowedPerSecond, budgetBucket } from './budget.ts'

const options = { share: 0.1, minPerSecond: 20 }

it('allows a tenth of the live rate, and 20 a second however little is published', () => {
  expect(allowedPerSecond(options, 1_000)).toBe(100)
  expect(allowedPerSecond(options, 0)).toBe(20)
  const bucket = budgetBucket(options, 0)
  expect(bucket.take(1_000, 20, 0)).toBe(20)
  expect(bucket.take(1_000, 20, 0)).toBe(0)
  expect(bucket.take(1_000, 20, 500)).toBe(10)
  expect(bucket.take(1_000, 100, 1_500)).toBe(100)
})

it('allows at once no more than a lower one, whatever was saved before', () => {
  const bucket = budgetBucket(options, 0)
  expect(bucket.take(0, 20, 60_000)).toBe(0)
  expect(bucket.take(1_000, 2, 60_000)).toBe(10)
  expect(bucket.take(1_000, 2, 61_000)).toBe(2)
})

it('takes back what was not sent', () => {
  const bucket = budgetBucket(options, 0)
  expect(bucket.take(15, 20, 0)).toBe(15)
  bucket.giveBack(5)
  expect(bucket.take(100, 20, 0)).toBe(10)
})

it('never allows more than was filled in and five seconds of savings', () => {
  const takes = fc.array(fc.record({ wanted: fc.nat(500), rate: fc.nat(2_000), pauseMs: fc.nat(20_000) }))
  fc.assert(
    fc.property(takes, (steps) => {
      const bucket = budgetBucket(options, 0)
      let [nowMs, filled] = [0, options.minPerSecond]
      let taken = 0
      for (const { wanted, rate, pauseMs } of steps) {
        nowMs += pauseMs
        const perSecond = allowedPerSecond(options, rate)
        filled += (pauseMs / 1_000) * perSecond
        const allowed = bucket.take(wanted, perSecond, nowMs)
        expect(allowed).toBeLessThanOrEqual(Math.min(wanted, 5 * perSecond))
        expect(allowed).toBeGreaterThanOrEqual(0)
        taken += allowed
        expect(taken).toBeLessThanOrEqual(filled + 1e-6)
      }
    }),
  )
})
