import { uuidTime } from '../envelope/uuid.ts'
import type { Cause, Evidence, Observation } from '../store/contract/reconciliation.ts'
import { bindingText } from './watch.ts'
import type { Route } from './watch.ts'

/** Events are sent in another order than that of their ids by as much, when nothing holds them up. */
const DISORDER_MS = 1_000

export interface CauseFacts {
  readonly id: string
  readonly queue: string
  /** When a barrier first came back without it: by then it was lost. */
  readonly suspectedMs: number
  /** The ways by which it could have come. */
  readonly routes: readonly Route[]
  /** Of its subscription. */
  readonly observations: readonly Observation[]
  /** Whether somebody looks at the broker; without it less is known. */
  readonly isWatched: boolean
  /** In the dead letter queue, not yet taken over; null when that is not known. */
  readonly deadLetters: number | null
  /** By how much the subscriber's clock may differ. */
  readonly clockToleranceMs: number
  /** Whether an event that needs the same bindings, and was published within this span, has come. */
  readonly hasCome: (fromMs: number, toMs: number) => boolean
  readonly confirmedByBarrierId: string
}

export interface DecidedCause {
  readonly cause: Cause
  readonly evidence: Evidence
}

/** Names the cause of one missing event by what is known, the most telling first, and says what it rests on. */
export function decideCause(facts: CauseFacts): DecidedCause {
  const publishedMs = uuidTime(facts.id)?.getTime() ?? 0
  const found = rewound(facts, publishedMs, 'proven') ??
    neverRouted(facts, publishedMs, 'certain') ??
    nodeLost(facts, publishedMs) ??
    queueGone(facts, publishedMs) ??
    neverRouted(facts, publishedMs, 'possible') ??
    deadLettered(facts) ??
    rewound(facts, publishedMs, 'possible') ??
    removed(facts, publishedMs) ?? { cause: 'unknown', evidence: { brokerWatched: facts.isWatched } }
  const { queue, confirmedByBarrierId } = facts
  return {
    cause: found.cause,
    evidence: { publishedAt: iso(publishedMs), queue, saidBy: confirmedByBarrierId, ...found.evidence },
  }
}

/**
 * It lay in the span that the subscriber's store has lost, and was not suspect before that was found. `proven`: there was
 * proof that it had been received. Otherwise it may have been.
 */
function rewound(
  { observations, suspectedMs }: CauseFacts,
  publishedMs: number,
  how: 'proven' | 'possible',
): DecidedCause | null {
  const observation = observations.findLast(
    ({ kind, wellBeforeMs, firstSeenMs, lastSeenMs }) =>
      kind === 'store-rewound' &&
      publishedMs >= (wellBeforeMs ?? 0) &&
      publishedMs < (how === 'proven' ? firstSeenMs : lastSeenMs) &&
      suspectedMs >= lastSeenMs,
  )
  if (observation === undefined) return null
  const { wellBeforeMs, lastSeenMs } = observation
  return {
    cause: 'store-rewound',
    evidence: {
      storeRewoundTo: iso(wellBeforeMs ?? 0),
      foundAt: iso(lastSeenMs),
      wasReceivedBefore: how === 'proven' ? true : 'not known',
    },
  }
}

/**
 * Each of its ways was closed when it was published. `certain`: a look before and one after its time both saw that. `possible`:
 * its time lies between a look that found the binding and one that did not. There a later event that has come (or, at the
 * end of an absence, an earlier one) shows that the binding stood.
 */
function neverRouted(facts: CauseFacts, publishedMs: number, how: 'certain' | 'possible'): DecidedCause | null {
  const absences = facts.routes.map((route) => {
    const texts = new Set(route.map(bindingText))
    return facts.observations.find(
      (each) =>
        each.kind === 'binding-absent' &&
        texts.has(each.what) &&
        (how === 'certain' ? isWithin(each, publishedMs) : mayBeWithin(each, publishedMs, facts.hasCome)),
    )
  })
  const found = absences.filter((absence) => absence !== undefined)
  if (found.length === 0 || found.length < facts.routes.length) return null
  return {
    cause: 'never-routed',
    evidence: {
      absentBindings: [...new Set(found.map(({ what }) => what))],
      isCertain: how === 'certain',
      ...spanOf(found, publishedMs),
    },
  }
}

/**
 * Its queue was gone after it was published, and it was not suspect before that: what was lost earlier than the queue would
 * have been found missing by a barrier that went through the queue while it was there.
 */
function queueGone(facts: CauseFacts, publishedMs: number): DecidedCause | null {
  const recreated = facts.observations.find(
    ({ kind, firstSeenMs }) =>
      kind === 'queue-recreated' &&
      // By the subscriber's clock.
      publishedMs <= firstSeenMs + facts.clockToleranceMs &&
      facts.suspectedMs >= firstSeenMs - facts.clockToleranceMs,
  )
  const absent = facts.observations.find(
    (each) => each.kind === 'queue-absent' && mayHaveTaken(each, facts, publishedMs),
  )
  if (recreated === undefined && absent === undefined) return null
  return {
    cause: 'queue-recreated',
    evidence: {
      ...(recreated === undefined ? {} : { queueMadeAnewAt: iso(recreated.firstSeenMs) }),
      ...(absent === undefined ? {} : { queueWasGone: true, ...spanOf([absent], publishedMs) }),
    },
  }
}

function nodeLost(facts: CauseFacts, publishedMs: number): DecidedCause | null {
  const down = facts.observations.filter((each) => each.kind === 'node-down' && mayHaveTaken(each, facts, publishedMs))
  if (down.length === 0) return null
  return {
    cause: 'node-lost',
    evidence: { nodes: [...new Set(down.map(({ what }) => what))], ...spanOf(down, publishedMs) },
  }
}

/** It is no longer known which: when there are dead letters, and no other cause, it is one of them. */
function deadLettered({ deadLetters }: CauseFacts): DecidedCause | null {
  return deadLetters === null || deadLetters === 0 ? null : { cause: 'dead-lettered', evidence: { deadLetters } }
}

/** The queue was there and bound for as long as the event can have been in it, as looks before and after have shown. */
function removed({ observations, isWatched }: CauseFacts, publishedMs: number): DecidedCause | null {
  const watched = observations.find((each) => each.kind === 'watched' && isWithin(each, publishedMs))
  if (!isWatched || watched === undefined) return null
  return {
    cause: 'removed',
    evidence: {
      bindingStood: true,
      queueStood: true,
      watchedFrom: iso(watched.firstSeenMs),
      watchedUntil: iso(watched.lastSeenMs),
    },
  }
}

function isWithin({ firstSeenMs, lastSeenMs }: Observation, timeMs: number): boolean {
  return timeMs >= firstSeenMs && timeMs <= lastSeenMs
}

function mayBeWithin(
  { wellBeforeMs, firstSeenMs, lastSeenMs, wellAgainMs }: Observation,
  timeMs: number,
  hasCome: CauseFacts['hasCome'],
): boolean {
  if (timeMs < firstSeenMs) return timeMs >= (wellBeforeMs ?? 0) && !hasCome(timeMs + DISORDER_MS, firstSeenMs)
  if (timeMs <= lastSeenMs) return true
  return timeMs <= (wellAgainMs ?? Infinity) && !hasCome(lastSeenMs, timeMs - DISORDER_MS)
}

/** What was in the queue, or on its way there, when the trouble was, and was not known to be lost before it. */
function mayHaveTaken(
  { wellBeforeMs, firstSeenMs, wellAgainMs }: Observation,
  { suspectedMs }: CauseFacts,
  publishedMs: number,
): boolean {
  return publishedMs <= (wellAgainMs ?? Infinity) && suspectedMs >= (wellBeforeMs ?? firstSeenMs)
}

/** The times of the looks around the event's. */
function spanOf(observations: readonly Observation[], publishedMs: number): Evidence {
  const [{ wellBeforeMs, firstSeenMs, lastSeenMs, wellAgainMs } = NOTHING] = observations
  return {
    ...(wellBeforeMs === null ? {} : { lastSeenWell: iso(wellBeforeMs) }),
    seenFrom: iso(firstSeenMs),
    seenUntil: iso(lastSeenMs),
    ...(wellAgainMs === null ? {} : { seenWellAgain: iso(wellAgainMs) }),
    isBetweenLooks: publishedMs < firstSeenMs || publishedMs > lastSeenMs,
  }
}

const NOTHING = { wellBeforeMs: null, firstSeenMs: 0, lastSeenMs: 0, wellAgainMs: null }

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
