import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'
import { ratioRow, valueRow } from './row.ts'
import { alternate, median, quantile, ratiosOf, spreadOf } from './statistics.ts'
import { Confirms } from './support/confirms.ts'
import { inParallel } from './support/in-parallel.ts'
import { table } from './table.ts'

describe('statistics', () => {
  it('takes the middle value, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([9, 1, 5, 7])).toBe(6)
    expect(median([])).toBeNaN()
  })

  it('sorts numbers as numbers', () => {
    expect(median([10, 9, 100])).toBe(10)
  })

  it('interpolates quantiles between neighbours', () => {
    const values = Array.from({ length: 101 }, (_, index) => index)
    expect(quantile(values, 0.99)).toBe(99)
    expect(quantile([0, 10], 0.25)).toBe(2.5)
    expect(quantile([3], 0.99)).toBe(3)
  })

  it('tells the spread', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 })
  })
})

describe('pairing', () => {
  it('measures both sides in turn', async () => {
    const order: string[] = []
    const side = (name: string) => (round: number) => {
      order.push(`${name}${round}`)
      return Promise.resolve(round)
    }
    await alternate(2, side('warren'), side('peer'))
    expect(order).toEqual(['warren0', 'peer0', 'warren1', 'peer1'])
  })

  it('compares each pair on its own, so that a slow spell of the machine falls on both sides', () => {
    const pairs = [
      { warren: 90, peer: 100 },
      { warren: 9, peer: 10 },
      { warren: 45, peer: 50 },
    ]
    expect(ratiosOf(pairs)).toEqual([0.9, 0.9, 0.9])
    expect(ratioRow(pairs, 'msg/s', { name: 'r' })).toMatchObject({ median: 0.9, min: 0.9, max: 0.9 })
  })

  it('judges the median by the bar, in its direction', () => {
    const pairs = [{ warren: 3, peer: 1 }]
    expect(ratioRow(pairs, '', { name: 'r', bar: { atLeast: 3 } }).ok).toBe(true)
    expect(ratioRow(pairs, '', { name: 'r', bar: { atLeast: 3.1 } }).ok).toBe(false)
    expect(valueRow(pairs, 'ms', { name: 'v', bar: { atMost: 3 } }).ok).toBe(true)
    expect(valueRow(pairs, 'ms', { name: 'v', bar: { atMost: 2.9 } }).ok).toBe(false)
    expect(valueRow(pairs, 'ms', { name: 'v' }).ok).toBeNull()
  })
})

describe('gaps', () => {
  const confirms = new Confirms()
  for (const atMs of [0, 10, 20, 30, 530, 540]) confirms.add(`${atMs}`, atMs)

  it('counts from the last confirm before the strike', () => {
    expect(confirms.longestGapMs(35, 545)).toBe(500)
  })

  it('counts a gap that is not over at the end', () => {
    expect(confirms.longestGapMs(35, 5_540)).toBe(5_000)
  })

  it('leaves out what came before', () => {
    expect(confirms.longestGapMs(530, 545)).toBe(10)
  })
})

describe('load', () => {
  it('keeps every lane busy and does each item once', async () => {
    const done: number[] = []
    let running = 0
    let most = 0
    await inParallel(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running--
      done.push(item)
    })
    expect(done.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(most).toBe(3)
  })
})

describe('report', () => {
  const machine = { cores: 2, processor: 'test', node: 'v24', rabbitmq: '3', brokerNodes: 3, postgres: '15' }

  it('says which bars were missed', () => {
    const met = ratioRow([{ warren: 2, peer: 1 }], 'x', { name: 'fast', bar: { atLeast: 1 } })
    const missed = ratioRow([{ warren: 1, peer: 2 }], 'x', { name: 'slow', bar: { atLeast: 1 } })
    expect(table([met], machine, 5)).toContain('Every bar was met.')
    const text = table([met, missed], machine, 5)
    expect(text).toContain('1 of 2 bars were MISSED.')
    expect(text).toMatch(/slow +0\.5 × +0\.5 to 0\.5 +≥ 1 +MISSED/)
  })

  it('refuses a benchmark that does not exist', () => {
    expect(() => parseOptions(['--only', 'warp-drive'])).toThrow('there is no benchmark "warp-drive"')
    expect(parseOptions(['--quick', '--only', 'relay'])).toEqual({ quick: true, json: false, only: ['relay'] })
    const some = parseOptions(['--only', 'relay,inbox', '--only', 'latency'])
    expect(some).toMatchObject({ only: ['relay', 'inbox', 'latency'] })
  })
})
