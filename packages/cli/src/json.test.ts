import { expect, test } from 'vitest'
import { payloadValue, prettyPayload } from './json.ts'

test('keeps numbers that a double cannot hold', () => {
  const text = '{"id":12345678901234567890,"price":1.10,"list":[0.1,1e400]}'
  expect(JSON.stringify(payloadValue(text))).toBe(text)
  expect(prettyPayload(text)).toContain('"price": 1.10')
})

test('gives back what is not JSON as it is', () => {
  expect(payloadValue('not {json')).toBe('not {json')
  expect(prettyPayload('not {json')).toBe('not {json')
})
