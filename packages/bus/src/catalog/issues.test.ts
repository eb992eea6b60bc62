import { describe, expect, test } from 'vitest'
import { describeIssues, formatPath, fromSchema } from './issues.ts'

test('writes paths as code would', () => {
  expect(formatPath([])).toBe('data')
  expect(formatPath(['items', 2, 'sku'])).toBe('data.items[2].sku')
  expect(formatPath(['odd key', '', Symbol('s')])).toBe('data["odd key"][""][Symbol(s)]')
})

test('lists the first five issues and counts the others', () => {
  const issues = Array.from({ length: 7 }, (_, index) => ({ path: [index], message: 'wrong' }))
  expect(describeIssues(issues)).toBe(
    'data[0]: wrong; data[1]: wrong; data[2]: wrong; data[3]: wrong; data[4]: wrong; and 2 more',
  )
})

describe('fromSchema', () => {
  test('takes both forms of path', () => {
    expect(fromSchema([{ message: 'm', path: ['a', { key: 1 }] }, { message: 'n' }], {})).toEqual([
      { path: ['a', 1], message: 'm' },
      { path: [], message: 'n' },
    ])
  })

  test.each([
    ['valibot', 'Invalid email: Received "ann@example.org"', { to: 'ann@example.org' }, 'Invalid email: Received "…"'],
    ['a number', 'Expected <=10 but received 11', { to: 11 }, 'Expected <=10 but received …'],
    ['quotes inside', String.raw`got "a\"b"`, { to: 'a"b' }, 'got "…"'],
    ['a value under the path', 'ann lives elsewhere', { to: { name: ['ann'] } }, '… lives elsewhere'],
    ['a part of another word', 'needs an annual fee', { to: 'ann' }, 'needs an annual fee'],
    ['no value there', 'expected string, received undefined', {}, 'expected string, received undefined'],
  ])('takes quoted values out of messages: %s', (_what, message, payload, expected) => {
    expect(fromSchema([{ message, path: ['to'] }], payload)).toEqual([{ path: ['to'], message: expected }])
  })

  test('survives a circular payload', () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    expect(fromSchema([{ message: 'wrong' }], circle)).toEqual([{ path: [], message: 'wrong' }])
  })
})
