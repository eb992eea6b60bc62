import { expect, test } from 'vitest'
import { pointsOf } from './points.ts'

const details = (...points: readonly (readonly [atMs: number, value: number])[]) => ({
  samples: points.map(([timestamp, sample]) => ({ sample, timestamp })).toReversed(),
})

test('is one line of the windows, of which the finer one counts where both are', () => {
  const fine = details([60, 6], [70, 7], [80, 8])
  const coarse = details([0, 1], [30, 3], [60, 5], [90, 9])
  expect(pointsOf([fine, coarse], 0).map(({ atMs, value }) => [atMs, value])).toEqual([
    [0, 1],
    [30, 3],
    [60, 6],
    [70, 7],
    [80, 8],
  ])
})

test('has nothing of the time that was not measured, for which the broker answers with zeros', () => {
  expect(pointsOf([details([0, 0], [30, 0], [60, 5])], 40)).toEqual([{ atMs: 60, value: 5 }])
  expect(pointsOf([undefined, {}, details()], 0)).toEqual([])
})
