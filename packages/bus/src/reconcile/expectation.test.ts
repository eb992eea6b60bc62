import { describe, expect, it } from 'vitest'
import { byMinute, expectations } from './expectation.ts'

const paid = 'order.payment.onPaid'
const price = 'product.price.onChanged'
const told = (periods: Parameters<typeof expectations>[0], range: { fromMs: number; toMs: number }) =>
  expectations(periods, range, 10).map(({ fromMs, toMs, expects }) => [fromMs, toMs, expects(paid), expects(price)])

describe('what is expected', () => {
  it('is what was wanted since the tolerance before, and not before that', () => {
    const periods = [{ fromMs: 100, toMs: null, patterns: ['order.#'] }]
    expect(told(periods, { fromMs: 0, toMs: 300 })).toEqual([
      [0, 110, false, false],
      [110, 300, true, false],
    ])
  })

  it('is around a change what both want, and before it what is still wanted', () => {
    const periods = [
      { fromMs: 0, toMs: 200, patterns: ['order.#'] },
      { fromMs: 200, toMs: null, patterns: ['order.#', 'product.#'] },
    ]
    expect(told(periods, { fromMs: 50, toMs: 300 })).toEqual([
      [50, 210, true, false],
      [210, 300, true, true],
    ])
    const narrowed = [
      { fromMs: 0, toMs: 200, patterns: ['#'] },
      { fromMs: 200, toMs: null, patterns: ['product.#'] },
    ]
    // An event of before may have been sent after it.
    expect(told(narrowed, { fromMs: 50, toMs: 100 })).toEqual([[50, 100, false, true]])
  })

  it('is nothing before a gap, nor of a subscription that is retired', () => {
    const periods = [
      { fromMs: 0, toMs: 199, patterns: ['#'] },
      { fromMs: 200, toMs: null, patterns: ['#'] },
    ]
    expect(told(periods, { fromMs: 50, toMs: 300 }).map(([fromMs, , expects]) => [fromMs, expects])).toEqual([
      [50, false],
      [209, false],
      [210, true],
    ])
    expect(told([{ fromMs: 0, toMs: 500, patterns: ['#'] }], { fromMs: 50, toMs: 300 })).toEqual([
      [50, 300, false, false],
    ])
  })
})

it('ranges are cut at full minutes, and the rest is left', () => {
  expect(byMinute([{ fromMs: 59_000, toMs: 121_000 }], 10)).toEqual([
    { fromMs: 59_000, toMs: 60_000 },
    { fromMs: 60_000, toMs: 120_000 },
    { fromMs: 120_000, toMs: 121_000 },
  ])
  expect(byMinute([{ fromMs: 59_000, toMs: 121_000 }], 2)).toHaveLength(2)
  expect(byMinute([{ fromMs: 5, toMs: 5 }], 2)).toEqual([])
})
