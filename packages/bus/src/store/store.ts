import type { BulkStore } from './bulk.ts'
import type { BlockedEntity, BlockedFilter, FailureOrder, OrderStore } from './order.ts'
import type { ReconciliationStore, TimeRange } from './reconciliation.ts'
import type { SampleReads } from './samples.ts'
import type { WatchStore } from './watch.ts'

/**
 * What the bus needs from a service's database. PostgreSQL and SQLite implement it; one conformance suite runs on both.
 *
 * All times are decided by the database's clock (SQLite: the machine's): callers pass delays in milliseconds, never
 * points in time, so that two instances with different clocks agree on what is due.
 */
export interface Store<Tx extends Sql = Sql> {
  readonly kind: 'postgres' | 'sqlite'
  /** Opens connections and checks the schema's version. Throws STORE_UNAVAILABLE, STORE_INVALID, STORE_FORBIDDEN,
   * STORE_NOT_MIGRATED, STORE_TOO_NEW. */
  start(): Promise<void>
  /** Waits for running transactions, then closes what start() opened. Safe to call twice. */
  stop(): Promise<void>
  /** Resolves when the database answers, rejects with STORE_UNAVAILABLE otherwise. */
  ping(): Promise<void>
  /**
   * Runs one statement outside every transaction: for reading. On SQLite it cannot write, and sees what is committed.
   */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }>
  /** True for an error that says "the database is away", as opposed to "this statement is wrong". */
  isUnavailable(error: unknown): boolean

  /**
   * Runs `work` in one transaction: commits when it resolves, rolls back when it rejects. The handle is dead afterwards
   * (TRANSACTION_CLOSED). Throws COMMIT_UNKNOWN when the connection was lost while committing.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>
  /**
   * Runs `work` behind a savepoint of `tx`: when it rejects, its effects alone are undone and the error is rethrown, and
   * the transaction goes on. The handle given to `work` is dead once `work` has settled.
   */
  savepoint<T>(tx: Tx, work: (tx: Tx) => Promise<T>): Promise<T>

  readonly migrations: Migrations
  readonly outbox: OutboxStore
  readonly inbox: InboxStore<Tx>
  readonly leases: LeaseStore
  readonly subscriptions: SubscriptionStore
  readonly messages: MessageReads
  readonly failures: FailureReads
  readonly depths: DepthReads
  readonly samples: SampleReads
  readonly watches: WatchStore
  readonly actions: ActionStore
  readonly bulk: BulkStore
  readonly reconciliation: ReconciliationStore
  readonly order: OrderStore<Tx>

  /** Makes the partitions that will be needed soon and drops what is older than the retention and settled. */
  maintain(retention: Retention): Promise<MaintenanceReport>
}

/**
 * The one thing a transaction must be able to do. Placeholders are $1, $2, … on every database. A `pg` client inside
 * BEGIN … COMMIT fits as it is; other libraries through `@warren/bus/adapters/*`.
 */
export interface Sql {
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }>
}

export interface TransactionOptions {
  /** A statement, and a wait for a lock, that takes longer fails. Default: the database's own setting. */
  readonly statementTimeoutMs?: number
}

// ── Migrations ───────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Migrations {
  /**
   * Applies what is missing, one after the other, under a lock, and returns the names of what was applied. Throws
   * STORE_FORBIDDEN, with the SQL that helps, when the database user may not.
   */
  migrate(): Promise<readonly string[]>
  status(): Promise<readonly MigrationStatus[]>
  /** The statements of all migrations in order, for those who run them with a tool of their own. */
  sql(): string
}

export interface MigrationStatus {
  /** `0001_initial` */
  readonly name: string
  /** null when it has not been applied. */
  readonly appliedAt: Date | null
}

// ── Outbox ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface NewEvent {
  /** UUIDv7; its time is the event's minute. */
  readonly id: string
  readonly name: string
  readonly entityId: string
  /** The service that publishes. */
  readonly source: string
  /** JSON text, exactly as it goes into the message body. */
  readonly payload: string
  /** Trace context, correlation id and the caller's own headers. */
  readonly headers: Readonly<Record<string, string>>
  /** True: it is no fault when no queue takes it. */
  readonly isOptional: boolean
  /** Hash of the entity id, 0 to BUCKETS - 1: what relays share among themselves. */
  readonly bucket: number
  /** `order/4711`, of an event whose entity is ordered: sent after all earlier ones of it. */
  readonly orderKey?: string
}

/**
 * - `pending`: written, to be sent when due. Entered by append() and release(); left by confirm() or reschedule().
 * - `unroutable`: the broker took it and no queue did. Entered by reschedule(); left by release() or confirm().
 * - `unpublishable`: the broker refuses this very message. Entered by reschedule(); left by release() alone.
 */
export type PendingState = 'pending' | 'unroutable' | 'unpublishable'

export interface PendingEvent extends NewEvent {
  readonly createdAt: Date
  readonly state: PendingState
  /** How often it was sent in vain. */
  readonly attempts: number
}

export interface Reschedule {
  readonly id: string
  readonly state: PendingState
  readonly delayMs: number
  /** `CODE: message` */
  readonly error: string
}

export interface OutboxStore {
  /** Adds ledger rows and their pending rows in the caller's transaction, in one statement. */
  append(tx: Sql, events: readonly NewEvent[]): Promise<void>
  /** Of these ids, the ones in the ledger. Tells after a lost connection whether a commit went through. */
  present(ids: readonly string[]): Promise<readonly string[]>
  /**
   * Events in state `pending` that are due, of these buckets, without these ids; ordered by id, which of one ordered entity is the
   * order of their commits. Without those of an ordered entity of which an earlier one waits for another attempt. Takes no lock.
   */
  claim(request: {
    readonly buckets: readonly number[]
    readonly exclude: readonly string[]
    /** Ordered entities that are left out. */
    readonly excludeOrders?: readonly string[]
    readonly limit: number
  }): Promise<readonly PendingEvent[]>
  /**
   * Removes the pending rows: the events are sent. Unknown ids are ignored. Those whose id is older than what a barrier has
   * asked for already are remembered as late (ProofStore.reopenLate).
   */
  confirm(ids: readonly string[]): Promise<void>
  /** Counts an attempt, sets state, error, and due = now + delay. Unknown ids are ignored. */
  reschedule(changes: readonly Reschedule[]): Promise<void>
  /** Of each name that has due unroutable events in these buckets, the oldest one: to ask whether a queue takes it now. */
  probes(buckets: readonly number[]): Promise<readonly PendingEvent[]>
  /** Makes events pending and due at once, by id, or every unroutable one of a name. Returns how many. */
  release(which: { readonly ids: readonly string[] } | { readonly name: string }): Promise<number>
  backlog(): Promise<OutboxBacklog>
}

export interface OutboxBacklog {
  readonly pending: number
  readonly unroutable: number
  readonly unpublishable: number
  /** Creation of the oldest event in state `pending`. */
  readonly oldestPendingAt: Date | null
}

// ── Inbox ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * - `handled`: the handler's transaction committed, with this row in it. Final.
 * - `retrying`: it failed and is due again. Entered by fail() and retry; left by resolve(), fail() or discard.
 * - `parked`: it waits for a person. Entered by fail(); left by retry or discard.
 * - `discarded`: a person decided that it will not be handled. Final.
 */
export type InboxStatus = 'handled' | 'retrying' | 'parked' | 'discarded'

export interface ReceivedMessage {
  readonly id: string
  readonly name: string
  readonly source: string
}

export interface NewFailure {
  readonly subscription: string
  readonly messageId: string
  readonly name: string
  readonly entityId: string
  readonly source: string
  /** The message body as text; base64 when `encoding` says so (it was not valid UTF-8). */
  readonly payload: string
  readonly encoding: 'utf8' | 'base64'
  /** Everything but the body that is needed to hand the message to a handler again. */
  readonly headers: Readonly<Record<string, string>>
  readonly state: 'retrying' | 'parked'
  /** How often the handler was tried and failed, this one included; 0 when it was never tried. */
  readonly attempts: number
  /** Until it is due again; ignored for `parked`. */
  readonly delayMs: number
  readonly error: FailureError
  /** Null or absent: it has no place in an order, or none any more. */
  readonly order?: FailureOrder | null
  /** When its handler ran, by the monotonic clock of this process, `performance.now()`. Absent: none was called. */
  readonly ran?: { readonly beganMs: number; readonly endedMs: number }
}

export interface FailureError {
  /** An ErrorCode, or the error's own `code` when it has one. */
  readonly code: string
  /** Class of the error: `TypeError`. */
  readonly type: string
  readonly message: string
  readonly stack: string
  /** Same cause, same fingerprint: error type and first stack frame of the service's own code. */
  readonly fingerprint: string
}

export interface Failure extends NewFailure {
  /** How often a person has changed its payload. */
  readonly edits: number
  readonly firstFailedAt: Date
  readonly lastFailedAt: Date
  /** null for `parked`. */
  readonly dueAt: Date | null
}

/**
 * One attempt to handle a message that failed, or a failure of a message that no handler was called for. The newest 50 of a message and
 * subscription are kept, for as long as its row in the inbox.
 */
export interface FailedAttempt {
  readonly subscription: string
  /** Which one it was; counted anew when a person retries. Where no handler was called, how many there were before. */
  readonly attempt: number
  /** Null: no handler was called. */
  readonly beganAt: Date | null
  /** Null: nobody wrote down how it ended, because its process died or lost its store. */
  readonly endedAt: Date | null
  /** What was decided: it is tried again, or waits for a person. */
  readonly state: 'retrying' | 'parked'
  /** Null where it is not known how it ended. */
  readonly error: Pick<FailureError, 'code' | 'type' | 'message'> | null
}

export interface InboxStore<Tx extends Sql = Sql> {
  /**
   * Inserts the messages as `handled` and returns the ids that were not there before; the others are duplicates. Waits
   * for a concurrent insert of the same id. Inserts in the order of the ids, so that two batches cannot deadlock.
   */
  receive(tx: Tx, subscription: string, messages: readonly ReceivedMessage[]): Promise<ReadonlySet<string>>
  /** Undoes receive() for messages that this transaction will not come to, so that it can commit without them. */
  forget(tx: Tx, subscription: string, messageIds: readonly string[]): Promise<void>
  /**
   * Sets the inbox status to the failure's state, inserts or updates the failure row (first failure time is kept), and writes the attempt
   * down, unless it only waits for its turn.
   */
  fail(tx: Tx, failures: readonly NewFailure[]): Promise<void>
  /**
   * Counts one start of a redelivered message in a transaction of its own, and returns the count with this one: it
   * survives a process that dies in the handler. The start before it never ended, and is written down as an attempt.
   */
  countStart(subscription: string, messageId: string): Promise<number>
  /** Counts a start of those that have none, in a transaction of its own, and returns their ids. */
  countFirstStarts(subscription: string, messageIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Forgets the starts; in the transaction that settles the message. */
  clearStarts(tx: Tx, subscription: string, messageIds: readonly string[]): Promise<void>
  /**
   * Takes due failures in state `retrying`: counts an attempt and moves `due` by `leaseMs`, committed before it
   * returns, so that another instance leaves them alone and a crash is counted. Ordered by due time. An attempt of which nobody said
   * how it ended is written down.
   */
  claimRetries(
    subscription: string,
    request: { readonly limit: number; readonly leaseMs: number },
  ): Promise<readonly Failure[]>
  /** Milliseconds until the next retry of the subscription is due (0 when one is due now); null when there is none. */
  nextRetryInMs(subscription: string): Promise<number | null>
  /**
   * The retry succeeded: status `handled`, failure row gone; in the handler's transaction. False when the failure is no
   * longer `retrying` (a person discarded it meanwhile, or another instance resolved it): then roll back.
   */
  resolve(tx: Tx, subscription: string, messageId: string): Promise<boolean>
  /**
   * Locks a failure that was claimed, in the transaction that settles it. False when it is gone, or a person has changed its payload
   * since: what the handler made of the old one is to count for nothing.
   */
  isCurrent(tx: Tx, failure: Pick<Failure, 'subscription' | 'messageId' | 'edits'>): Promise<boolean>
  /** Gives a claimed retry back: due after `delayMs`, and the attempt that claimRetries() counted is not counted. */
  unclaim(subscription: string, messageIds: readonly string[], delayMs: number): Promise<void>
}

// ── Leases ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Lease {
  readonly name: string
  readonly owner: string
  /** Grows by one each time the lease changes hands. */
  readonly epoch: number
  readonly isExpired: boolean
}

export interface LeaseStore {
  /** Renews what `owner` holds and takes what is free or expired, of these names; returns the names now held. */
  acquire(group: string, names: readonly string[], owner: string, ttlMs: number): Promise<readonly string[]>
  release(group: string, names: readonly string[], owner: string): Promise<void>
  list(group: string): Promise<readonly Lease[]>
}

// ── Subscriptions ────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SubscriptionRecord {
  readonly name: string
  readonly service: string
  readonly patterns: readonly string[]
  readonly queue: string
}

export interface AnnouncedSubscription extends SubscriptionRecord {
  readonly activeFrom: Date
  readonly lastSeenAt: Date
  readonly paused: Pause | null
}

/** What became of the messages of a subscription, but for those that are handled. */
export interface SubscriptionTally {
  /** False: it was counted no further. */
  readonly isExact: boolean
  readonly retrying: number
  readonly parked: number
  readonly discarded: number
  readonly lastHandledAt: Date | null
}

/** A person has stopped the handling of a subscription: its events wait in its queue, and its retries in its store. */
export interface Pause {
  readonly at: Date
  readonly by: string
}

export interface PauseChange {
  /** As it is now. */
  readonly pause: Pause | null
  /** False when it was so before. */
  readonly isChanged: boolean
}

/** When a subscription began, by the clock of its store. */
export interface Standing {
  readonly activeFrom: Date
  /** The bindings of its present patterns stand since then. */
  readonly patternsSince: Date
  /** Those of the patterns before them stood since then; null when there were none. */
  readonly previousSince: Date | null
  /** When its queue had to be made anew although it had been there before. */
  readonly queueCreatedAt: Date | null
}

export interface SubscriptionStore {
  /** Inserts or updates; `activeFrom` is kept from the first time. */
  announce(subscription: SubscriptionRecord): Promise<void>
  /**
   * Its queue and bindings stand on the broker now, with these patterns. `isNewQueue`: the queue was not there. Null when it
   * was never announced.
   */
  stand(name: string, patterns: readonly string[], isNewQueue: boolean): Promise<Standing | null>
  /** What was announced last; null for a name that never was. */
  find(name: string): Promise<SubscriptionRecord | null>
  /** By name. */
  list(): Promise<readonly AnnouncedSubscription[]>
  /**
   * Reads what is not handled, each state as far as `countUpTo`; default: all of it. Zeros for a name that was never
   * announced.
   */
  tally(name: string, countUpTo?: number): Promise<SubscriptionTally>
  /** How many messages it has handled, of those that the inbox still knows. Counts the inbox: seconds for ten million entries. */
  countHandled(name: string): Promise<number>
  /** Null when it is not paused, and for a name that was never announced. Cheap: every instance reads it every second. */
  pauseOf(name: string): Promise<Pause | null>
  /**
   * Stops the handling of a subscription until resume(): instances of its service see it within a second, and those that start later
   * find it so. Writes the action log. Null when it was never announced.
   */
  pause(name: string, actor: string): Promise<PauseChange | null>
  /** Ends a pause; writes the action log. Null when it was never announced. */
  resume(name: string, actor: string): Promise<PauseChange | null>
}

// ── Reading and acting: the terminal and the page ────────────────────────────────────────────────────────────────────

export type SentState = 'sent' | PendingState

export interface SentMessage {
  readonly id: string
  readonly name: string
  readonly entityId: string
  readonly source: string
  readonly payload: string
  readonly headers: Readonly<Record<string, string>>
  readonly createdAt: Date
  readonly state: SentState
  readonly attempts: number
  readonly error: string | null
}

export interface InboxEntry {
  readonly subscription: string
  readonly messageId: string
  readonly name: string
  readonly source: string
  readonly status: InboxStatus
  readonly receivedAt: Date
  /** Set when the status became final. */
  readonly settledAt: Date | null
  readonly failure: Failure | null
}

/** All conditions given must hold. Newest first; `before` is the id of the last row of the page before. */
export interface MessageFilter {
  /** Exact event name. */
  readonly name?: string
  readonly entityId?: string
  readonly since?: Date
  readonly until?: Date
  readonly before?: string
  /** The least id that is looked at. */
  readonly downTo?: string
  /** Default 50. */
  readonly limit?: number
}

/** So many rows, from below `before`, or from the newest; of messages that were published at that time. */
export interface Depth {
  readonly before?: string | undefined
  readonly since?: Date | undefined
  readonly until?: Date | undefined
  readonly rows: number
}

/**
 * The id of the row that is so many rows down; null when there are not so many. What no index is for is searched down to
 * there, and further when a person wants to: a search through ten million rows answers again and again.
 */
export interface DepthReads {
  sent(depth: Depth): Promise<string | null>
  /** Of one subscription, or of all: then it is so many rows in all, or fewer. */
  received(depth: Depth, subscription?: string): Promise<string | null>
  /** `until`: that failed before then. */
  failures(depth: Omit<Depth, 'since'>, subscription?: string): Promise<string | null>
}

export interface MessageReads {
  /** Published events of the ledger. */
  sent(filter: MessageFilter & { readonly state?: SentState }): Promise<readonly SentMessage[]>
  /** What subscriptions of this store have received. */
  received(
    filter: Omit<MessageFilter, 'entityId'> & { readonly subscription?: string; readonly status?: InboxStatus },
  ): Promise<readonly InboxEntry[]>
  /** One event on both sides, as far as this store knows it. */
  trace(id: string): Promise<{ readonly sent: SentMessage | null; readonly received: readonly InboxEntry[] }>
  /**
   * Makes events that are not sent pending and due at once, by id, or every unroutable one of a name, and writes the action
   * log (with no subscription), in one transaction: the relay of the owning service sends them. Returns how many.
   */
  retry(which: { readonly ids: readonly string[] } | { readonly name: string }, actor: string): Promise<number>
}

export interface FailureFilter {
  readonly subscription?: string
  readonly messageId?: string
  readonly name?: string
  readonly entityId?: string
  readonly fingerprint?: string
  readonly state?: 'retrying' | 'parked'
  readonly since?: Date
  readonly until?: Date
}

export interface FailureGroup {
  readonly subscription: string
  readonly fingerprint: string
  readonly type: string
  /** Message of the newest failure of the group. */
  readonly message: string
  readonly retrying: number
  readonly parked: number
  /** False: it was counted no further, and there may be more. */
  readonly isExact: boolean
  readonly firstFailedAt: Date
  readonly lastFailedAt: Date
}

export interface FailureTrends {
  /** The first bucket in which all failures were looked at; as many as there are buckets when there is none. */
  readonly firstKnown: number
  /** Causes that have failures in the range. Null in the buckets before `firstKnown`. */
  readonly groups: readonly {
    readonly subscription: string
    readonly fingerprint: string
    readonly counts: readonly (number | null)[]
  }[]
}

/** `changed`: it has another payload by now. `unknown`: there is no such failure, or no more. */
export type EditOutcome = 'edited' | 'changed' | 'unknown'

export interface FailureReads {
  /**
   * Newest message first; `before` is the message id of the last row of the page before. Rows of one message stay on one
   * page, so a page may be longer than `limit` (default 50). A failure that fails again meanwhile keeps its place.
   */
  list(filter: FailureFilter & Pick<MessageFilter, 'before' | 'downTo' | 'limit'>): Promise<readonly Failure[]>
  /**
   * By subscription and cause, the largest first. With `countUpTo` at a cost that does not grow with the failures: about so many are
   * counted in all, and with a filter by more than subscription and state the newest quarter as many are looked at; `firstFailedAt` is that of the oldest
   * message then, and `message` that of the newest.
   */
  groups(filter: FailureFilter, countUpTo?: number): Promise<readonly FailureGroup[]>
  /**
   * Of each cause, how many failures there are of events that were published in each of so many equal parts of the range. Looks at the
   * newest `most` failures alone, so that it costs the same however many there are.
   */
  trends(range: TimeRange, buckets: number, most: number): Promise<FailureTrends>
  /** What failed of a message, at all subscriptions of this store, also when it is handled by now; oldest first. */
  attempts(messageId: string): Promise<readonly FailedAttempt[]>
  /**
   * Makes parked and retrying failures due at once, with their attempts counted anew, and writes the action log, in one
   * transaction: the owning service picks the rows up. Returns how many.
   */
  retry(filter: FailureFilter, actor: string): Promise<number>
  /**
   * Gives a failure another payload and makes it due at once, with its attempts counted anew: the same message, in the same place of
   * its order. `original` is what the person has changed. Writes the action log, with both. Who handles the old payload at that moment
   * settles nothing.
   */
  edit(
    failure: Pick<Failure, 'subscription' | 'messageId'>,
    payloads: { readonly original: string; readonly edited: string },
    actor: string,
  ): Promise<EditOutcome>
  /** Entities of ordered subscriptions of which events wait for an earlier one; those with the most first. */
  blocked(filter: BlockedFilter): Promise<readonly BlockedEntity[]>
  /**
   * Sets failures aside that hold up their entity: they stay parked, and those behind them go on; a retry handles them out of
   * their order. The first event that waits for one that was never received goes on without it. Writes the action log. Returns
   * how many.
   */
  release(filter: FailureFilter, actor: string): Promise<number>
  /**
   * Gives up on failures: status `discarded`, failure rows gone, payloads kept in the action log. Events of an ordered entity
   * that waited for them go on. Returns how many.
   */
  discard(filter: FailureFilter, actor: string): Promise<number>
}

// ── The action log: who did what ─────────────────────────────────────────────────────────────────────────────────────

export interface NewAction {
  /** Who: `rabbitmq:anna`, a name of the operating system. */
  readonly actor: string
  /** `retry`, `discard`, `retire`, … */
  readonly action: string
  readonly subscription: string | null
  readonly messageId: string | null
  readonly details: object
}

export interface ActionEntry extends Omit<NewAction, 'details'> {
  /** Grows with each entry of a store. */
  readonly id: string
  readonly at: Date
  /** Of a message that was given up, its payload as well. */
  readonly details: unknown
}

/** All conditions given must hold. */
export interface ActionFilter {
  readonly actor?: string
  readonly action?: string
  readonly since?: Date
  /** Exclusive. */
  readonly until?: Date
  readonly subscription?: string
  readonly messageId?: string
  /** The id of the last entry of the page before. */
  readonly before?: string
  /** The id of the oldest entry that is asked for. */
  readonly from?: string
  /** Default 100. */
  readonly limit?: number
}

/** What somebody did at once: one entry, or one for each message that it was done to. This is the newest of them. */
export interface ActionGroup extends ActionEntry {
  /** The id of the oldest. */
  readonly from: string
  readonly entries: number
  /** There may be more of it, which were not looked at: they begin the next page. */
  readonly isCut: boolean
}

export interface ActionStore {
  /** Newest first. */
  list(filter: ActionFilter): Promise<readonly ActionEntry[]>
  /**
   * The same, grouped: entries about messages, by the same person, of the same action and subscription, each within a second of
   * the one before. `limit` counts groups; `before` is the `from` of the last one. Looks at no more than 5,000 entries.
   */
  listGroups(filter: ActionFilter): Promise<readonly ActionGroup[]>
  /** Notes what is done elsewhere than in this store, before it is done; what acts on its rows notes itself. */
  write(entry: NewAction): Promise<void>
}

// ── Retention ────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Retention {
  /** Default 30. */
  readonly outboxDays: number
  /** Default 30; must outlast retries, parking and the longest backlog. */
  readonly inboxDays: number
}

export interface MaintenanceReport {
  /** Partitions made, or on SQLite nothing. */
  readonly created: readonly string[]
  /** Partitions dropped, or on SQLite `outbox: 123 rows`. */
  readonly removed: readonly string[]
  /** What is old enough but still needed, and why. */
  readonly kept: readonly { readonly what: string; readonly why: string }[]
}
