import { expect, test } from 'vitest'
import { compiledPattern } from './pattern.ts'
import { within } from './within.ts'

test('a pattern that would be tried for ever is stopped, and others are not', () => {
  const matches = compiledPattern('^(a+)+$')
  expect(within(100, () => matches(`${'a'.repeat(200)}!`))).toBeUndefined()
  expect(within(1_000, () => matches('aaa'))).toEqual({ value: true })
  expect(() =>
    within(1_000, () => {
      throw new RangeError('its own')
    }),
  ).toThrow('its own')
})
