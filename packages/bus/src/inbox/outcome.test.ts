import { describe, expect, it } from 'vitest'
import { WarrenError } from '../errors.ts'
import { decideOutcome } from './outcome.ts'
import { NonRetryableError, retryDelayMs, retryPolicy } from './retry-policy.ts'

const policy = retryPolicy({ attempts: 3, delayMs: 100, factor: 2, maxDelayMs: 1_000, jitter: 0.5 })

describe('decideOutcome', () => {
  it('tries again until the attempts are used up, then parks', () => {
    const error = new Error('the card service is away')
    expect([1, 2, 3, 4].map((attempts) => decideOutcome(error, attempts, policy, 0).kind)).toEqual([
      'retry',
      'retry',
      'park',
      'park',
    ])
  })

  it('parks at once what no retry can mend', () => {
    expect(decideOutcome(new NonRetryableError('no such customer'), 1, policy, 0)).toEqual({ kind: 'park' })
    expect(decideOutcome(new WarrenError('EVENT_INVALID', ''), 1, policy, 0)).toEqual({ kind: 'park' })
    const onlyTypeErrors = retryPolicy({ isRetryable: (error) => error instanceof TypeError })
    expect(decideOutcome(new Error(), 1, onlyTypeErrors, 0)).toEqual({ kind: 'park' })
    expect(decideOutcome(new TypeError(), 1, onlyTypeErrors, 0).kind).toBe('retry')
  })

  it('tries a handler that took too long again', () => {
    expect(decideOutcome(new WarrenError('HANDLER_TIMEOUT', ''), 1, policy, 0).kind).toBe('retry')
  })
})

describe('retryDelayMs', () => {
  it('doubles up to the limit and takes the jitter off', () => {
    expect([1, 2, 3, 4, 5].map((attempts) => retryDelayMs(policy, attempts, 0))).toEqual([100, 200, 400, 800, 1_000])
    expect(retryDelayMs(policy, 1, 1)).toBe(50)
  })
})

describe('retryPolicy', () => {
  it.each([
    { attempts: 0 },
    { attempts: 1.5 },
    { immediate: -1 },
    { factor: 0.5 },
    { jitter: 2 },
    { delayMs: 10, maxDelayMs: 5 },
  ])('refuses %j', (options) => {
    expect(() => retryPolicy(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})
