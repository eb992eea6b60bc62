import { expect, test } from 'vitest'
import { parseTime, showDuration, showMoment, showTime } from './times.ts'

const now = new Date('2026-07-01T12:00:00Z')

test.each([
  ['2h', '2026-07-01T10:00:00.000Z'],
  ['90s', '2026-07-01T11:58:30.000Z'],
  ['1.5d', '2026-06-30T00:00:00.000Z'],
  ['1w', '2026-06-24T12:00:00.000Z'],
  ['2026-06-30', '2026-06-30T00:00:00.000Z'],
  ['2026-06-30T10:15:00+02:00', '2026-06-30T08:15:00.000Z'],
  ['2026-06-30 10:15Z', '2026-06-30T10:15:00.000Z'],
])('reads %j', (text, expected) => {
  expect(parseTime(text, now)?.toISOString()).toBe(expected)
})

test.each(['', '2', '2y', '-2h', 'yesterday', '2026-13-01', '2026', 'h', '999999999999w'])('refuses %j', (text) => {
  expect(parseTime(text, now)).toBeUndefined()
})

test('shows times in UTC, and nothing for no time', () => {
  const time = new Date('2026-06-30T10:15:00.123+02:00')
  expect([showTime(time), showMoment(time)]).toEqual(['2026-06-30 08:15:00Z', '2026-06-30 08:15:00.123Z'])
  expect([showTime(null), showMoment(null)]).toEqual(['', ''])
})

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [3_440, '3.4 s'],
  [59_000, '59 s'],
  [60_000, '1 min'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
])('%d ms are shown as %s', (durationMs, shown) => {
  expect(showDuration(durationMs)).toBe(shown)
})
