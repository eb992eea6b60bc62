import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventOrder, Predecessor } from '../envelope/order.ts'
import { reach, settle, start } from '../store/order/position.ts'
import type { Position } from '../store/order/position.ts'
import { decideTurn, placeOf, RECHECK_MS, START_GRACE_MS } from './turn.ts'
import type { Turn } from './turn.ts'

const at = (handled: number): Position => ({ handled, skipped: new Map() })
const fresh = { waitedMs: 0, hasEarlier: false }
const previous = (places: Readonly<Record<string, Predecessor>>): EventOrder['previous'] =>
  new Map(Object.entries(places))

describe('placeOf', () => {
  const order: EventOrder = {
    sequence: 9,
    previous: previous({
      'order.payment.onPaid': { sequence: 8, atMs: 5_000 },
      'order.delivery.onDelivered': { sequence: 6, atMs: 3_000 },
      'order.creation.onCreated': { sequence: 1, atMs: 1_000 },
    }),
  }
  const place = (pattern: string, sinceMs: number, toleranceMs = 0) =>
    placeOf(order, [{ pattern, sinceMs }], toleranceMs)

  it('needs the last event before it that the subscription gets', () => {
    expect(place('order.#', 0)).toEqual({ sequence: 9, needs: 8, surelyNeeds: 8 })
    expect(place('order.delivery.*', 0)).toMatchObject({ needs: 6 })
    expect(place('product.#', 0)).toMatchObject({ needs: 0, surelyNeeds: 0 })
  })

  it('needs nothing that was published before the subscription began', () => {
    expect(place('order.#', 6_000)).toMatchObject({ needs: 0 })
    expect(place('order.#', 4_000)).toMatchObject({ needs: 8 })
  })

  it('is not sure of what was published about when it began, as far as two clocks can tell', () => {
    expect(place('order.#', 6_000, 2_000)).toMatchObject({ needs: 8, surelyNeeds: 0 })
    expect(place('order.#', 2_000, 2_000)).toMatchObject({ needs: 8, surelyNeeds: 8 })
  })

  it('knows since when it gets what, pattern by pattern', () => {
    const interests = [
      { pattern: 'order.payment.*', sinceMs: 9_000 },
      { pattern: 'order.delivery.*', sinceMs: 0 },
    ]
    expect(placeOf(order, interests, 0)).toMatchObject({ needs: 6 })
  })
})

describe('decideTurn', () => {
  const place = { sequence: 3, needs: 2, surelyNeeds: 2 }
  const unsure = { sequence: 3, needs: 2, surelyNeeds: 0 }

  it('waits until the event before is settled', () => {
    expect(decideTurn(place, at(1), fresh)).toEqual({ kind: 'wait', delayMs: RECHECK_MS })
    expect(decideTurn(place, at(2), fresh)).toEqual({ kind: 'now' })
  })

  it('is over when a later one was settled', () => {
    expect(decideTurn(place, at(3), fresh)).toEqual({ kind: 'passed' })
    expect(decideTurn(place, at(9), fresh)).toEqual({ kind: 'passed' })
  })

  it('waits for a while for one that may have been published before the subscription began', () => {
    expect(decideTurn(unsure, at(0), { waitedMs: 4_000, hasEarlier: false })).toEqual({
      kind: 'wait',
      delayMs: START_GRACE_MS - 4_000,
    })
    expect(decideTurn(unsure, at(0), { waitedMs: START_GRACE_MS, hasEarlier: false })).toEqual({ kind: 'now' })
  })

  it('waits on for one that is known to have come', () => {
    expect(decideTurn(unsure, at(0), { waitedMs: START_GRACE_MS, hasEarlier: true })).toMatchObject({ kind: 'wait' })
  })
})

// ── All of it together, as a machine without a database ──────────────────────────────────────────────────────────────

type Decide = typeof decideTurn

interface Plan {
  /** The name of each event, in the order of the commits. */
  readonly names: readonly ('a' | 'b' | 'c')[]
  readonly patterns: readonly ('a' | 'b' | 'c')[]
  /** Which events the next delivery or retry is about, by chance. */
  readonly choices: readonly number[]
  /** How often the handler fails for the event with this sequence. */
  readonly failures: readonly number[]
  /** Events that a person discards when they have failed. */
  readonly discards: readonly number[]
}

const plans: fc.Arbitrary<Plan> = fc.record({
  names: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 }),
  patterns: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
  choices: fc.array(fc.nat(), { maxLength: 200 }),
  failures: fc.array(fc.nat({ max: 3 }), { minLength: 12, maxLength: 12 }),
  discards: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }),
})

/** Delivers the events of one entity in any order, more than once; retries what failed or waits. Returns what was handled. */
function run(plan: Plan, decide: Decide): { handled: readonly number[]; wanted: readonly number[] } {
  const interests = plan.patterns.map((pattern) => ({ pattern, sinceMs: 0 }))
  const last = new Map<string, Predecessor>()
  const orders = plan.names.map((name, index) => {
    const order = { sequence: index + 1, previous: new Map(last) }
    last.set(name, { sequence: index + 1, atMs: index + 1 })
    return order
  })
  const wanted = orders.filter(({ sequence }) => plan.patterns.includes(plan.names[sequence - 1] ?? 'a'))
  const failuresLeft = new Map(wanted.map(({ sequence }) => [sequence, plan.failures[sequence - 1] ?? 0]))
  const settled = new Set<number>()
  const handled: number[] = []
  let position = start

  const attempt = (order: EventOrder): void => {
    if (settled.has(order.sequence)) return // the inbox knows it
    const place = placeOf(order, interests, 0)
    const turn: Turn = decide(place, position, fresh)
    if (turn.kind !== 'now') return
    const left = failuresLeft.get(order.sequence) ?? 0
    if (left > 0) {
      failuresLeft.set(order.sequence, left - 1)
      if (!plan.discards.includes(order.sequence)) return
      settled.add(order.sequence)
      position = settle(position, place)
      return
    }
    settled.add(order.sequence)
    handled.push(order.sequence)
    position = reach(position, place.sequence)
  }
  for (const choice of plan.choices) {
    const order = wanted[choice % Math.max(1, wanted.length)]
    if (order !== undefined) attempt(order)
  }
  // What waits is looked at until nothing does, the last first.
  for (let round = 0; round < 60; round++) for (const order of wanted.toReversed()) attempt(order)
  const discarded = (sequence: number) => settled.has(sequence) && !handled.includes(sequence)
  return { handled, wanted: wanted.map(({ sequence }) => sequence).filter((sequence) => !discarded(sequence)) }
}

describe('events that come in any order, fail, and are given up on', () => {
  it('are handled in their order, every one', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const { handled, wanted } = run(plan, decideTurn)
        expect(handled).toEqual(wanted)
      }),
      { numRuns: 500 },
    )
  })

  it.each<[string, Decide]>([
    ['lets a successor pass', (place, position) => ({ kind: place.sequence <= position.handled ? 'passed' : 'now' })],
    [
      'counts what is not wanted',
      (place, position, waited) => decideTurn({ ...place, needs: place.sequence - 1 }, position, waited),
    ],
    [
      'handles what comes late',
      (place, position, waited) => decideTurn(place, { ...position, handled: place.needs }, waited),
    ],
  ])('show it when a mutant %s', (_, mutant) => {
    const isOrdered = fc.property(plans, (plan) => {
      const { handled, wanted } = run(plan, mutant)
      return handled.join() === wanted.join()
    })
    expect(fc.check(isOrdered, { numRuns: 2_000 }).failed).toBe(true)
  })
})
