import { expect, test } from 'vitest'
import { Pace } from './pace.ts'
import { TokenBucket } from './token-bucket.ts'

test('lets so many through per second, in time', () => {
  const bucket = new TokenBucket({ burstSeconds: 0.1, tokens: 0 }, 0)
  let passed = 0
  for (let nowMs = 20; nowMs <= 10_000; nowMs += 20) passed += bucket.take(1_000, 200, nowMs)
  expect(passed).toBe(2_000)
})

test('saves up no more than the burst, and one in any case', () => {
  const bucket = new TokenBucket({ burstSeconds: 0.1, tokens: 0 }, 0)
  expect(bucket.take(1_000, 200, 60_000)).toBe(20)
  expect(bucket.take(1_000, 0.5, 60_500)).toBe(0)
  expect(bucket.take(1_000, 0.5, 62_000)).toBe(1)
})

test('the pace is that of the last ten seconds, pauses included', () => {
  const pace = new Pace(0)
  expect(pace.add(200, 1_000)).toBe(200)
  expect(pace.add(200, 4_000)).toBe(100)
  for (let nowMs = 5_000; nowMs <= 60_000; nowMs += 1_000) pace.add(50, nowMs)
  expect(pace.add(50, 61_000)).toBeCloseTo(50)
})
