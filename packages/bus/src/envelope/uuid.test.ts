import { describe, expect, it } from 'vitest'
import { isUuid, newId, uuidTime } from './uuid.ts'

describe('newId', () => {
  it('makes version 7 UUIDs of the RFC variant that hold the time', () => {
    const before = Date.now()
    const id = newId()
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(isUuid(id)).toBe(true)
    expect(uuidTime(id)!.getTime()).toBeGreaterThanOrEqual(before)
    expect(uuidTime(id)!.getTime()).toBeLessThan(before + 1_000)
  })

  it('grows with every call, also within one millisecond and past its counter', () => {
    const now = Date.now()
    const ids = Array.from({ length: 20_000 }, () => newId(now))
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('keeps growing when the clock steps back a little, and follows it when it steps back far', () => {
    const now = Date.now() + 60_000
    const first = newId(now)
    const second = newId(now - 5_000)
    expect(second > first).toBe(true)
    expect(uuidTime(newId(now - 30_000))!.getTime()).toBe(now - 30_000)
  })

  it('has a random tail that differs in every bit over many ids', () => {
    const ids = Array.from({ length: 2_000 }, () => BigInt('0x' + newId().slice(24)))
    const or = ids.reduce((all, tail) => all | tail, 0n)
    const and = ids.reduce((all, tail) => all & tail)
    expect(or).toBe(0xffff_ffff_ffffn)
    expect(and).toBe(0n)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('isUuid and uuidTime', () => {
  it('tell UUIDs from other text, and version 7 from the others', () => {
    expect(isUuid('3f0b9c1e-1111-4222-8333-444455556666')).toBe(true)
    expect(uuidTime('3f0b9c1e-1111-4222-8333-444455556666')).toBeNull()
    expect(uuidTime('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')).toEqual(new Date('2022-02-22T19:22:22.000Z'))
    for (const other of ['', 'x', '3F0B9C1E-1111-4222-8333-444455556666', '3f0b9c1e11114222833344445555666', 7, null]) {
      expect(isUuid(other)).toBe(false)
    }
    expect(uuidTime('order-4711')).toBeNull()
  })
})
