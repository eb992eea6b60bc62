import { describe, expect, it } from 'vitest'
import { newId, uuidTime } from '../envelope/uuid.ts'
import { deliveryOf, interestIn } from './delivery.ts'
import type { DeliveryFacts } from './delivery.ts'

const paid = 'order.payment.onPaid'
const id = newId()
const atMs = uuidTime(id)?.getTime() ?? 0
const minute = 60_000
const always = [{ fromMs: atMs - minute, toMs: null, patterns: ['order.#'] }]

describe('interestIn', () => {
  const interest = (periods: DeliveryFacts['subscription']['periods']) => interestIn(periods, { id, name: paid }, 5_000)

  it('is there when the patterns matched throughout', () => {
    expect(interest(always)).toBe('yes')
    const changed = [
      { fromMs: atMs - minute, toMs: atMs, patterns: ['order.#'] },
      { fromMs: atMs, toMs: null, patterns: [paid] },
    ]
    expect(interest(changed)).toBe('yes')
  })

  it('is not certain where the patterns changed within the tolerance', () => {
    expect(interest([{ fromMs: atMs - 5_000, toMs: null, patterns: ['order.#'] }])).toBe('yes')
    expect(interest([{ fromMs: atMs - 4_999, toMs: null, patterns: ['order.#'] }])).toBe('near-change')
    const left = [
      { fromMs: atMs - minute, toMs: atMs + 1_000, patterns: ['order.#'] },
      { fromMs: atMs + 1_000, toMs: null, patterns: ['product.#'] },
    ]
    expect(interest(left)).toBe('near-change')
  })

  it('tells a time without a period from one with other patterns', () => {
    expect(interest([{ fromMs: atMs + 1, toMs: null, patterns: ['order.#'] }])).toBe('no-period')
    expect(interest([{ fromMs: atMs - minute, toMs: atMs, patterns: ['order.#'] }])).toBe('no-period')
    expect(interest([])).toBe('no-period')
    expect(interest([{ fromMs: atMs - minute, toMs: null, patterns: ['product.#'] }])).toBe('no-pattern')
  })
})

describe('deliveryOf', () => {
  const facts: DeliveryFacts = {
    event: { id, name: paid, state: 'sent' },
    subscription: { periods: always, hasInbox: true, retired: null },
    received: null,
    missing: null,
    isProven: false,
    toleranceMs: 5_000,
  }
  const state = (changes: Partial<DeliveryFacts>) => deliveryOf({ ...facts, ...changes }).state

  it('believes the store of the subscriber before all', () => {
    expect(state({ received: { status: 'parked' }, missing: { state: 'missing' } })).toBe('parked')
    expect(state({ received: { status: 'handled' }, subscription: { ...facts.subscription, periods: [] } })).toBe(
      'handled',
    )
  })

  it('tells what is missing before what the proof covers', () => {
    expect(state({ missing: { state: 'gave-up' }, isProven: true })).toBe('gave-up')
  })

  it('concludes from the proof that it was received, and that it is in flight where that ends', () => {
    expect(state({ isProven: true })).toBe('received')
    expect(state({ isProven: false })).toBe('in-flight')
  })

  it('expects nothing that is not sent or not wanted', () => {
    expect(state({ event: { ...facts.event, state: 'unroutable' }, isProven: true })).toBe('unsent')
    expect(state({ subscription: { ...facts.subscription, periods: [] }, isProven: true })).toBe('not-expected')
  })

  it('calls nothing received that is not compared', () => {
    const retired = { atMs: atMs + minute, by: 'ada' }
    expect(state({ subscription: { ...facts.subscription, retired } })).toBe('not-compared')
    const young = [{ fromMs: atMs - 1_000, toMs: null, patterns: ['order.#'] }]
    expect(state({ subscription: { ...facts.subscription, periods: young }, isProven: true })).toBe('not-compared')
    expect(state({ subscription: { ...facts.subscription, hasInbox: false }, isProven: true })).toBe('no-inbox')
  })
})
