import { describe, expect, it } from 'vitest'
import { isSettled, reach, readSkipped, settle, start, writeSkipped } from './position.ts'

const at = (handled: number, skipped: readonly (readonly [number, number])[] = []) => ({
  handled,
  skipped: new Map(skipped),
})

describe('the position of an entity', () => {
  it('moves on when the event before is settled', () => {
    expect(settle(at(3), { sequence: 7, needs: 3 })).toEqual(at(7))
    expect(settle(start, { sequence: 1, needs: 0 })).toEqual(at(1))
  })

  it('remembers what is settled out of its order, and who waits for it waits for what it waited for', () => {
    const skipped = settle(at(1), { sequence: 5, needs: 3 })
    expect(skipped).toEqual(at(1, [[5, 3]]))
    expect(isSettled(skipped, 5)).toBe(false)
    const reached = settle(skipped, { sequence: 3, needs: 1 })
    expect(isSettled(reached, 5)).toBe(true)
    expect(settle(reached, { sequence: 6, needs: 5 })).toEqual(at(6))
  })

  it('follows several that were skipped one behind the other', () => {
    const position = at(1, [
      [3, 1],
      [4, 3],
    ])
    expect(isSettled(position, 4)).toBe(true)
    expect(isSettled(position, 5)).toBe(false)
  })

  it('never goes back', () => {
    expect(settle(at(7), { sequence: 3, needs: 1 })).toEqual(at(7))
    expect(reach(at(7), 3)).toEqual(at(7))
  })

  it('forgets what lies behind it', () => {
    expect(reach(at(1, [[3, 2]]), 4)).toEqual(at(4))
  })

  it('does not loop over what no release has written', () => {
    expect(isSettled(at(1, [[3, 3]]), 3)).toBe(false)
  })

  it('is written as text and read again', () => {
    const position = at(1, [
      [5, 3],
      [9, 5],
    ])
    expect(readSkipped(writeSkipped(position))).toEqual(position.skipped)
    expect(readSkipped(writeSkipped(start))).toEqual(new Map())
  })
})
