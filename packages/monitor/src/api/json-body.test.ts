import { expect, it } from 'vitest'
import { isDeeper } from './json-body.ts'

it.each([
  ['{"a":[{"b":1}]}', 3, false],
  ['{"a":[{"b":1}]}', 2, true],
  ['[[],[],[]]', 2, false],
  ['"[[[["', 1, false],
  ['["\\"[[[["]', 1, false],
  ['["\\\\",[[]]]', 2, true],
  ['[['.repeat(100_000), 20, true],
  ['not json', 1, false],
])('%s has more than %d levels: %s', (json, levels, isSo) => {
  expect(isDeeper(json, levels)).toBe(isSo)
})
