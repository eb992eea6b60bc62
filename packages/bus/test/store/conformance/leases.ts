import { describe, expect, test } from 'vitest'
import { until } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeLeases(subject: Subject): void {
  describe('leases', () => {
    test('a lease is held by one owner, renewed by it, and free when it is released', async () => {
      const { leases } = subject.store
      expect((await leases.acquire('relay', ['2', '1', '1'], 'a', 60_000)).toSorted()).toEqual(['1', '2'])
      expect(await leases.acquire('relay', ['1', '3'], 'b', 60_000)).toEqual(['3'])
      expect(await leases.acquire('other', ['1'], 'b', 60_000)).toEqual(['1'])
      expect(await leases.acquire('relay', ['1'], 'a', 60_000)).toEqual(['1'])
      expect(await leases.acquire('relay', [], 'a', 60_000)).toEqual([])
      await leases.release('relay', ['1', '3'], 'a')
      expect(await leases.acquire('relay', ['1', '2', '3'], 'c', 60_000)).toEqual(['1'])
      expect(await leases.list('relay')).toEqual([
        { name: '1', owner: 'c', epoch: 2, isExpired: false },
        { name: '2', owner: 'a', epoch: 1, isExpired: false },
        { name: '3', owner: 'b', epoch: 1, isExpired: false },
      ])
    })

    test('a lease that its owner stops renewing is taken over with the next epoch', async () => {
      await subject.store.leases.acquire('relay', ['1'], 'a', 20)
      await until(async () => (await subject.store.leases.list('relay'))[0]!.isExpired)
      expect(await subject.store.leases.acquire('relay', ['1'], 'b', 60_000)).toEqual(['1'])
      expect(await subject.store.leases.acquire('relay', ['1'], 'a', 60_000)).toEqual([])
      expect(await subject.store.leases.list('relay')).toEqual([{ name: '1', owner: 'b', epoch: 2, isExpired: false }])
    })

    test('of many who want the same leases at once, one gets each', async () => {
      const other = await subject.database.open()
      const names = Array.from({ length: 32 }, (_, n) => String(n))
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          (n % 2 === 0 ? subject.store : other).leases.acquire(
            'relay',
            n % 3 === 0 ? names.toReversed() : names,
            `owner-${n}`,
            60_000,
          ),
        ),
      )
      expect(results.flat().toSorted()).toEqual(names.toSorted())
    })
  })
}
