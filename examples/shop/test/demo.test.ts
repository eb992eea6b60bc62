import { describe, expect, it } from 'vitest'
import { runDemo } from './support/run-demo.ts'

describe('the demo', () => {
  it(
    'exits 0 with the truth when nodes and services are killed and transactions rolled back',
    { timeout: 300_000 },
    async () => {
      const args = '--orders 200 --rate 20 --kill-node --restart-services --rollback-percent 10 --json'.split(' ')
      const { code, result, stderr } = await runDemo(args, {})
      expect(result, stderr).toMatchObject({ orders: 200, lost: 0, duplicated: 0, ghosts: 0, parked: 0, unroutable: 0 })
      expect(result).toMatchObject({ applied: result['expected'], nodeKills: 1, store: 'sqlite' })
      expect(result['serviceKills']).toBeGreaterThanOrEqual(3)
      expect(result['rolledBack']).toBeGreaterThan(0)
      expect(result['publishGapMs']).toBeGreaterThan(0)
      expect(code).toBe(0)
    },
  )

  it('answers a wrong flag with exit code 2 and no stack', async () => {
    const { code, stderr } = await runDemo(['--orders', 'many'], {})
    expect(code).toBe(2)
    expect(stderr).toMatch(/^--orders is a whole number/)
  })
})
