import { silentLogger } from '@warren/bus'
import { expect, it } from 'vitest'
import { Live } from './live.ts'

it('reads once for all who look, as long as anybody does', async () => {
  let reads = 0
  const live = new Live(() => Promise.resolve(++reads), 1, silentLogger)
  const seen: string[] = []
  const both = Promise.withResolvers<undefined>()
  const endFirst = live.watch((value) => void seen.push(`first ${value}`))
  const endSecond = live.watch((value) => {
    seen.push(`second ${value}`)
    if (value === 3) both.resolve(undefined)
  })
  await both.promise
  endFirst()
  endSecond()
  expect(seen.slice(0, 6)).toEqual(['first 1', 'second 1', 'first 2', 'second 2', 'first 3', 'second 3'])
  // Another one goes on at the same pace: when that has read five times, this one would have, too.
  const before = reads
  const others = Promise.withResolvers<undefined>()
  let othersReads = 0
  const other = new Live(() => Promise.resolve(++othersReads), 1, silentLogger)
  other.watch((value) => {
    if (value === 5) others.resolve(undefined)
  })
  await others.promise
  expect(reads).toBe(before)
  await Promise.all([live.stop(), other.stop()])
})

it('gives who comes later what was read last, and goes on after a failure', async () => {
  let reads = 0
  const read = (): Promise<number> => (++reads === 2 ? Promise.reject(new Error('away')) : Promise.resolve(reads))
  const live = new Live(read, 1, silentLogger)
  const third = Promise.withResolvers<undefined>()
  live.watch((value) => {
    if (value === 3) third.resolve(undefined)
  })
  await third.promise
  const seen: number[] = []
  live.watch((value) => void seen.push(value))
  expect(seen[0]).toBeGreaterThanOrEqual(3)
  await live.stop()
})
