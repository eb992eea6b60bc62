import { expect, it } from 'vitest'
import { LoopClock } from './loop-clock.ts'

it('advances with time, but hardly while the event loop is blocked', async () => {
  const clock = new LoopClock(5)
  const ticked = Promise.withResolvers<number>()
  clock.start(() => {
    if (clock.nowMs >= 50) ticked.resolve(clock.nowMs)
  })
  const startedAtMs = performance.now()
  const before = await ticked.promise
  expect(before).toBeLessThanOrEqual(performance.now() - startedAtMs + 1)

  const blockedUntilMs = performance.now() + 300
  while (performance.now() < blockedUntilMs);
  await new Promise((resolve) => setTimeout(resolve, 0))
  await new Promise((resolve) => setImmediate(resolve))
  expect(clock.nowMs - before).toBeLessThan(100)
  clock.stop()
})
