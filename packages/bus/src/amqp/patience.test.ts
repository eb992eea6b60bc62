import { describe, expect, it } from 'vitest'
import { Patience } from './patience.ts'
import type { LaneHealth } from './patience.ts'

const fresh: LaneHealth = { ageMs: 0, oldestInFlightMs: 0, hasConfirmed: false, hasNacked: false }

/** After how many milliseconds each of `count` lanes in a row is replaced. */
function waits(patience: Patience, lane: (ms: number) => LaneHealth, count: number): number[] {
  let nowMs = 0
  return Array.from({ length: count }, () => {
    let ms = 0
    while (!patience.isOver(lane(ms))) ms += 100
    patience.end((nowMs += ms))
    return ms
  })
}

describe('Patience', () => {
  it('is short with nacks at first, and grows while they go on', () => {
    const nacking = (ms: number): LaneHealth => ({ ...fresh, ageMs: ms, hasNacked: true })
    const expected = [200, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]
    expect(waits(new Patience(), nacking, 9)).toEqual(expected)
  })

  it('gives a channel that has shown nothing a second', () => {
    const silent = (ms: number): LaneHealth => ({ ...fresh, ageMs: ms, oldestInFlightMs: ms })
    expect(waits(new Patience(), silent, 6)).toEqual([1_000, 1_000, 1_000, 1_000, 1_600, 3_200])
  })

  it('never ends with a channel that confirms, or that has nothing to confirm', () => {
    const patience = new Patience()
    expect(patience.isOver({ ...fresh, ageMs: 1e9, oldestInFlightMs: 9_999, hasConfirmed: true })).toBe(false)
    expect(patience.isOver({ ...fresh, ageMs: 1e9 })).toBe(false)
  })

  it('is short again after a quiet minute', () => {
    const patience = new Patience()
    for (let i = 0; i < 5; i++) patience.end(i)
    patience.end(60_004)
    expect(patience.isOver({ ...fresh, ageMs: 200, hasNacked: true })).toBe(true)
  })
})
