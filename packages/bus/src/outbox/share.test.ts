import { describe, expect, it } from 'vitest'
import type { Lease } from '../store/store.ts'
import { BUCKETS } from './buckets.ts'
import { planShare } from './share.ts'

const lease = (bucket: number, owner: string, isExpired = false): Lease => ({
  name: String(bucket),
  owner,
  epoch: 1,
  isExpired,
})

describe('planShare', () => {
  it('gives everything to a relay that is alone', () => {
    expect(planShare('a', [], []).wanted).toHaveLength(BUCKETS)
  })

  it('takes over the buckets of a relay that no longer renews', () => {
    const leases = Array.from({ length: BUCKETS }, (_, bucket) =>
      lease(bucket, bucket % 2 === 0 ? 'a' : 'dead', bucket % 2 === 1),
    )
    expect(planShare('a', ['a'], leases)).toEqual({
      wanted: expect.arrayContaining([1, 3, 5]) as number[],
      surplus: [],
    })
    expect(planShare('a', ['a'], leases).wanted).toHaveLength(BUCKETS)
  })

  it('gives back what is above its share when another relay appears', () => {
    const leases = Array.from({ length: BUCKETS }, (_, bucket) => lease(bucket, 'a'))
    const plan = planShare('a', ['a', 'b'], leases)
    expect(plan.wanted).toHaveLength(BUCKETS / 2)
    expect(plan.surplus).toHaveLength(BUCKETS / 2)
  })

  it('never takes what another living relay holds', () => {
    const leases = Array.from({ length: BUCKETS }, (_, bucket) => lease(bucket, 'a'))
    expect(planShare('b', ['a', 'b'], leases)).toEqual({ wanted: [], surplus: [] })
  })

  it('settles: from any holding, relays that follow their plans in turn end with even shares and no bucket free', () => {
    const members = ['a', 'b', 'c']
    let leases = Array.from({ length: BUCKETS }, (_, bucket) => lease(bucket, 'a'))
    for (let round = 0; round < 4; round++) {
      for (const member of members) {
        const { wanted, surplus } = planShare(member, members, leases)
        const others = leases.filter(
          (held) => !wanted.includes(Number(held.name)) && !surplus.includes(Number(held.name)),
        )
        leases = [...others, ...wanted.map((bucket) => lease(bucket, member))]
      }
    }
    expect(leases).toHaveLength(BUCKETS)
    const counts = members.map((member) => leases.filter((held) => held.owner === member).length)
    expect(Math.max(...counts)).toBeLessThanOrEqual(Math.ceil(BUCKETS / 3))
  })
})
