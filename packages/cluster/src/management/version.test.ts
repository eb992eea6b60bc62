import { expect, test } from 'vitest'
import { isAtLeast, lowestOf } from './version.ts'

test.each([
  ['3.10.8', '3.10', true],
  ['3.10.8', '3.9.30', true],
  ['3.10.8', '3.12', false],
  ['4.0.5', '4.0.9', false],
  ['4.0.5', '4', true],
  ['4.3.0-rc.1', '4.3', true],
  ['3.13.7+dirty', '4', false],
])('%s is at least %s: %s', (version, wanted, expected) => {
  expect(isAtLeast(version, wanted)).toBe(expected)
})

test('finds the lowest by number, not by letter', () => {
  expect(lowestOf(['3.13.1', '3.9.29', '3.10.8'])).toBe('3.9.29')
  expect(lowestOf([])).toBeUndefined()
})
