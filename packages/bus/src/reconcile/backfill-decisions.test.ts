import { expect, test } from 'vitest'
import { confirmedPrefix, decideHold } from './backfill-decisions.ts'
import type { HoldFacts } from './backfill-decisions.ts'

const limits = { perSecond: 200, maxReady: 100, maxUnsentMs: 1_000 }
const well: HoldFacts = {
  queue: 'qu.order.loyalty',
  isReady: true,
  depth: { messageCount: 100, consumerCount: 1 },
  unsentMs: 1_000,
}

test('goes on while the relay keeps up and nothing waits in the queue', () => {
  expect(decideHold(well, limits)).toBeNull()
  expect(decideHold({ ...well, unsentMs: null }, limits)).toBeNull()
})

test.each([
  ['the relay is behind', { unsentMs: 1_001 }, { by: 'relay', error: null }],
  ['messages wait in the queue', { depth: { messageCount: 101, consumerCount: 1 } }, { by: 'queue', error: null }],
  ['nothing can be published', { isReady: false }, { by: 'broker', error: null }],
  ['the broker does not answer', { depth: 'unknown' }, { by: 'broker', error: null }],
  ['the queue is gone', { depth: 'absent' }, { by: 'broker', error: 'the queue "qu.order.loyalty" is not there' }],
] as const)('gives way when %s', (_, changes, hold) => {
  expect(decideHold({ ...well, ...changes }, limits)).toEqual(hold)
})

const events = ['1', '2', '3'].map((id) => ({ id, name: 'order.payment.onPaid' }))
const confirmed = { kind: 'confirmed' } as const
const nacked = { kind: 'nacked' } as const

test('the cursor moves over all that are confirmed', () => {
  expect(confirmedPrefix(events, [confirmed, confirmed, confirmed])).toEqual({
    cursor: '3',
    confirmed: 3,
    result: { kind: 'confirmed' },
  })
})

test('the cursor stays before the first that is not confirmed, though later ones are', () => {
  expect(confirmedPrefix(events, [confirmed, nacked, confirmed])).toMatchObject({
    cursor: '1',
    confirmed: 1,
    result: { kind: 'unconfirmed', error: 'order.payment.onPaid 2: the broker answered with a nack' },
  })
  expect(confirmedPrefix(events, [nacked])).toMatchObject({ cursor: null, confirmed: 0 })
  expect(confirmedPrefix(events, [confirmed])).toMatchObject({ cursor: '1', result: { kind: 'unconfirmed' } })
})

test('what the broker refuses is not tried again by itself', () => {
  const refused = { kind: 'refused', code: 406, text: 'PRECONDITION_FAILED' } as const
  expect(confirmedPrefix(events, [refused])).toMatchObject({ cursor: null, result: { kind: 'refused' } })
})
