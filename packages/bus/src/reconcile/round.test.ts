import { describe, expect, it } from 'vitest'
import { digestsOf, ledgerReads } from '../../test/support/reconciliation-model.ts'
import { leastIdAt } from '../store/ids.ts'
import type { EventKey, Proof, RegisteredSubscription } from '../store/contract/reconciliation.ts'
import { compareAnswer, rangesToAsk, unwantedOf } from './round.ts'
import type { Detail } from './round.ts'

const minuteMs = 1_790_000_040_000
/** By the clock of the database, when an answer is compared. */
const readMs = minuteMs + 600_000
const name = 'order.payment.onPaid'
const at = (offsetMs: number): EventKey => ({
  id: `${leastIdAt(minuteMs + offsetMs).slice(0, 14)}7000-8000-0000${(offsetMs + 7).toString(16).padStart(8, '0')}`,
  name,
})
const subscription: RegisteredSubscription = {
  ...{ name: 'order.crm', service: 'crm', queue: 'q', hasInbox: true, timeoutMs: 1, queueCreatedMs: null },
  ...{ firstSeenMs: 0, lastSeenMs: 0, patternsSinceMs: 0, retired: null, paused: null },
  periods: [{ fromMs: minuteMs + 10_000, toMs: null, patterns: ['order.#'] }],
}

function context(sent: readonly EventKey[], throughMs: number) {
  const ledger = ledgerReads(new Map(sent.map((event) => [event.id, { ...event, isSent: true }])))
  const proof = { throughMs } as Proof
  return { subscription, proof, ledger, toleranceMs: 0, readMs }
}
const compare = (
  sent: readonly EventKey[],
  received: readonly EventKey[],
  ranges: readonly { fromMs: number; toMs: number }[],
  throughMs: number,
) => compareAnswer(context(sent, throughMs), { digests: digestsOf(received, ranges), details: [] }, [])

describe('comparing an answer', () => {
  it('compares what a subscription wanted of a minute in the middle of which it began', async () => {
    const whole = { fromMs: minuteMs, toMs: minuteMs + 60_000 }
    const late = at(30_000)
    const { findings, details } = await compare([at(5_000), late], [], [whole], minuteMs + 120_000)
    expect(findings.minutes).toEqual([])
    expect(details).toEqual([{ ...whole, minuteMs, readMs }])
    const answer = { digests: [], details: [{ ...whole, coveredMs: whole.toMs, keys: [] }] }
    // A minute that is compared in parts is read from the first of them on.
    const later = { ...context([at(5_000), late], minuteMs + 120_000), readMs: readMs + 30_000 }
    const next = await compareAnswer(later, answer, details)
    expect(next.findings.suspects).toEqual([late])
    expect(next.findings.minutes).toEqual([{ minuteMs, expected: 1, isWhole: true, readMs }])
  })

  it('goes on from where the proof ends, and not over what differs', async () => {
    const [first, second] = [
      { fromMs: minuteMs + 10_000, toMs: minuteMs + 20_000 },
      { fromMs: minuteMs + 20_000, toMs: minuteMs + 30_000 },
    ]
    const sent = [at(15_000), at(25_000)]
    const all = await compare(sent, sent, [first, second], first.fromMs)
    expect(all.findings.throughMs).toBe(second.toMs)
    const part = await compare(sent, [at(25_000)], [first, second], first.fromMs)
    expect([part.findings.throughMs, part.details]).toEqual([null, [{ ...first, minuteMs: null, readMs }]])
    const stale = await compare(sent, sent, [second], first.fromMs)
    expect([stale.findings.throughMs, stale.details, stale.findings.minutes]).toEqual([null, [], []])
  })

  it('takes ids only for what was asked, as far as they go', async () => {
    const range = { fromMs: minuteMs + 10_000, toMs: minuteMs + 60_000 }
    const asked: readonly Detail[] = [{ ...range, minuteMs: null, readMs: 1 }]
    const sent = [at(11_000), at(12_000), at(50_000)]
    const details = [{ ...range, coveredMs: minuteMs + 20_000, keys: [at(11_000), at(13_000)] }]
    const { findings, details: rest } = await compareAnswer(
      context(sent, range.fromMs),
      { digests: [], details },
      asked,
    )
    expect(findings).toMatchObject({ suspects: [at(12_000)], ghosts: [at(13_000)], throughMs: minuteMs + 20_000 })
    expect(rest).toEqual([{ ...range, fromMs: minuteMs + 20_000, minuteMs: null, readMs: 1 }])
    const unasked = await compareAnswer(context(sent, range.fromMs), { digests: [], details }, [])
    expect(unasked.findings).toMatchObject({ suspects: [], ghosts: [], throughMs: null })
  })
})

describe('what to ask', () => {
  it('is open minutes as far as they are compared, and the rest by minutes', () => {
    const asked = rangesToAsk(context([], minuteMs + 70_000), minuteMs + 130_000, [minuteMs, minuteMs + 60_000], 1)
    expect(asked.map(({ fromMs, toMs }) => [fromMs - minuteMs, toMs - minuteMs])).toEqual([
      [0, 60_000],
      [60_000, 70_000],
      [70_000, 120_000],
    ])
    expect(rangesToAsk(context([], minuteMs + 70_000), minuteMs, [minuteMs + 70_000], 1)).toEqual([])
  })
})

it('knows what of suspects is not wanted', () => {
  const suspects = [at(5_000), at(15_000), { ...at(16_000), name: 'product.price.onChanged' }]
  expect(unwantedOf({ subscription, toleranceMs: 0 }, suspects)).toEqual([at(5_000).id, at(16_000).id])
})
