import { expect, test } from 'vitest'
import { budget, compileOnce } from './typed-patterns.ts'

// Counts only: they are the same on every machine, however busy it is. Times belong to the benchmark.
test('400 names and 20 patterns stay far below the compiler budget and match what a plain matcher does', async () => {
  const { matcher, service } = await compileOnce()
  expect(matcher.instantiations).toBeLessThan(budget.instantiations / 4)
  expect(service.instantiations).toBeLessThan(budget.instantiations / 2)
  // 12,000; 1,500,000 and more where tsc compares all names with templates of a pattern that it does not know yet, which
  // it may not finish within the time that compileOnce() gives it.
  expect(service.comparisons).toBeLessThan(50_000)
}, 300_000)
