import { describe, expect, it } from 'vitest'
import { compare, factKey } from './compare.ts'

const paid = { eventId: 'e1', entityId: 'order-1', fact: 'payment.onPaid' }
const expected = new Set([factKey('order-1', 'payment.onPaid')])

describe('compare', () => {
  it('finds nothing wrong when each fact took effect once', () => {
    expect(compare(expected, [paid])).toEqual({ expected: 1, applied: 1, lost: [], duplicated: [], ghosts: [] })
  })

  it('reports a fact without an effect as lost', () => {
    expect(compare(expected, [])).toMatchObject({ applied: 0, lost: ['order-1 payment.onPaid'] })
  })

  it('reports each effect beyond the first of one event as duplicated', () => {
    expect(compare(expected, [paid, paid, paid])).toMatchObject({
      applied: 1,
      lost: [],
      duplicated: ['order-1 payment.onPaid', 'order-1 payment.onPaid'],
      ghosts: [],
    })
  })

  it('reports the effect of a fact that was never committed as a ghost', () => {
    const never = { ...paid, entityId: 'order-1-never' }
    expect(compare(expected, [paid, never])).toMatchObject({ applied: 1, ghosts: ['order-1-never payment.onPaid'] })
  })

  it('reports a second event of one fact as a ghost: its transaction was rolled back', () => {
    expect(compare(expected, [paid, { ...paid, eventId: 'e0' }])).toMatchObject({
      applied: 1,
      duplicated: [],
      ghosts: ['order-1 payment.onPaid'],
    })
  })
})
