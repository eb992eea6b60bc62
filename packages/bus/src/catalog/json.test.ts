import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatPath } from './issues.ts'
import { toJsonText } from './json.ts'

test('calls every JSON value exact, and its text gives it back', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const json = toJsonText(value)
      expect(json.kind).toBe(hasNegativeZero(value) ? 'converted' : 'exact')
      if (json.kind === 'exact') expect(JSON.parse(json.text)).toEqual(value)
    }),
    { numRuns: 500 },
  )
})

class Money {
  readonly amount = 5
}

test.each([
  ['a date', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  ['an undefined property', { a: undefined, b: 1 }, '{"b":1}'],
  ['an instance of a class', { price: new Money() }, '{"price":{"amount":5}}'],
  ['a value with toJSON', { toJSON: () => ({ a: 1 }) }, '{"a":1}'],
  ['negative zero', -0, '0'],
])('converts %s as JSON does', (_what, value, text) => {
  expect(toJsonText(value)).toEqual({ kind: 'converted', text })
})

const circle: { self?: unknown } = {}
circle.self = { deeper: circle }
const shared = { a: 1 }

test.each([
  ['undefined', undefined, 'data'],
  ['a bigint', { a: [1n] }, 'data.a[0]'],
  ['a circular reference', { circle }, 'data.circle.self.deeper'],
  ['undefined in an array', [1, undefined], 'data[1]'],
  // eslint-disable-next-line no-sparse-arrays -- the hole is what is tested
  ['a hole in an array', { list: [1, , 3] }, 'data.list[1]'],
  ['NaN', { a: { b: NaN } }, 'data.a.b'],
  ['Infinity', { 'odd key': Infinity }, 'data["odd key"]'],
  ['a function', { a: () => 1 }, 'data.a'],
  ['a symbol', { a: Symbol('s') }, 'data.a'],
  ['a Map', { a: new Map([[1, 2]]) }, 'data.a'],
  ['a Set', { a: new Set([1]) }, 'data.a'],
  ['binary data', { a: new Uint8Array(2) }, 'data.a'],
  ['an invalid date', { at: new Date(NaN) }, 'data.at'],
  ['a promise', { a: Promise.resolve(1) }, 'data.a'],
])('refuses %s and tells where', (_what, value, path) => {
  const json = toJsonText(value)
  expect(json).toMatchObject({ kind: 'refused' })
  expect(json.kind === 'refused' && json.issues.map((issue) => formatPath(issue.path))).toEqual([path])
})

test('takes a value that is there twice without a circle', () => {
  expect(toJsonText({ a: shared, b: [shared, shared] }).kind).toBe('exact')
})

test('refuses a payload that is nested too deeply instead of overflowing the stack', () => {
  let nested: unknown = 1
  for (let depth = 0; depth < 100_000; depth++) nested = [nested]
  expect(toJsonText(nested)).toMatchObject({ kind: 'refused', issues: [{ path: [] }] })
})

function hasNegativeZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(hasNegativeZero)
  return Object.is(value, -0)
}
