import { remainingMs } from '@warren/bus/operate'
import { expect, test } from 'vitest'
import { progressLine, showDuration } from './progress.ts'

const running = {
  subscription: 'order.loyalty',
  state: 'running',
  sent: 400,
  total: 1_000,
  pace: 200,
  heldBy: null,
} as const

test('the remaining time is what is left at the present pace, while it runs', () => {
  expect(remainingMs(running)).toBe(3_000)
  expect(remainingMs({ ...running, sent: 1_010 })).toBe(0)
  expect(remainingMs({ ...running, total: null })).toBeNull()
  expect(remainingMs({ ...running, pace: 0 })).toBeNull()
  expect(remainingMs({ ...running, state: 'paused' })).toBeNull()
})

test.each([
  [1, '1 s'],
  [89_000, '89 s'],
  [90_000, '2 min'],
  [5_340_000, '89 min'],
  [5_400_000, '1 h 30 min'],
  [200_000_000, '2 d 7 h'],
])('%d ms are %s', (ms, text) => {
  expect(showDuration(ms)).toBe(text)
})

test('a line has the bar, the pace and what is left, or what it waits for', () => {
  expect(progressLine(running)).toBe('[████████░░░░░░░░░░░░]  40 %  order.loyalty 400/1000  200/s  3 s left')
  expect(progressLine({ ...running, heldBy: 'queue' }, 120)).toBe(
    "[████████░░░░░░░░░░░░]  40 %  order.loyalty 400/1000  waits for the subscription's queue to be empty",
  )
  expect(progressLine({ ...running, heldBy: 'queue' }, 60)).toHaveLength(59)
})
