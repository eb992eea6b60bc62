import { uuidTime } from '../envelope/uuid.ts'
import type { Cause, Evidence } from '../store/reconciliation.ts'

/** A span in which something about a subscription's queue was seen by the broker's management API; milliseconds. */
export interface Observation {
  readonly kind: 'binding-absent' | 'queue-absent' | 'node-down'
  /** The last time that it was seen to be well before; null when it never was. */
  readonly wellBeforeMs: number | null
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  /** The first time that it was seen to be well again; null while it is not. */
  readonly wellAgainMs: number | null
  /** Names of what was absent: patterns, nodes. */
  readonly what: readonly string[]
}

export interface CauseFacts {
  readonly id: string
  readonly name: string
  readonly queue: string
  /** When the subscriber had to make its queue anew, last. */
  readonly queueCreatedMs: number | null
  /** In its dead letter queue, not yet taken over; null when that is not known. */
  readonly deadLetters: number | null
  /** The subscriber's store was set back at this time of the publisher, to what it was at `rewoundMs`. */
  readonly rewound: { readonly foundMs: number; readonly toMs: number } | null
  /** Null when nobody watches the broker. */
  readonly observations: readonly Observation[] | null
  /** Whether any of these patterns would have routed the event. */
  readonly isRoutedBy: (patterns: readonly string[]) => boolean
  readonly confirmedByBarrierId: string
}

/** Names the cause of one missing event by what is known, the most telling first, and says what it rests on. */
export function decideCause(facts: CauseFacts): { readonly cause: Cause; readonly evidence: Evidence } {
  const { id, queue, queueCreatedMs, deadLetters, rewound, observations } = facts
  const publishedMs = uuidTime(id)?.getTime() ?? 0
  const evidence: Record<string, string | number | boolean | readonly string[]> = {
    publishedAt: iso(publishedMs),
    queue,
    saidBy: facts.confirmedByBarrierId,
  }
  if (rewound !== null && publishedMs < rewound.foundMs) {
    return {
      cause: 'store-rewound',
      evidence: { ...evidence, storeRewoundTo: iso(rewound.toMs), foundAt: iso(rewound.foundMs) },
    }
  }
  const around = (observations ?? []).filter(
    ({ wellBeforeMs, firstSeenMs, wellAgainMs }) =>
      publishedMs >= (wellBeforeMs ?? firstSeenMs) && publishedMs <= (wellAgainMs ?? Infinity),
  )
  const absentBinding = around.find(({ kind, what }) => kind === 'binding-absent' && facts.isRoutedBy(what))
  if (absentBinding !== undefined) return { cause: 'never-routed', evidence: { ...evidence, ...seen(absentBinding) } }
  const absentQueue = around.find(({ kind }) => kind === 'queue-absent')
  if (absentQueue !== undefined) return { cause: 'queue-recreated', evidence: { ...evidence, ...seen(absentQueue) } }
  if (queueCreatedMs !== null && publishedMs < queueCreatedMs) {
    return { cause: 'queue-recreated', evidence: { ...evidence, queueMadeAnewAt: iso(queueCreatedMs) } }
  }
  if (deadLetters !== null && deadLetters > 0) return { cause: 'dead-lettered', evidence: { ...evidence, deadLetters } }
  const lostNode = around.find(({ kind }) => kind === 'node-down')
  if (lostNode !== undefined) return { cause: 'node-lost', evidence: { ...evidence, ...seen(lostNode) } }
  if (observations === null) return { cause: 'unknown', evidence: { ...evidence, brokerWatched: false } }
  return { cause: 'removed', evidence: { ...evidence, bindingStood: true, queueStood: true } }
}

function seen({ firstSeenMs, lastSeenMs, wellAgainMs, what }: Observation): Evidence {
  return {
    absentFrom: iso(firstSeenMs),
    absentUntil: iso(wellAgainMs ?? lastSeenMs),
    ...(what.length === 0 ? {} : { what }),
  }
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
