import type { BrokerNames } from '../amqp/names.ts'
import { uuidTime } from '../envelope/uuid.ts'
import type {
  Findings,
  MissingEvent,
  Observation,
  ReconciliationStore,
  RegisteredSubscription,
} from '../store/reconciliation.ts'
import { decideCause } from './cause.ts'
import type { CauseFacts, DecidedCause } from './cause.ts'
import { routesOf } from './watch.ts'

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
/** With more missing events than this it is not worked out which ones have come around them. */
const MOST_MISSING = 10_000

/** Gathers what is known of events that are confirmed missing, and names the cause of each. Writes nothing. */
export async function causesOf(
  context: CausesContext,
  missing: readonly MissingEvent[],
  answer: { readonly barrierId: string; readonly deadLetters: number | null },
): Promise<Findings['absent']> {
  if (missing.length === 0) return []
  const { subscription, store, names, isWatched, clockToleranceMs } = context
  const observations = await store.observations.list({ subscription: subscription.name })
  const comings = await comingsAround(context, observations)
  const facts = missing.map(({ id, name, suspectedMs }): CauseFacts => {
    const comingsMs = comings.get(name) ?? []
    return {
      ...{ id, suspectedMs, observations, isWatched, clockToleranceMs },
      queue: subscription.queue,
      routes: routesOf(name, subscription, patternsAt(subscription, uuidTime(id)?.getTime() ?? 0), names),
      deadLetters: null,
      hasCome: (fromMs, toMs) => comingsMs.some((timeMs) => timeMs > fromMs && timeMs < toMs),
      confirmedByBarrierId: answer.barrierId,
    }
  })
  const decided = facts.map(decideCause)
  const unexplained = decided.filter(isUnexplained).length
  const { deadLetters } = answer
  const mayBeDeadLetters = deadLetters !== null && unexplained > 0 && unexplained <= deadLetters
  return facts.map((each, index) => {
    const first = decided[index] ?? decideCause(each)
    const found = mayBeDeadLetters && isUnexplained(first) ? decideCause({ ...each, deadLetters }) : first
    return { id: each.id, ...found }
  })
}

function isUnexplained({ cause }: DecidedCause): boolean {
  return cause === 'removed' || cause === 'unknown'
}

function patternsAt({ periods }: RegisteredSubscription, timeMs: number): readonly string[] {
  const period = periods.findLast(({ fromMs, toMs }) => fromMs <= timeMs && (toMs ?? Infinity) > timeMs)
  return (period ?? periods.at(-1))?.patterns ?? []
}

/**
 * The times of events that have come, by name, around the moments at which a binding went or came back between two looks.
 * What was sent, is compared, and was never missing has come.
 */
async function comingsAround(
  { store, subscription, throughMs }: CausesContext,
  observations: readonly Observation[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const spans = observations
    .filter(({ kind }) => kind === 'binding-absent')
    .flatMap(({ wellBeforeMs, firstSeenMs, lastSeenMs, wellAgainMs }) => [
      { fromMs: Math.max(wellBeforeMs ?? 0, firstSeenMs - AROUND_MS), toMs: firstSeenMs },
      { fromMs: lastSeenMs, toMs: Math.min(wellAgainMs ?? Infinity, lastSeenMs + AROUND_MS) },
    ])
    .map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.min(toMs, throughMs) }))
    .filter(({ fromMs, toMs }) => fromMs < toMs)
  const comings = new Map<string, number[]>()
  if (spans.length === 0) return comings
  const troubled = await store.missing.list({ subscription: subscription.name, limit: MOST_MISSING })
  if (troubled.length === MOST_MISSING) return comings
  const ids = new Set(troubled.map(({ id }) => id))
  for (const span of spans) {
    for (const { id, name } of await store.ledger.sent(span)) {
      if (ids.has(id)) continue
      const times = comings.get(name)
      const timeMs = uuidTime(id)?.getTime() ?? 0
      if (times === undefined) comings.set(name, [timeMs])
      else times.push(timeMs)
    }
  }
  return comings
}
