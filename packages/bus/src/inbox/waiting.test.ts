import { describe, expect, it } from 'vitest'
import { GATHER_MS, Waiting } from './waiting.ts'

const item = (name: string, arrivedAtMs = 0, redelivered = false) => ({ name, arrivedAtMs, redelivered })
const names = (items: readonly { readonly name: string }[]): string => items.map(({ name }) => name).join('')

function waitingFor(text: string, arrivedAtMs = 0): Waiting<ReturnType<typeof item>> {
  const waiting = new Waiting<ReturnType<typeof item>>({ batchSize: 3, concurrency: 2 })
  for (const name of text) waiting.add(item(name, arrivedAtMs))
  return waiting
}

describe('what waits for a handler', () => {
  it('begins at once while nothing runs, with all that is there up to a batch', () => {
    const waiting = waitingFor('abcd')
    expect(names(waiting.next(0, 0))).toBe('abc')
    expect(names(waiting.next(0, 0))).toBe('d')
    expect(names(waiting.next(0, 0))).toBe('')
  })

  it('begins beside a running batch only when full, or after the time to gather', () => {
    const waiting = waitingFor('ab', 100)
    expect(names(waiting.next(1, 100))).toBe('')
    expect(waiting.gatheredInMs(101)).toBe(GATHER_MS - 1)
    expect(names(waiting.next(1, 100 + GATHER_MS))).toBe('ab')
    expect(names(waitingFor('abc', 100).next(1, 100))).toBe('abc')
    expect(waiting.gatheredInMs(200)).toBeNull()
  })

  it('runs no more batches than allowed', () => {
    expect(names(waitingFor('abc').next(2, 1_000))).toBe('')
  })

  it('takes what was isolated one by one, before all else, without gathering', () => {
    const waiting = waitingFor('x')
    waiting.isolate([item('a'), item('b')])
    expect(names(waiting.next(1, 0))).toBe('a')
    expect(names(waiting.next(1, 0))).toBe('b')
  })

  it('begins with what was put back', () => {
    const waiting = waitingFor('b')
    waiting.putBack([item('a')])
    expect(names(waiting.next(0, 0))).toBe('ab')
  })

  it('keeps the redelivered apart, in batches, and suspects alone and before them', () => {
    const waiting = waitingFor('f')
    for (const name of 'abcd') waiting.add(item(name, 0, true))
    waiting.suspect([item('s')])
    expect(waiting.nextCareful()).toMatchObject({ kind: 'suspect', item: { name: 's' } })
    expect(waiting.nextCareful()).toMatchObject({ kind: 'batch', items: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] })
    expect(waiting.nextCareful()).toMatchObject({ kind: 'batch', items: [{ name: 'd' }] })
    expect(waiting.nextCareful()).toBeNull()
    expect(names(waiting.next(0, 0))).toBe('f')
  })

  it('drains all of it once', () => {
    const waiting = waitingFor('a')
    waiting.add(item('b', 0, true))
    waiting.isolate([item('c')])
    waiting.suspect([item('d')])
    expect(names(waiting.drain())).toBe('acbd')
    expect(waiting.drain()).toEqual([])
  })
})

describe('what only one batch at a time may hold', () => {
  /** The first letter is the entity, `-` for none. */
  function ordered(text: string): Waiting<ReturnType<typeof item>> {
    const exclusive = ({ name }: { readonly name: string }) => (name.startsWith('-') ? null : (name[0] ?? null))
    const waiting = new Waiting<ReturnType<typeof item>>({ batchSize: 2, concurrency: 3, exclusive })
    for (const name of text.split(' ')) waiting.add(item(name))
    return waiting
  }

  it('is passed over until its batch has ended, and keeps its place', () => {
    const waiting = ordered('a1 b1 a2 c1 b2 d1')
    const first = waiting.next(0, 0)
    expect(names(first)).toBe('a1b1')
    expect(names(waiting.next(1, 0))).toBe('c1d1')
    expect(names(waiting.next(2, 1_000))).toBe('')
    expect(waiting.gatheredInMs(1_000)).toBeNull()
    waiting.ended(first)
    expect(names(waiting.next(1, 0))).toBe('a2b2')
  })

  it('may come several times in one batch', () => {
    expect(names(ordered('a1 a2 b1').next(0, 0))).toBe('a1a2')
  })

  it('holds for what is begun alone, too', () => {
    const waiting = ordered('a1')
    const first = waiting.next(0, 0)
    waiting.isolate([item('a2'), item('b1')])
    expect(names(waiting.next(1, 0))).toBe('b1')
    expect(names(waiting.next(2, 0))).toBe('')
    waiting.ended(first)
    expect(names(waiting.next(1, 0))).toBe('a2')
  })

  it('leaves those without one to run beside all others', () => {
    const waiting = ordered('-1 -2 -3 -4')
    expect(names(waiting.next(0, 0))).toBe('-1-2')
    expect(names(waiting.next(1, 0))).toBe('-3-4')
  })

  it('is held by nothing that was put back and whose batch has ended', () => {
    const waiting = ordered('a1 b1 c1')
    const batch = waiting.next(0, 0)
    waiting.putBack(batch.slice(1))
    expect(names(waiting.next(1, 1_000))).toBe('c1')
    waiting.ended(batch)
    expect(names(waiting.next(1, 1_000))).toBe('b1')
  })
})
