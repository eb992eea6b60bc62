import { expect, it } from 'vitest'
import type { CompensationSettings } from '../store/contract/compensation.ts'
import { settingsInEffect } from './in-effect.ts'

const code: CompensationSettings = {
  ...{ mode: 'report', share: 0.1, minPerSecond: 20 },
  ...{ maxMissingShare: 0.2, minMissing: 100, maxUnansweredMs: 120_000 },
}
const by = { by: 'ann', atMs: 1 }

it('is what is set for one, else for all, else what the code says', () => {
  const all = { ...by, set: { mode: 'auto', share: 0.5 } as const }
  const rows = { all, ones: new Map([['order.crm', { ...by, set: { mode: 'off', minMissing: 7 } as const }]]) }
  const crm = settingsInEffect(code, rows, 'order.crm')
  expect(crm.settings).toEqual({ ...code, mode: 'off', share: 0.5, minMissing: 7 })
  expect(crm.origins).toEqual({
    ...{ mode: 'one', share: 'all', minPerSecond: 'code' },
    ...{ maxMissingShare: 'code', minMissing: 'one', maxUnansweredMs: 'code' },
  })
  for (const other of [null, 'order.mail'])
    expect(settingsInEffect(code, rows, other).settings).toEqual({ ...code, mode: 'auto', share: 0.5 })
})

it.each([
  [{ share: 0.5 }, true],
  [{ minPerSecond: 1 }, true],
  [{ mode: 'off', minMissing: 7 }, false],
] as const)('knows whose budget it takes from where %j is set', (set, hasOwnBudget) => {
  const all = { ...by, set: { minPerSecond: 5 } }
  const rows = { all, ones: new Map([['order.crm', { ...by, set }]]) }
  expect(settingsInEffect(code, rows, 'order.crm').hasOwnBudget).toBe(hasOwnBudget)
  expect(settingsInEffect(code, rows, 'order.mail').hasOwnBudget).toBe(false)
})
