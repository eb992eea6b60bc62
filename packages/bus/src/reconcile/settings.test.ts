import { expect, it } from 'vitest'
import { reconcileSettings } from './settings.ts'
import type { ReconcileOptions } from './settings.ts'

it('fills in what is left out, also within the limits', () => {
  const given: object = { maxAttempts: 3, intervalMs: undefined, breaker: { minMissing: 7 } }
  const settings = reconcileSettings(given)
  expect(settings).toMatchObject({ compensation: 'auto', maxAttempts: 3, intervalMs: 30_000 })
  expect(settings.breaker).toEqual({ maxMissingShare: 0.2, minMissing: 7, maxUnansweredMs: 120_000 })
})

it.each([
  ['compensation', { compensation: 'of' }, 'reconcile.compensation is of; it can be auto, report, off'],
  ['intervalMs', { intervalMs: NaN }, 'reconcile.intervalMs is NaN; it can be a number from 0'],
  ['budget.share', { budget: { share: -1 } }, 'reconcile.budget.share is -1; it can be a number from 0'],
])('refuses %s that cannot be meant', (option, options, message) => {
  expect(() => reconcileSettings(options as ReconcileOptions)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message,
      details: expect.objectContaining({ option }) as unknown,
    }),
  )
})
