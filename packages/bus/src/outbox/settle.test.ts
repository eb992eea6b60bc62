import { describe, expect, it } from 'vitest'
import type { PendingEvent } from '../store/store.ts'
import { decideSettlement, MAX_PROBE_DELAY_MS, MAX_RETRY_DELAY_MS } from './settle.ts'

const event: PendingEvent = {
  id: '0190a5b0-0000-7000-8000-000000000000',
  name: 'order.payment.onPaid',
  entityId: '1',
  source: 'shop',
  payload: '{}',
  headers: {},
  isOptional: false,
  bucket: 0,
  createdAt: new Date(0),
  state: 'pending',
  attempts: 0,
}
const context = { isAlone: false, random: 0.5 }

describe('decideSettlement', () => {
  it('calls only a confirmed event sent', () => {
    expect(decideSettlement(event, { kind: 'confirmed' }, context)).toEqual({ kind: 'sent' })
    for (const outcome of [
      { kind: 'nacked' },
      { kind: 'unknown', reason: 'timeout' },
      { kind: 'unknown', reason: 'connection-lost' },
      { kind: 'returned', replyCode: 312, replyText: 'NO_ROUTE' },
      { kind: 'refused', code: 406, text: 'PRECONDITION_FAILED' },
    ] as const) {
      expect(decideSettlement(event, outcome, context).kind).not.toBe('sent')
    }
  })

  it('lets an optional event go when no queue takes it', () => {
    const returned = { kind: 'returned', replyCode: 312, replyText: 'NO_ROUTE' } as const
    expect(decideSettlement({ ...event, isOptional: true }, returned, context)).toEqual({ kind: 'sent' })
    expect(decideSettlement(event, returned, context)).toMatchObject({ kind: 'later', state: 'unroutable' })
  })

  it('counts nothing when the connection went', () => {
    const lost = { kind: 'unknown', reason: 'connection-lost' } as const
    expect(decideSettlement(event, lost, context)).toEqual({ kind: 'again' })
  })

  it('blames an event for a closed channel only when it was alone on it', () => {
    const refused = { kind: 'refused', code: 406, text: 'PRECONDITION_FAILED' } as const
    expect(decideSettlement(event, refused, context)).toEqual({ kind: 'alone' })
    expect(decideSettlement(event, refused, { ...context, isAlone: true })).toMatchObject({ state: 'unpublishable' })
  })

  it('blames no event for an exchange that is missing or may not be written to', () => {
    for (const code of [403, 404]) {
      const refused = { kind: 'refused', code, text: 'exchange' } as const
      expect(decideSettlement(event, refused, { ...context, isAlone: true })).toMatchObject({ state: 'pending' })
    }
  })

  it('waits longer each time, up to a limit', () => {
    const delays = [0, 1, 2, 3, 30].map((attempts) => {
      const next = decideSettlement({ ...event, attempts }, { kind: 'nacked' }, { isAlone: false, random: 0.999 })
      return next.kind === 'later' ? next.delayMs : -1
    })
    expect(delays).toEqual([...delays].sort((a, b) => a - b))
    expect(delays.at(-1)).toBeLessThanOrEqual(MAX_RETRY_DELAY_MS)
    expect(MAX_PROBE_DELAY_MS).toBeLessThanOrEqual(MAX_RETRY_DELAY_MS)
  })
})
