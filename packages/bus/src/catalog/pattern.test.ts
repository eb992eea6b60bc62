import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isWarrenError } from '../errors.ts'
import { matches, parsePattern } from './pattern.ts'

/** The rules as one would say them, with every way to split tried: too slow for use, hard to get wrong. */
function matchesByTheRules(pattern: readonly string[], name: readonly string[]): boolean {
  const [wanted, ...rest] = pattern
  if (wanted === undefined) return name.length === 0
  if (wanted === '#') return name.some((_, n) => matchesByTheRules(rest, name.slice(n))) || matchesByTheRules(rest, [])
  const [word, ...others] = name
  return word !== undefined && (wanted === '*' || wanted === word) && matchesByTheRules(rest, others)
}

describe('matches', () => {
  test.each([
    ['order.payment.onPaid', 'order.payment.onPaid', true],
    ['order.payment.onPaid', 'order.payment.onPaidTwice', false],
    ['*.payment.onPaid', 'order.payment.onPaid', true],
    ['*.onPaid', 'order.payment.onPaid', false],
    ['#.onPaid', 'order.payment.onPaid', true],
    ['#', 'order.payment.onPaid', true],
    ['order.#', 'order', true],
    ['order.#.onPaid', 'order.onPaid', true],
    ['*.delivery.*', 'order.viporder.delivery.onDelivered', false],
    ['#.delivery.*', 'order.viporder.delivery.onDelivered', true],
    ['#.delivery.*', 'order.delivery.delivery.onDelivered', true],
    ['*.#.*', 'order', false],
    ['*.#.*', 'order.payment', true],
    ['#.#', 'order', true],
    ['order.del*', 'order.delivery', false],
    ['order.del*', 'order.del*', true],
    ['#', '', true],
    ['*', '', false],
    ['', '', true],
    ['a.*.b', 'a..b', true],
  ])('%s on %s is %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected)
  })

  test('agrees with a matcher that tries every split', () => {
    const patternWord = fc.constantFrom('a', 'b', '*', '#', '#')
    fc.assert(
      fc.property(
        fc.array(patternWord, { minLength: 1, maxLength: 7 }),
        fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 7 }),
        (pattern, name) => {
          expect(matches(pattern.join('.'), name.join('.'))).toBe(matchesByTheRules(pattern, name))
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('stays quick with as many wildcards as a pattern can hold', () => {
    const pattern = Array.from({ length: 63 }, () => '#.a').join('.') + '.b'
    const name = Array.from({ length: 127 }, () => 'a').join('.')
    expect(matches(pattern, name)).toBe(false)
  })
})

describe('parsePattern', () => {
  test('gives the words of a valid pattern', () => {
    expect(parsePattern('#.vip-order.*')).toEqual(['#', 'vip-order', '*'])
  })

  test.each([
    ['order.del*', /wildcard glued to other characters in "del\*"/, 'order.*'],
    ['order#', /wildcard glued/, '#'],
    ['order..onPaid', /empty word/, 'order.onPaid'],
    ['order.', /empty word/, 'order'],
    ['', /is empty/, '#'],
    ['order. payment.*', /space/, 'order.payment.*'],
    ['order.zahlung€.*', /"zahlung€"/, undefined],
    ['a'.repeat(256), /255 bytes/, undefined],
  ])('refuses %j and says what may have been meant', (pattern, message, suggestion) => {
    const error = caught(() => parsePattern(pattern))
    expect(isWarrenError(error, 'PATTERN_INVALID')).toBe(true)
    expect(error).toMatchObject({ message: expect.stringMatching(message) as string })
    expect(isWarrenError(error) && error.details.suggestion).toBe(suggestion)
  })

  test('takes 255 bytes', () => {
    expect(parsePattern('a'.repeat(255))).toHaveLength(1)
  })
})

function caught(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
