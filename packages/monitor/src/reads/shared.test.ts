import { expect, it } from 'vitest'
import { Shared } from './shared.ts'

it('reads once for all who ask while it is read and soon after, and each key for itself', async () => {
  let reads = 0
  const shared = new Shared<number>(60_000)
  const read = () => Promise.resolve(++reads)
  expect(await Promise.all([shared.get('a', read), shared.get('a', read), shared.get('b', read)])).toEqual([1, 1, 2])
  expect(await shared.get('a', read)).toBe(1)
})

it('reads anew what is too old, and what could not be read', async () => {
  let reads = 0
  const read = () => (++reads === 1 ? Promise.reject(new Error('away')) : Promise.resolve(reads))
  const shared = new Shared<number>(-1)
  await expect(shared.get('a', read)).rejects.toThrow('away')
  expect(await shared.get('a', read)).toBe(2)
  expect(await shared.get('a', read)).toBe(3)
})
