import { expect, test } from 'vitest'
import { budget, compileOnce } from './typed-patterns.ts'

// Counts only: they are the same on every machine, however busy it is. Times belong to the benchmark.
test('400 names and 20 patterns stay far below the compiler budget and match what a plain matcher does', async () => {
  const { matcher, service } = await compileOnce()
  expect(matcher.instantiations).toBeLessThan(budget.instantiations / 4)
  expect(service.instantiations).toBeLessThan(budget.instantiations / 2)
  // 1,500,000 where the compiler compared all names with templates of a pattern that it did not know yet.
  expect(service.comparisons).toBeLessThan(50_000)
}, 300_000)
