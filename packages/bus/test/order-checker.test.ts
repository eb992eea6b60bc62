import { describe, expect, it } from 'vitest'
import { orderViolations } from './support/order-checker.ts'
import type { HandledEvent } from './support/order-checker.ts'

const published = new Map([
  ['a', 3],
  ['b', 2],
])

/** `a1 b1 a2` */
function log(text: string): readonly HandledEvent[] {
  return text.split(' ').map((each) => ({ entity: each.slice(0, 1), sequence: Number(each.slice(1)) }))
}

const kinds = (text: string) =>
  orderViolations(log(text), published).map(({ kind, entity, sequence }) => `${kind} ${entity}${sequence}`)

describe('the checker of the order', () => {
  it('finds nothing where each entity was handled in its order', () => {
    expect(kinds('a1 b1 a2 b2 a3')).toEqual([])
  })

  it('finds a planted violation: two events of one entity in the wrong order', () => {
    expect(kinds('a1 a3 b1 a2 b2')).toEqual(['early a3', 'early a2'])
    expect(kinds('b2 a1 a2 a3 b1')).toEqual(['early b2', 'early b1'])
  })

  it('finds an event that was handled twice, and one that never was', () => {
    expect(kinds('a1 a2 a2 a3 b1 b2')).toEqual(['twice a2'])
    expect(kinds('a1 a2 b1 b2')).toEqual(['missing a3'])
  })
})
