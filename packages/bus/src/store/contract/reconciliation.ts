import type { BackfillStore } from './backfill.ts'
import type { BreakerCause, CompensationStore, OrderedBreaker } from './compensation.ts'

/**
 * What reconciliation needs of a service's database: as a publisher (registry, ledger, proof, missing) and as a receiver
 * (receipts). Points in time are milliseconds since the epoch, as in the ids that they are compared with, by the clock of
 * this database. One implementation, in store/reconciliation/, serves every dialect.
 */
export interface ReconciliationStore {
  /** The clock of the database. */
  nowMs(): Promise<number>
  readonly registry: RegistryStore
  readonly ledger: LedgerReads
  readonly proof: ProofStore
  readonly missing: MissingStore
  readonly observations: ObservationStore
  readonly receipts: ReceiptStore
  readonly backfill: BackfillStore
  readonly compensation: CompensationStore
}

/** A span of time as ids have it: `fromMs` included, `toMs` excluded. */
export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

/** Count and xor of the ids of one name within a range that lies in one minute. */
export interface Digest {
  readonly name: string
  readonly count: number
  /** Of the last 48 bits of the ids, in hexadecimal: they are random in every UUIDv7. */
  readonly xor: string
}

export interface RangeDigests extends TimeRange {
  readonly digests: readonly Digest[]
}

export interface EventKey {
  readonly id: string
  readonly name: string
}

// ── Registry ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Patterns of a subscription and when they held; `toMs` is null for those that hold now. */
export interface Period {
  readonly fromMs: number
  readonly toMs: number | null
  readonly patterns: readonly string[]
}

export interface RegisteredSubscription {
  readonly name: string
  /** Of the subscriber. */
  readonly service: string
  readonly queue: string
  /** False: it keeps no inbox, so that nothing can be proved of it. */
  readonly hasInbox: boolean
  /** The deadline of its handler. */
  readonly timeoutMs: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  readonly queueCreatedMs: number | null
  /** Since when its present patterns stand, as it said itself, by its own clock. */
  readonly patternsSinceMs: number | null
  readonly retired: { readonly atMs: number; readonly by: string } | null
  /** As it said itself, by its own clock: it handles nothing until somebody resumes it. */
  readonly paused: { readonly atMs: number; readonly by: string } | null
  /** Oldest first. */
  readonly periods: readonly Period[]
}

export type Registration = Pick<
  RegisteredSubscription,
  'name' | 'service' | 'queue' | 'hasInbox' | 'timeoutMs' | 'queueCreatedMs' | 'patternsSinceMs'
> &
  Partial<Pick<RegisteredSubscription, 'paused'>>

export interface RegistryStore {
  list(): Promise<readonly RegisteredSubscription[]>
  /**
   * Inserts or updates; a subscription that was retired is active again. `begin` closes the open period at its `closeMs` and opens
   * one with these patterns. `backfill` is begun when the subscription was not known: in the same transaction, so once.
   */
  register(
    subscription: Registration,
    begin: { readonly closeMs: number; readonly fromMs: number; readonly patterns: readonly string[] } | null,
    backfill: TimeRange | null,
  ): Promise<void>
  /** Ends the interest of a subscription and waives what it misses; writes the action log. Null when it is not known. */
  retire(name: string, actor: string): Promise<{ readonly waived: number } | null>
}

// ── The ledger, as far as it is sent ─────────────────────────────────────────────────────────────────────────────────

export interface LedgerReads {
  /** False for a service that never published. */
  isUsed(): Promise<boolean>
  /** The time in the id of the oldest event that waits for its first sending; null when none waits. */
  oldestUnsentMs(): Promise<number | null>
  /** Of the events that are sent, one for each range. */
  digests(ranges: readonly TimeRange[]): Promise<readonly RangeDigests[]>
  /** Of the events that are sent, by id. */
  sent(range: TimeRange): Promise<readonly EventKey[]>
  /** Of these ids, those of the ledger, sent or not. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** Whether any event of the range, sent or not, has one of these names. */
  hasAny(range: TimeRange, names: readonly string[]): Promise<boolean>
}

// ── Proof ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Proof {
  readonly subscription: string
  /** Events with ids before this are compared; what was missing of them has a row. */
  readonly throughMs: number
  readonly barrier: { readonly id: string; readonly sentMs: number } | null
  /** Since when barriers wait for an answer; null when the last one is answered. */
  readonly waitingSinceMs: number | null
  readonly answered: { readonly id: string; readonly atMs: number } | null
  /** The last time that the subscriber's store was set back, as its answers name it; null for never. */
  readonly rewindId: string | null
  readonly roundTripMs: number | null
  /** As of the last answer. */
  readonly retrying: number
  readonly parked: number
  /** A person asked for a run that has not begun. */
  readonly isRequested: boolean
  readonly breaker: OpenBreaker | null
  /** What a person has told the breaker and still holds. */
  readonly order: OrderedBreaker | null
  /** Of missing rows. */
  readonly counts: Readonly<Record<MissingState, number>>
  readonly ghosts: number
  readonly openMinutes: number
}

export interface OpenBreaker {
  readonly openedMs: number
  /** Null where a service of an earlier version has opened it. */
  readonly cause: BreakerCause | null
  readonly reason: string
}

/** What an answer has shown; written in one transaction. */
export interface ComparedMinute {
  readonly minuteMs: number
  readonly expected: number
  /** False: a part of it, which adds to those before. */
  readonly isWhole: boolean
  /** Before the ledger was read for it, or for the first part of it: a minute that was opened again later stays open. */
  readonly readMs: number
}

export interface Findings {
  readonly answer: {
    readonly barrierId: string
    readonly roundTripMs: number
    readonly retrying: number
    readonly parked: number
    readonly rewindId: string | null
  }
  /** Moves `through` forward to this; null when the answer says nothing of it. */
  readonly throughMs: number | null
  /** Sets `through` back, because the subscriber's store was; minutes before it that were compared later are open again. */
  readonly rewoundMs: number | null
  readonly minutes: readonly ComparedMinute[]
  readonly suspects: readonly EventKey[]
  /** Were asked after and are there by now. */
  readonly present: readonly string[]
  /** Were asked after, later than a handler's deadline after the first time, and are not there. */
  readonly absent: readonly { readonly id: string; readonly cause: Cause; readonly evidence: Evidence }[]
  /** Were suspected, and are not wanted by what is known of the subscription's interest now. */
  readonly unwanted: readonly string[]
  readonly ghosts: readonly EventKey[]
}

export interface ProofStore {
  /** Of one subscription, or of all. */
  list(subscription?: string): Promise<readonly Proof[]>
  /** Remembers, before it is sent, what a barrier will ask: events that are confirmed later than this are late for it. */
  asked(subscription: string, barrier: { readonly id: string; readonly throughMs: number }): Promise<void>
  record(subscription: string, findings: Findings): Promise<void>
  /** Asks the reconciler to run now; of one subscription, or of all of which something can be proved. Returns how many. */
  requestRun(subscription: string | null): Promise<number>
  /** Whether a run was asked for that has not begun. Cheap: it is read every second. */
  isRunRequested(): Promise<boolean>
  /**
   * The subscriptions whose proof covers the event, if they want it: it was compared after it was sent, and is received unless
   * MissingStore has it.
   */
  provenAt(id: string): Promise<ReadonlySet<string>>
  /** Marks the minutes of events that were confirmed late as open, for every subscription that was asked about them. */
  reopenLate(): Promise<number>
  openMinutes(subscription: string, limit: number): Promise<readonly number[]>
  minutes(subscription: string, range: TimeRange): Promise<readonly ReconciledMinute[]>
  /** Events that were compared since then, by the time of their minute; of one subscription, or of the one with the most. */
  comparedSince(subscription: string | null, sinceMs: number): Promise<number>
  /** Null: it is closed. */
  setBreaker(
    subscription: string,
    breaker: { readonly cause: BreakerCause; readonly reason: string } | null,
  ): Promise<void>
}

export interface ReconciledMinute {
  readonly minuteMs: number
  readonly state: 'proven' | 'open'
  readonly expected: number
  readonly missing: number
  readonly waived: number
}

// ── Missing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * - `suspect`: one barrier came back without it. Left when another, a handler's deadline later, says so too (`missing`)
 *   or not (the row goes).
 * - `missing`: it is resent, as often as the settings allow. Left when a barrier says that it is there, or by `gave-up`.
 * - `recovered`: it is there after a resend, or came by itself. Final.
 * - `gave-up`: it was resent as often as allowed and is not there. Left by a person's retry, or when it comes.
 * - `waived`: the subscription was retired. Final.
 */
export type MissingState = 'suspect' | 'missing' | 'recovered' | 'gave-up' | 'waived'

/**
 * - `never-routed`: its binding was absent, so that the broker had nowhere to put it.
 * - `queue-recreated`: its queue was deleted and made anew.
 * - `dead-lettered`: the broker gave up on it, and it waits in the dead letter queue.
 * - `store-rewound`: the subscriber's database was set back to before it was received.
 * - `removed`: purged, expired or taken by another consumer: the queue stood and was bound, and had it.
 * - `node-lost`: a node that held the queue was lost.
 * - `unknown`: nothing was observed that tells.
 */
export type Cause =
  'never-routed' | 'queue-recreated' | 'dead-lettered' | 'store-rewound' | 'removed' | 'node-lost' | 'unknown'

/** What a cause rests on: facts by name, with their times in ISO 8601. */
export type Evidence = Readonly<Record<string, string | number | boolean | readonly string[]>>

export interface MissingEvent extends EventKey {
  readonly subscription: string
  readonly state: MissingState
  readonly barrierId: string
  readonly suspectedMs: number
  readonly confirmedMs: number | null
  readonly cause: Cause | null
  readonly evidence: Evidence | null
  /** How often it was resent. */
  readonly attempts: number
  readonly dueMs: number
  readonly error: string | null
  readonly settled: { readonly atMs: number; readonly by: string | null } | null
  /** When a person last asked for it to be resent. */
  readonly requestedMs: number | null
}

/** All conditions given must hold. */
export interface MissingFilter {
  readonly subscription?: string
  readonly id?: string
  readonly ids?: readonly string[]
  /** Exact event name. */
  readonly name?: string
  readonly cause?: Cause
  readonly states?: readonly MissingState[]
  /** Published in this time. */
  readonly published?: Partial<TimeRange>
  /** The id of the last row of the page before; rows of one event may be on two pages. */
  readonly before?: string
  /** Default 100. */
  readonly limit?: number
}

/** Events of these names. All conditions given must hold. */
export interface EventSelection {
  readonly names: readonly string[]
  /** Published in this time. */
  readonly published: Partial<TimeRange>
  /** Empty: of all. */
  readonly entityIds: readonly string[]
}

/** An event of the ledger with what is needed to send it again. */
export interface StoredEvent extends EventKey {
  readonly entityId: string
  readonly source: string
  readonly payload: string
  readonly headers: Readonly<Record<string, string>>
  readonly createdAt: Date
}

export interface MissingStore {
  /** Newest event first. */
  list(filter: MissingFilter): Promise<readonly MissingEvent[]>
  /** What the next barrier should ask after: suspects that are old enough first, then what is missing, by id. */
  toCheck(
    subscription: string,
    request: { readonly olderThanMs: number; readonly limit: number },
  ): Promise<readonly EventKey[]>
  /**
   * Takes missing events that are due: counts a resend and moves `due` to a random point within the backoff, committed
   * before it returns. Those that had all their resends become `gave-up` instead.
   */
  claim(
    subscription: string,
    request: {
      readonly limit: number
      readonly maxAttempts: number
      readonly backoffMs: number
      readonly maxBackoffMs: number
      /** Those alone that a person asked for, and those that are in one of `wanted`. */
      readonly requestedOnly: boolean
      readonly wanted?: readonly EventSelection[]
      /** Unless a person asked for them, none that are in one of these, whatever else is said. */
      readonly held?: readonly EventSelection[]
    },
  ): Promise<readonly StoredEvent[]>
  /** The names of what is missing at the subscription. */
  names(subscription: string): Promise<readonly string[]>
  /** Why resends failed. */
  failed(subscription: string, ids: readonly string[], error: string): Promise<void>
  /**
   * Makes what is missing or was given up on due at once, with no resend counted, also where the service resends nothing by
   * itself; writes the action log. Returns how many.
   */
  retry(filter: Omit<MissingFilter, 'states' | 'before' | 'limit'>, actor: string): Promise<number>
  ghosts(filter: Pick<MissingFilter, 'subscription' | 'id' | 'limit'>): Promise<readonly Ghost[]>
}

export interface Ghost extends EventKey {
  readonly subscription: string
  readonly foundMs: number
}

// ── Observations ─────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * - `watched`: somebody looked regularly, from the first time to the last. It is no trouble, and never open.
 * - `binding-absent`: a binding on the way of events to the subscription was not there.
 * - `queue-absent`: its queue was not there.
 * - `queue-recreated`: the subscriber found its queue gone and made it anew, at this time.
 * - `node-down`: a node was down, and without it the queue had no leader or no majority.
 * - `store-rewound`: the subscriber's store was set back to what it was at `wellBefore`, though there was proof up to
 *   `firstSeen`; found at `lastSeen`.
 */
export type ObservationKind =
  'watched' | 'binding-absent' | 'queue-absent' | 'queue-recreated' | 'node-down' | 'store-rewound'

/**
 * A span in which something about a subscription was seen. Looks are apart: between the last one before and the first one
 * within, and likewise at the end, the change may have come at any time.
 */
export interface Observation {
  readonly subscription: string
  readonly kind: ObservationKind
  /** The binding, the queue or the node that it is about. */
  readonly what: string
  /** The last time that it was seen to be well before; null when it never was. */
  readonly wellBeforeMs: number | null
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  /** The first time that it was seen to be well again; null while it is not: the observation is open. */
  readonly wellAgainMs: number | null
}

export interface ObservationFilter {
  readonly subscription?: string
  /** True: what is not well now, which is how the broker differs from the registry. */
  readonly isOpen?: boolean
}

export interface ObservationStore {
  /** By subscription, oldest first. */
  list(filter?: ObservationFilter): Promise<readonly Observation[]>
  /** Inserts, or moves on the ends of those that are there: the same of one subscription that began at the same time. */
  write(observations: readonly Observation[]): Promise<void>
  /** Deletes what was well again before this. Returns how many. */
  forget(beforeMs: number): Promise<number>
}

// ── Receipts: the side of the subscriber ─────────────────────────────────────────────────────────────────────────────

/** What a subscriber's store remembers of the barriers of one publisher. */
export interface LastAnswered {
  readonly barrierId: string
  readonly provenThroughMs: number
  /** Names the last time that this store was set back, by the barrier that showed it; null for never. */
  readonly rewindId: string | null
  /** The earliest time that a proof had to go back to because of that, of all times that it was set back. */
  readonly rewoundMs: number | null
  /** The last barrier whose answer the publisher has heard, as its barriers told; null for none. */
  readonly heardId: string | null
  /** Barriers after that one that were answered. */
  readonly unheardIds: readonly string[]
}

export interface ReceiptStore {
  /** Of what the subscription has received of this source, whatever became of it; one for each range. */
  digests(subscription: string, source: string, ranges: readonly TimeRange[]): Promise<readonly RangeDigests[]>
  /** By id, at most `limit`. */
  received(subscription: string, source: string, range: TimeRange, limit: number): Promise<readonly EventKey[]>
  /** Of these ids, those that the subscription has not received. */
  absent(subscription: string, ids: readonly string[]): Promise<readonly string[]>
  unsettled(subscription: string): Promise<{ readonly retrying: number; readonly parked: number }>
  lastAnswered(subscription: string, source: string): Promise<LastAnswered | null>
  /** Remembers that the barrier was answered, and the rest unless a later one is remembered. */
  answered(subscription: string, source: string, last: Omit<LastAnswered, 'unheardIds'>): Promise<void>
  /**
   * An instance that consumes the subscription's queue says that it has settled all it was given before `settledThroughMs` (null:
   * says only that it lives, and begins now), and learns the time of the database.
   */
  report(subscription: string, instance: string, settledThroughMs: number | null): Promise<number>
  /** The least `settledThrough` of the other instances seen within `aliveMs`; null when there is none. */
  othersSettledMs(subscription: string, instance: string, aliveMs: number): Promise<number | null>
  leave(subscription: string, instance: string): Promise<void>
}
