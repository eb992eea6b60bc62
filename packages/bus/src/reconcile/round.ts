import type {
  EventKey,
  Findings,
  LedgerReads,
  Proof,
  RegisteredSubscription,
  TimeRange,
} from '../store/contract/reconciliation.ts'
import { compareDigests, compareIds } from './compare.ts'
import { byMinute, expectations, MINUTE_MS } from './expectation.ts'
import type { Expectation } from './expectation.ts'
import type { Answer } from './messages.ts'

/** A range whose digests differed, so that its ids are to be compared; `minuteMs` when a minute was opened again. */
export interface Detail extends TimeRange {
  readonly minuteMs: number | null
  /** Before the ledger was read for the first part of it. */
  readonly readMs: number
}

export interface RoundContext {
  readonly subscription: RegisteredSubscription
  readonly proof: Proof
  readonly ledger: LedgerReads
  readonly toleranceMs: number
  /** Before the ledger is read, by the clock of its database. */
  readonly readMs: number
}

export interface RoundResult {
  readonly findings: Pick<Findings, 'throughMs' | 'minutes' | 'suspects' | 'ghosts'>
  /** To be asked for next, in order. */
  readonly details: readonly Detail[]
  /** Events that were sent in what was compared. */
  readonly compared: number
}

/** Compares what an answer says with the ledger. Reads the ledger, writes nothing. */
export async function compareAnswer(
  context: RoundContext,
  answer: Pick<Answer, 'digests' | 'details'>,
  asked: readonly Detail[],
): Promise<RoundResult> {
  const { proof, ledger, readMs } = context
  const minutes: Findings['minutes'][number][] = []
  const suspects: EventKey[] = []
  const ghosts: EventKey[] = []
  const details: Detail[] = []
  let throughMs = proof.throughMs
  let compared = 0

  for (const { fromMs, coveredMs, toMs, keys } of answer.details) {
    const detail = asked.find((each) => each.fromMs === fromMs && each.toMs === toMs)
    // An answer to what an earlier reconciler asked.
    if (detail === undefined || (detail.minuteMs === null && fromMs !== throughMs)) continue
    const range = { fromMs, toMs: coveredMs }
    const difference = await differenceOf(context, range, keys)
    suspects.push(...difference.missing)
    ghosts.push(...difference.ghosts)
    compared += difference.expected
    if (coveredMs < toMs) details.push({ ...detail, fromMs: coveredMs })
    if (detail.minuteMs === null) {
      throughMs = coveredMs
      minutes.push({ minuteMs: minuteOf(fromMs), expected: difference.expected, isWhole: false, readMs })
    } else if (coveredMs === toMs) {
      minutes.push({
        minuteMs: detail.minuteMs,
        expected: await expectedIn(context, { fromMs: detail.minuteMs, toMs }),
        isWhole: true,
        readMs: detail.readMs,
      })
    }
  }
  const isHeldUp = details.some(({ minuteMs }) => minuteMs === null)

  for (const { fromMs, toMs, digests } of answer.digests) {
    const isMain = fromMs === throughMs && !isHeldUp && !details.some(({ minuteMs }) => minuteMs === null)
    const isOpened = toMs <= proof.throughMs && fromMs === minuteOf(fromMs)
    if (!isMain && !isOpened) continue
    const pieces = expectationsOf(context, { fromMs, toMs })
    const [piece] = pieces
    const [sent] = await ledger.digests([{ fromMs, toMs }])
    const comparison = pieces.every(({ isEmpty }) => isEmpty)
      ? { isEqual: true, expected: 0 }
      : piece === undefined || pieces.length > 1
        ? // Its interest changes within: digests of the whole say nothing of the parts.
          { isEqual: false, expected: 0 }
        : compareDigests(sent?.digests ?? [], digests, piece.expects)
    if (!comparison.isEqual) details.push({ fromMs, toMs, minuteMs: isMain ? null : fromMs, readMs })
    else {
      compared += comparison.expected
      minutes.push({ minuteMs: minuteOf(fromMs), expected: comparison.expected, isWhole: !isMain, readMs })
      if (isMain) throughMs = toMs
    }
  }
  return {
    findings: { throughMs: throughMs > proof.throughMs ? throughMs : null, minutes, suspects, ghosts },
    details,
    compared,
  }
}

/** What the next barrier asks: ids where digests differed, else digests from where the proof ends, at most `limit` minutes. */
export function rangesToAsk(
  context: Pick<RoundContext, 'subscription' | 'proof' | 'toleranceMs'>,
  toMs: number,
  openMinutes: readonly number[],
  limit: number,
): readonly TimeRange[] {
  const { proof } = context
  const opened = openMinutes.map((minuteMs) => ({
    fromMs: minuteMs,
    toMs: Math.min(minuteMs + MINUTE_MS, proof.throughMs),
  }))
  const main =
    toMs <= proof.throughMs ? [] : byMinute(expectationsOf(context, { fromMs: proof.throughMs, toMs }), limit)
  return [
    ...opened.filter((range) => range.toMs > range.fromMs),
    ...main.map(({ fromMs, toMs: endMs }) => ({ fromMs, toMs: endMs })),
  ]
}

async function differenceOf(
  context: RoundContext,
  range: TimeRange,
  received: readonly EventKey[],
): Promise<{ missing: readonly EventKey[]; ghosts: readonly EventKey[]; expected: number }> {
  const { ledger } = context
  const missing: EventKey[] = []
  const extra: EventKey[] = []
  let expected = 0
  const within = (keys: readonly EventKey[], piece: TimeRange): readonly EventKey[] =>
    keys.filter(({ id }) => timeOf(id) >= piece.fromMs && timeOf(id) < piece.toMs)
  const sent = await ledger.sent(range)
  for (const piece of expectationsOf(context, range)) {
    const comparison = compareIds(within(sent, piece), within(received, piece), piece.expects)
    missing.push(...comparison.missing)
    extra.push(...comparison.extra)
    expected += comparison.expected
  }
  const known = await ledger.known(extra.map(({ id }) => id))
  return { missing, ghosts: extra.filter(({ id }) => !known.has(id)), expected }
}

async function expectedIn(context: RoundContext, range: TimeRange): Promise<number> {
  let expected = 0
  for (const piece of expectationsOf(context, range)) {
    const [sent] = await context.ledger.digests([piece])
    for (const { name, count } of sent?.digests ?? []) if (piece.expects(name)) expected += count
  }
  return expected
}

function expectationsOf(
  { subscription, toleranceMs }: Pick<RoundContext, 'subscription' | 'toleranceMs'>,
  range: TimeRange,
): readonly Expectation[] {
  return expectations(subscription.periods, range, toleranceMs)
}

/** Of events that were suspected, those that the subscription does not want, by what is known of it now. */
export function unwantedOf(
  context: Pick<RoundContext, 'subscription' | 'toleranceMs'>,
  suspects: readonly EventKey[],
): readonly string[] {
  return suspects
    .filter(({ id, name }) => {
      const timeMs = timeOf(id)
      return !expectationsOf(context, { fromMs: timeMs, toMs: timeMs + 1 }).some(({ expects }) => expects(name))
    })
    .map(({ id }) => id)
}

export function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS) * MINUTE_MS
}

function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
