import type { BrokerNames } from '../amqp/names.ts'
import { uuidTime } from '../envelope/uuid.ts'
import type {
  Findings,
  MissingEvent,
  Observation,
  ReconciliationStore,
  RegisteredSubscription,
  TimeRange,
} from '../store/contract/reconciliation.ts'
import { decideCause } from './cause.ts'
import type { CauseFacts, DecidedCause } from './cause.ts'
import { causeBySequence } from './sequence.ts'
import type { Sent } from './sequence.ts'
import { bindingText, routesOf } from './watch.ts'
import type { Route } from './watch.ts'

export interface CausesContext {
  readonly subscription: RegisteredSubscription
  readonly store: ReconciliationStore
  readonly names: BrokerNames
  readonly isWatched: boolean
  readonly clockToleranceMs: number
  /** Events before this are compared. */
  readonly throughMs: number
}

/** How far around an uncertain moment to look for events that have come. */
const AROUND_MS = 120_000
/** Missing events that are further apart have hardly one cause. */
const LONGEST_SEQUENCE_MS = 600_000
/** Of the same incident others may be suspect, and not confirmed yet. */
const SEQUENCE_AROUND_MS = 30_000
const LONGEST_SEQUENCE = 50_000
/** With more missing events than this it is not worked out which ones have come around them. */
const MOST_MISSING = 10_000

/** Gathers what is known of events that are confirmed missing, and names the cause of each. Writes nothing. */
export async function causesOf(
  context: CausesContext,
  missing: readonly MissingEvent[],
  answer: { readonly barrierId: string; readonly deadLetters: number | null },
): Promise<Findings['absent']> {
  if (missing.length === 0) return []
  const { subscription, store, isWatched, clockToleranceMs } = context
  const observations = await store.observations.list({ subscription: subscription.name })
  const comings = await comingsAround(context, observations)
  const facts = missing.map(({ id, name, suspectedMs }): CauseFacts => {
    const comingsMs = comings.get(name) ?? []
    return {
      ...{ id, suspectedMs, observations, isWatched, clockToleranceMs },
      queue: subscription.queue,
      routes: routesAt(context, name, timeOf(id)),
      deadLetters: null,
      hasCome: (fromMs, toMs) => comingsMs.some((timeMs) => timeMs > fromMs && timeMs < toMs),
      confirmedByBarrierId: answer.barrierId,
    }
  })
  const withoutDeadLetters = facts.map(decideCause)
  const unexplained = withoutDeadLetters.filter(({ cause }) => cause === 'removed' || cause === 'unknown').length
  const { deadLetters } = answer
  // Which ones are in the dead letter queue nobody can tell from here: only as many as are there can be.
  const isByDeadLetters = deadLetters !== null && unexplained > 0 && unexplained <= deadLetters
  const decided = isByDeadLetters ? facts.map((each) => decideCause({ ...each, deadLetters })) : withoutDeadLetters
  const named = missing.map((event, index) => ({ event, ...(decided[index] ?? UNKNOWN) }))
  const unknown = named.filter(({ cause }) => cause === 'unknown').map(({ event }) => event)
  const bySequence = await causesBySequence(context, unknown)
  return named.map(({ event: { id, name }, cause, evidence }) => {
    const found = cause === 'unknown' ? bySequence.get(name) : undefined
    return { id, cause: found?.cause ?? cause, evidence: { ...evidence, ...found?.evidence } }
  })
}

const UNKNOWN: DecidedCause = { cause: 'unknown', evidence: {} }

function routesAt({ subscription, names }: CausesContext, name: string, timeMs: number): readonly Route[] {
  const { periods } = subscription
  const period = periods.findLast(({ fromMs, toMs }) => fromMs <= timeMs && (toMs ?? Infinity) > timeMs)
  return routesOf(name, subscription, (period ?? periods.at(-1))?.patterns ?? [], names)
}

/**
 * The times of events that have come, by name, around the moments at which a binding went or came back between two looks.
 * What was sent, is compared, and was never missing has come.
 */
async function comingsAround(
  context: CausesContext,
  observations: readonly Observation[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const comings = new Map<string, number[]>()
  const spans = observations
    .filter(({ kind }) => kind === 'binding-absent')
    .flatMap(({ wellBeforeMs, firstSeenMs, lastSeenMs, wellAgainMs }) => [
      { fromMs: Math.max(wellBeforeMs ?? 0, firstSeenMs - AROUND_MS), toMs: firstSeenMs },
      { fromMs: lastSeenMs, toMs: Math.min(wellAgainMs ?? Infinity, lastSeenMs + AROUND_MS) },
    ])
  for (const { id, name } of (await sentIn(context, spans)).filter(({ isMissing }) => !isMissing)) {
    const times = comings.get(name)
    if (times === undefined) comings.set(name, [timeOf(id)])
    else times.push(timeOf(id))
  }
  return comings
}

/** By the name of the event: what the missing ones among those that came tell, where nobody looked at the broker. */
async function causesBySequence(
  context: CausesContext,
  missing: readonly MissingEvent[],
): Promise<ReadonlyMap<string, DecidedCause>> {
  const causes = new Map<string, DecidedCause>()
  if (missing.length === 0) return causes
  const times = missing.map(({ id }) => timeOf(id))
  const span = {
    fromMs: times.reduce((least, time) => Math.min(least, time)) - SEQUENCE_AROUND_MS,
    toMs: times.reduce((most, time) => Math.max(most, time)) + SEQUENCE_AROUND_MS,
  }
  if (span.toMs - span.fromMs > LONGEST_SEQUENCE_MS) return causes
  const sent = await sentIn(context, [span])
  const last = (name: string): readonly string[] =>
    routesAt(context, name, times[0] ?? 0).flatMap((route) => route.slice(-1).map(bindingText))
  const names = new Set(sent.map(({ name }) => name))
  const bindings = new Map([...names].map((name) => [name, last(name)]))
  const expected = sent.filter(({ name }) => bindings.get(name)?.length !== 0)
  for (const name of new Set(missing.map((event) => event.name))) {
    const needed = new Set(bindings.get(name))
    const cause = causeBySequence(expected, (each) => (bindings.get(each) ?? []).every((text) => needed.has(text)))
    if (cause !== null) causes.set(name, cause)
  }
  return causes
}

/** What was sent in these spans and is compared, by id; empty when it is too much, or too much of it is missing. */
async function sentIn({ store, subscription, throughMs }: CausesContext, spans: readonly TimeRange[]): Promise<Sent[]> {
  const ranges = spans
    .map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.min(toMs, throughMs) }))
    .filter(({ fromMs, toMs }) => fromMs < toMs)
  if (ranges.length === 0) return []
  const counts = (await store.ledger.digests(ranges)).flatMap(({ digests }) => digests.map(({ count }) => count))
  if (counts.reduce((sum, count) => sum + count, 0) > LONGEST_SEQUENCE) return []
  const troubled = await store.missing.list({ subscription: subscription.name, limit: MOST_MISSING })
  if (troubled.length === MOST_MISSING) return []
  const ids = new Set(troubled.map(({ id }) => id))
  const sent: Sent[] = []
  for (const range of ranges)
    for (const { id, name } of await store.ledger.sent(range)) sent.push({ id, name, isMissing: ids.has(id) })
  return sent
}

function timeOf(id: string): number {
  return uuidTime(id)?.getTime() ?? 0
}
