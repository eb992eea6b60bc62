import { describe, expect, it } from 'vitest'
import { describeError, firstOwnFrame } from './fingerprint.ts'

function charge(id: string): never {
  throw new TypeError(`card ${id} has no expiry`)
}

function caught(work: () => void): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

describe('describeError', () => {
  it('gives errors of one place one fingerprint, whatever their messages say', () => {
    const first = describeError(caught(() => charge('1')))
    const second = describeError(caught(() => charge('2')))
    expect(first.fingerprint).toBe(second.fingerprint)
    expect(first.message).not.toBe(second.message)
    expect(first.type).toBe('TypeError')
  })

  it('tells errors of two types or two places apart', () => {
    const here = describeError(new Error('x'))
    expect(describeError(new RangeError('x')).fingerprint).not.toBe(here.fingerprint)
    expect(describeError(caught(() => charge('1'))).fingerprint).not.toBe(here.fingerprint)
  })

  it('keeps the code of an error that has one', () => {
    expect(describeError(Object.assign(new Error('duplicate key'), { code: '23505' })).code).toBe('23505')
    expect(describeError(new Error('plain')).code).toBe('HANDLER_FAILED')
  })

  it('describes a thrown value that is no error', () => {
    expect(describeError({ reason: 'odd' })).toMatchObject({ message: expect.stringContaining('odd') as string })
    expect(describeError(undefined).message).toContain('undefined')
  })
})

describe('firstOwnFrame', () => {
  it('skips Node and installed packages, and drops line and column', () => {
    const stack = [
      'Error: x',
      '    at Object.query (node:internal/x:1:2)',
      '    at Client.query (/srv/app/node_modules/pg/lib/client.js:5:6)',
      '    at charge (/srv/app/src/payments.ts:12:9)',
    ].join('\n')
    expect(firstOwnFrame(stack)).toBe('at charge (/srv/app/src/payments.ts')
  })
})
