import { describe, expect, it } from 'vitest'
import type { BreakerOrder } from '../store/contract/compensation.ts'
import { decideBreaker } from './breaker.ts'
import type { BreakerInput } from './breaker.ts'

const options = { maxMissingShare: 0.2, minMissing: 100, maxUnansweredMs: 120_000 }
const ordered = (order: BreakerOrder) => ({ order, by: 'ann', atMs: 1 })
const calm: BreakerInput = {
  ...{ missing: 1, compared: 1_000, unansweredMs: 0, trial: null },
  ...{ mode: 'auto', order: null },
}

describe('the breaker', () => {
  it.each<[string, Partial<BreakerInput>, string]>([
    ['next to nothing is missing', {}, 'closed'],
    ['a fifth is missing', { missing: 200 }, 'closed'],
    ['more than a fifth is missing', { missing: 201 }, 'open'],
    ['all of a few is missing', { missing: 99, compared: 99 }, 'closed'],
    ['nothing was compared', { missing: 100, compared: 0 }, 'open'],
    ['barriers wait for two minutes', { unansweredMs: 120_000 }, 'closed'],
    ['barriers wait for longer', { unansweredMs: 120_001 }, 'open'],
    ['barriers wait for longer, and nothing is missing', { unansweredMs: 120_001, missing: 0 }, 'closed'],
    ['a person wants them resent', { missing: 500, order: ordered('close') }, 'closed'],
    ['a person wants that where nobody answers', { unansweredMs: 120_001, order: ordered('close') }, 'open'],
    ['a person wants another trial', { missing: 500, order: ordered('try') }, 'open'],
    ['a person holds it, and nothing is missing', { missing: 0, order: ordered('hold') }, 'closed'],
    ['it is off, and nothing is missing', { missing: 0, mode: 'off' }, 'closed'],
    ['it only reports', { mode: 'report' }, 'closed'],
    ['most of a trial has come', { missing: 500, trial: { asked: 10, arrived: 8 } }, 'closed'],
    ['less of a trial has come', { missing: 500, trial: { asked: 10, arrived: 7 } }, 'open'],
    ['no trial has ended', { missing: 500, trial: { asked: 0, arrived: 0 } }, 'open'],
  ])('when %s is told', (_what, changes, kind) => {
    expect(decideBreaker({ ...calm, ...changes }, options).kind).toBe(kind)
  })

  it('says why, and whether a trial makes sense', () => {
    expect(decideBreaker({ ...calm, missing: 500 }, options)).toEqual({
      kind: 'open',
      cause: 'share',
      reason: '500 of 1000 events seem missing (50 %, more than 20 %)',
      mayTry: true,
    })
    const heldBy = { ...calm, order: ordered('hold') }
    expect(decideBreaker(heldBy, options)).toMatchObject({ cause: 'held', reason: 'held by ann', mayTry: false })
    const off = { ...calm, mode: 'off' as const, order: ordered('close') }
    expect(decideBreaker(off, options)).toMatchObject({ cause: 'off', reason: 'compensation is off', mayTry: false })
    const unanswered = { ...calm, unansweredMs: 130_000, trial: { asked: 10, arrived: 10 } }
    expect(decideBreaker(unanswered, options)).toEqual({
      kind: 'open',
      cause: 'unanswered',
      reason: 'no barrier was answered for more than 120 s',
      mayTry: false,
    })
  })
})
