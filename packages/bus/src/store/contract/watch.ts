import type { MissingState, TimeRange } from './reconciliation.ts'
import type { InboxStatus } from './inbox.ts'

/** What a watch wants to be done about missing events that it is about. Null: what the service says. */
export type WatchCompensation = 'auto' | 'off' | null

/** More than so many are an alarm; null: no number is. */
export interface WatchAlarm {
  /** Missing at any subscription, and not resent. */
  readonly maxMissing: number | null
  /** Parked at any subscription. */
  readonly maxParked: number | null
  /** How long an event may go unhandled. */
  readonly maxUnhandledMs: number | null
}

export interface NewWatch {
  readonly name: string
  /** Of the names of its events; one of them has to match. */
  readonly patterns: readonly string[]
  /** Empty: of all entities. */
  readonly entityIds: readonly string[]
  /** By the time in the events' ids; included. Null: from the first one on. */
  readonly fromMs: number | null
  /** Excluded. Null: it has no end. */
  readonly toMs: number | null
  readonly alarm: WatchAlarm
  readonly compensation: WatchCompensation
}

/** A saved filter of events, with its own counts, its own alarm, and its own word on compensation. */
export interface Watch extends NewWatch {
  readonly createdBy: string
  readonly createdMs: number
  readonly changedBy: string
  readonly changedMs: number
}

export interface WatchStore {
  /** By name. */
  list(): Promise<readonly Watch[]>
  /** Adds it, or puts it in the place of the one with this name; writes the action log. */
  save(watch: NewWatch, actor: string): Promise<'added' | 'changed'>
  /** Writes the action log. False when there is none with this name. */
  remove(name: string, actor: string): Promise<boolean>
  readonly reads: WatchReads
}

export interface UnhandledCount {
  readonly name: string
  readonly status: Exclude<InboxStatus, 'handled'>
  readonly count: number
  /** The time in the id of the oldest. */
  readonly oldestMs: number
}

export interface MissingCount {
  readonly subscription: string
  readonly name: string
  readonly state: Extract<MissingState, 'suspect' | 'missing' | 'gave-up'>
  readonly count: number
  /** Of these, those that were never resent. */
  readonly unresent: number
}

/** One event of an entity that a watch is about. */
export interface WatchedEvent {
  readonly id: string
  readonly name: string
  readonly isSent: boolean
}

/**
 * What watches count. Each reads the rows of a time range through the primary key or an index, so that it costs what is in the range;
 * events of the ledger are counted by BackfillStore.count().
 */
export interface WatchReads {
  /** The time in the id of the newest event of the ledger in the range; null when there is none. Cheap. */
  latestMs(range: TimeRange): Promise<number | null>
  /** Of the range, events that the relay still has to send, or cannot, by name. */
  unsent(range: TimeRange): Promise<ReadonlyMap<string, number>>
  /** What the subscription has received of the range, whatever became of it, by name. */
  received(subscription: string, range: TimeRange): Promise<ReadonlyMap<string, number>>
  /** What of that is not handled; costs what is not handled. */
  unhandled(subscription: string, range: TimeRange): Promise<readonly UnhandledCount[]>
  /** Of all subscriptions, what is missing of the range and not settled. */
  missing(range: TimeRange): Promise<readonly MissingCount[]>
  /** Events of these entities, the newest first. */
  eventsOf(entityIds: readonly string[], range: TimeRange, limit: number): Promise<readonly WatchedEvent[]>
  /** Of these ids, those that the subscription has received. */
  statuses(subscription: string, ids: readonly string[]): Promise<ReadonlyMap<string, InboxStatus>>
}
