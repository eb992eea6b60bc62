import { describe, expect, it } from 'vitest'
import { decideBreaker } from './breaker.ts'

const options = { maxMissingShare: 0.2, minMissing: 100, maxUnansweredMs: 120_000 }
const calm = { missing: 1, compared: 1_000, unansweredMs: 0, trial: null }

describe('the breaker', () => {
  it.each([
    ['next to nothing is missing', {}, 'closed'],
    ['a fifth is missing', { missing: 200 }, 'closed'],
    ['more than a fifth is missing', { missing: 201 }, 'open'],
    ['all of a few is missing', { missing: 99, compared: 99 }, 'closed'],
    ['nothing was compared', { missing: 100, compared: 0 }, 'open'],
    ['barriers wait for two minutes', { unansweredMs: 120_000 }, 'closed'],
    ['barriers wait for longer', { unansweredMs: 120_001 }, 'open'],
    ['barriers wait for longer, and nothing is missing', { unansweredMs: 120_001, missing: 0 }, 'closed'],
    ['most of a trial has come', { missing: 500, trial: { asked: 10, arrived: 8 } }, 'closed'],
    ['less of a trial has come', { missing: 500, trial: { asked: 10, arrived: 7 } }, 'open'],
    ['no trial has ended', { missing: 500, trial: { asked: 0, arrived: 0 } }, 'open'],
  ])('when %s is told', (_what, changes, kind) => {
    expect(decideBreaker({ ...calm, ...changes }, options).kind).toBe(kind)
  })

  it('says why, and whether a trial makes sense', () => {
    expect(decideBreaker({ ...calm, missing: 500 }, options)).toEqual({
      kind: 'open',
      reason: '500 of 1000 events seem missing (50 %, more than 20 %)',
      mayTry: true,
    })
    const unanswered = { ...calm, unansweredMs: 130_000, trial: { asked: 10, arrived: 10 } }
    expect(decideBreaker(unanswered, options)).toEqual({
      kind: 'open',
      reason: 'no barrier was answered for more than 120 s',
      mayTry: false,
    })
  })
})
