import { expect, it } from 'vitest'
import { stepAt } from './watch-steps.ts'

const MINUTE_MS = 60_000
const noonMs = Date.parse('2026-11-27T12:00:00Z')
const at = (minutes: number) => noonMs + minutes * MINUTE_MS
const stepsOf = (fromMs: number, toMs: number, nowMs: number, cuts: readonly number[] = []) => {
  const steps: (readonly [number, number])[] = []
  for (let endMs = toMs; endMs > fromMs;) {
    const step = stepAt(endMs - 1, { fromMs, toMs }, nowMs, cuts)
    expect(step.toMs).toBe(endMs)
    expect(stepAt(step.fromMs, { fromMs, toMs }, nowMs, cuts)).toEqual(step)
    steps.push([(step.fromMs - noonMs) / MINUTE_MS, (endMs - noonMs) / MINUTE_MS])
    endMs = step.fromMs
  }
  return steps
}

it('is a minute of what is young and ten of what is over, and leaves no gap', () => {
  const steps = stepsOf(at(-2_000) + 6_000, at(2), at(1.5))
  expect(steps.slice(0, 2)).toEqual([
    [1, 2],
    [0, 1],
  ])
  expect(steps.find(([from, to]) => to - from > 1)).toEqual([-30, -20])
  expect(steps.at(-1)).toEqual([-1_999.9, -1_990])
  expect(steps).toHaveLength(22 + 198)
})

it('ends where it is told to', () => {
  expect(stepsOf(at(-100), at(-85.5), noonMs, [at(7), at(-95), at(-90), at(-95)])).toEqual([
    [-90, -85.5],
    [-95, -90],
    [-100, -95],
  ])
})
