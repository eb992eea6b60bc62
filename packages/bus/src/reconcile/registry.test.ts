import { describe, expect, it } from 'vitest'
import type { RegisteredSubscription } from '../store/contract/reconciliation.ts'
import { beginOf } from './registry.ts'

const known: RegisteredSubscription = {
  ...{ name: 'order.crm', service: 'crm', queue: 'qu.order.crm', hasInbox: true, timeoutMs: 1, queueCreatedMs: null },
  ...{ firstSeenMs: 0, lastSeenMs: 0, patternsSinceMs: 1_000, retired: null, paused: null },
  periods: [{ fromMs: 1_500, toMs: null, patterns: ['order.#', '#.onPaid'] }],
}
const told = { patterns: ['order.#', '#.onPaid'], patternsSinceMs: 1_000, previousSinceMs: null }

describe('what a subscription changes by telling its patterns', () => {
  it('is nothing when they are the ones known, in whatever order', () => {
    expect(beginOf(known, told, 9_000, 500)).toBeNull()
    expect(beginOf(known, { ...told, patterns: ['#.onPaid', 'order.#'] }, 9_000, 500)).toBeNull()
  })

  it('begins, when it is new, where its bindings surely stood', () => {
    expect(beginOf(undefined, told, 9_000, 500)).toEqual({ closeMs: 0, fromMs: 1_500, patterns: told.patterns })
    expect(beginOf(undefined, told, 1_200, 500)?.fromMs).toBe(1_200)
  })

  it('follows what was known without a gap', () => {
    const next = { patterns: ['#'], patternsSinceMs: 5_000, previousSinceMs: 1_000 }
    expect(beginOf(known, next, 9_000, 500)).toEqual({ closeMs: 5_000, fromMs: 5_000, patterns: ['#'] })
    // Its clock is ahead.
    expect(beginOf(known, next, 4_000, 500)).toMatchObject({ closeMs: 4_000, fromMs: 4_000 })
  })

  it.each([
    ['the patterns are others', ['#']],
    ['the patterns are the same again', told.patterns],
  ])('leaves a gap when others stood in between unheard, and %s', (_what, patterns) => {
    const next = { patterns, patternsSinceMs: 5_000, previousSinceMs: 3_000 }
    expect(beginOf(known, next, 9_000, 500)).toEqual({ closeMs: 4_999, fromMs: 5_000, patterns })
  })

  it('begins anew after it was retired, though nothing else changed', () => {
    const ended = [{ fromMs: 1_500, toMs: 8_000, patterns: told.patterns }]
    const retired = { ...known, periods: ended, retired: { atMs: 8_000, by: 'ann' } }
    expect(beginOf(retired, told, 9_000, 500)?.fromMs).toBe(9_000)
    expect(beginOf(retired, told, 8_000, 500)?.fromMs).toBeGreaterThan(8_000)
  })
})
