import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Budget } from './budget.ts'

const options = { share: 0.1, minPerSecond: 20 }

it('allows a tenth of the live rate, and 20 a second however little is published', () => {
  const budget = new Budget(options, 0)
  expect(budget.perSecond(1_000)).toBe(100)
  expect(budget.perSecond(0)).toBe(20)
  expect(budget.take(1_000, 0, 0)).toBe(20)
  expect(budget.take(1_000, 0, 0)).toBe(0)
  expect(budget.take(1_000, 0, 500)).toBe(10)
  expect(budget.take(1_000, 1_000, 1_500)).toBe(100)
})

it('takes back what was not sent', () => {
  const budget = new Budget(options, 0)
  expect(budget.take(15, 0, 0)).toBe(15)
  budget.giveBack(5)
  expect(budget.take(100, 0, 0)).toBe(10)
})

it('never allows more than was filled in and five seconds of savings', () => {
  const takes = fc.array(fc.record({ wanted: fc.nat(500), rate: fc.nat(2_000), pauseMs: fc.nat(20_000) }))
  fc.assert(
    fc.property(takes, (steps) => {
      const budget = new Budget(options, 0)
      let [nowMs, filled] = [0, options.minPerSecond]
      let taken = 0
      for (const { wanted, rate, pauseMs } of steps) {
        nowMs += pauseMs
        filled += (pauseMs / 1_000) * budget.perSecond(rate)
        const allowed = budget.take(wanted, rate, nowMs)
        expect(allowed).toBeLessThanOrEqual(Math.min(wanted, 5 * budget.perSecond(rate)))
        expect(allowed).toBeGreaterThanOrEqual(0)
        taken += allowed
        expect(taken).toBeLessThanOrEqual(filled + 1e-6)
      }
    }),
  )
})
