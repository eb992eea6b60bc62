import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { catalog } from './catalog.ts'
import { entity } from './entity.ts'
import { lint } from './lint.ts'
import { matches } from './pattern.ts'

const schema = z.object({})
const shop = catalog(
  entity('order', {
    identity: 'orderId',
    scopes: ['viporder', 'viporder.gold'],
    events: {
      'payment.onPaid': schema,
      'payment.onRefunded': schema,
      'delivery.onDelivered': schema,
      'delivery.onDelayed': { schema, optional: true },
    },
  }),
  entity('product', { identity: 'sku', events: { 'pricing.onChanged': schema } }),
)

/** Of one pattern, beside a subscription that takes everything. */
function lintOne(...patterns: string[]) {
  return lint(shop, [
    { name: 'audit', patterns: ['#'] },
    { name: 'crm', patterns },
  ])
}

describe('a pattern that matches nothing is an error', () => {
  test.each([
    ['*.onDelivered', '#.onDelivered'],
    ['*.*.*.*.*.*.onPaid', '#.onPaid'],
    ['order.*', 'order.#'],
    ['order.onPaid', 'order.#.onPaid'],
    ['order.payment', 'order.payment.#'],
    ['delivery.*', '#.delivery.*'],
    ['ordr.#', 'order.#'],
    ['order.delivry.*', 'order.delivery.*'],
    ['order.payment.onPayd', 'order.payment.onPaid'],
    ['*.onDeliverd', '#.onDelivered'],
    ['shipment.#', undefined],
  ])('%s: %s was meant', (pattern, suggestion) => {
    const [finding, ...others] = lintOne(pattern)
    expect(others).toEqual([])
    expect(finding).toMatchObject({ level: 'error', rule: 'matches-nothing', subscription: 'crm', pattern })
    expect(finding?.suggestion).toBe(suggestion)
  })

  test('the message tells why one word is not enough', () => {
    expect(lintOne('*.onDelivered')[0]?.message).toBe(
      'pattern "*.onDelivered" of subscription "crm" matches no event of the catalog: "*" is exactly one word, "#" is any number of words; did you mean "#.onDelivered"?',
    )
  })
})

describe('an invalid pattern is an error', () => {
  test.each([
    ['order.del*', undefined],
    ['order.#*', 'order.#'],
    ['order..delivery.*', 'order.delivery.*'],
    ['', '#'],
  ])('%j: %s was meant', (pattern, suggestion) => {
    const [finding, ...others] = lintOne(pattern)
    expect(others).toEqual([])
    expect(finding).toMatchObject({ level: 'error', rule: 'pattern-invalid', pattern })
    expect(finding?.suggestion).toBe(suggestion)
  })
})

describe('a pattern that misses the scoped forms of an event it takes is a warning', () => {
  test.each([
    ['*.delivery.*', '#.delivery.*'],
    ['order.*.onDelivered', 'order.#.onDelivered'],
    ['*.*.*', '#.*.*'],
    ['order.payment.*', 'order.#.payment.*'],
    ['order.viporder.payment.*', 'order.viporder.#.payment.*'],
    ['order.*.payment.*', 'order.#.*.payment.*'],
  ])('%s: %s was meant', (pattern, suggestion) => {
    const [finding, ...others] = lintOne(pattern)
    expect(others).toEqual([])
    expect(finding).toMatchObject({ level: 'warning', rule: 'misses-scopes', subscription: 'crm', pattern })
    expect(finding?.suggestion).toBe(suggestion)
  })

  test('the message names what is missed', () => {
    expect(lintOne('*.delivery.onDelivered')[0]?.message).toBe(
      'pattern "*.delivery.onDelivered" of subscription "crm" misses "order.viporder.delivery.onDelivered", "order.viporder.gold.delivery.onDelivered"; "#.delivery.onDelivered" takes them too',
    )
  })

  test('unless another pattern of the subscription takes them', () => {
    expect(lintOne('*.delivery.*', 'order.viporder.#')).toEqual([])
  })

  test.each(['#', 'order.#', '#.onPaid', 'order.viporder.#', 'product.*.*', '#.gold.#'])('%s is fine', (pattern) => {
    expect(lintOne(pattern)).toEqual([])
  })
})

describe('a pattern that spells out one name is a warning', () => {
  test.each([
    ['order.payment.onPaid', 'order.#.payment.*'],
    ['order.viporder.gold.payment.onPaid', 'order.viporder.gold.payment.*'],
    ['product.pricing.onChanged', 'product.pricing.*'],
  ])('%s: %s takes its siblings too', (pattern, suggestion) => {
    const [finding, ...others] = lintOne(pattern)
    expect(others).toEqual([])
    expect(finding).toMatchObject({ level: 'warning', rule: 'spelled-out', subscription: 'crm', pattern, suggestion })
    expect(matches(suggestion, pattern)).toBe(true)
  })

  test('the message tells the siblings that are there, or that there will be some', () => {
    expect(lintOne('order.viporder.gold.payment.onPaid')[0]?.message).toContain(
      'spells out one event, so it misses "order.viporder.gold.payment.onRefunded"; ',
    )
    expect(lintOne('product.pricing.onChanged')[0]?.message).toBe(
      'pattern "product.pricing.onChanged" of subscription "crm" spells out one event, so it will miss the events of "product.pricing" that follow; "product.pricing.*" takes them too',
    )
  })

  test('unless another pattern of the subscription takes it anyway', () => {
    expect(lintOne('product.pricing.onChanged', 'product.#')).toEqual([])
  })
})

describe('an event that nobody subscribes to is a note', () => {
  test('once per fact, with its scoped forms; optional events may go unheard', () => {
    const findings = lint(shop, [{ name: 'crm', patterns: ['#.payment.#', 'product.#'] }])
    expect(findings).toEqual([
      {
        level: 'note',
        rule: 'nobody-subscribes',
        event: 'order.delivery.onDelivered',
        message:
          'nobody subscribes to "order.delivery.onDelivered", "order.viporder.delivery.onDelivered", "order.viporder.gold.delivery.onDelivered"',
      },
    ])
  })

  test('comes after errors and warnings', () => {
    const findings = lint(shop, [{ name: 'crm', patterns: ['product.pricing.onChanged', 'nothing.#'] }])
    expect(findings.map((finding) => finding.level)).toEqual(['error', 'warning', 'note', 'note', 'note'])
  })
})
