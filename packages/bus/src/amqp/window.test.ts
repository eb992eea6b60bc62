import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Window } from './window.ts'

describe('Window', () => {
  it('settles each entry once, whatever order and ranges the broker confirms in', () => {
    const acks = fc.array(fc.record({ tag: fc.integer({ min: 1, max: 40 }), multiple: fc.boolean() }))
    fc.assert(
      fc.property(acks, (confirms) => {
        const window = new Window<number>()
        for (let tag = 1; tag <= 40; tag++) window.add(tag)
        const settled: number[] = []
        const expected = new Set<number>()
        for (const { tag, multiple } of confirms) {
          window.settle(tag, multiple, (entry) => settled.push(entry))
          for (let each = multiple ? 1 : tag; each <= tag; each++) expected.add(each)
        }
        expect(settled.toSorted((a, b) => a - b)).toEqual([...expected].sort((a, b) => a - b))
        expect(window.size).toBe(40 - expected.size)
        expect(window.oldest()).toBe(Array.from({ length: 40 }, (_, i) => i + 1).find((tag) => !expected.has(tag)))
      }),
    )
  })

  it('takes out only the oldest that are due', () => {
    const window = new Window<string>()
    for (const entry of ['a', 'b', 'c']) window.add(entry)
    expect(window.takeWhile((entry) => entry < 'c')).toEqual(['a', 'b'])
    expect(window.get(3)).toBe('c')
    expect(window.nextTag).toBe(4)
  })
})
