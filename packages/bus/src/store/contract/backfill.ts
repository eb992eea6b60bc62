import type { StoredEvent, TimeRange } from './reconciliation.ts'

/**
 * - `running`: entered when it is requested, and by resume(). The leader of the publishing service sends its events. Left by
 *   every other state.
 * - `paused`: a person asked for it. Left by resume() or cancel().
 * - `done`: every event is confirmed. Final.
 * - `cancelled`: a person gave it up. Final.
 * - `failed`: it cannot go on, and `error` says why. Left by resume() or cancel().
 */
export type BackfillState = 'running' | 'paused' | 'done' | 'cancelled' | 'failed'

/**
 * What a running backfill gives way to.
 * - `relay`: events wait for their first sending.
 * - `queue`: messages wait in the subscription's queue.
 * - `broker`: events were not confirmed, or there is no connection.
 */
export type BackfillHold = 'relay' | 'queue' | 'broker'

export interface Backfill {
  /** UUIDv7. */
  readonly id: string
  readonly subscription: string
  readonly patterns: readonly string[]
  /** Of the ledger's events that match, whether they lie in the range or not; null until they are counted. */
  readonly names: readonly string[] | null
  readonly range: TimeRange
  /** Events per second; null: the default. */
  readonly rate: number | null
  readonly state: BackfillState
  /** Every matching event up to this one is confirmed by the broker; null when none is. */
  readonly cursor: string | null
  /** Counted at the start, with what was not sent then; null until it is. */
  readonly total: number | null
  readonly sent: number
  /** Events per second, of late; null before the first. */
  readonly pace: number | null
  readonly heldBy: BackfillHold | null
  readonly error: string | null
  readonly requestedBy: string
  readonly requestedMs: number
  readonly updatedMs: number
}

export interface BackfillRequest {
  readonly subscription: string
  readonly patterns: readonly string[]
  readonly range: TimeRange
  readonly rate: number | null
  readonly requestedBy: string
  /** What was counted already; null: the service counts. */
  readonly counted: { readonly names: readonly string[]; readonly total: number } | null
}

export interface BackfillProgress {
  /** Of the last event that is confirmed with all before it. */
  readonly cursor: string
  /** How many more are confirmed. */
  readonly sent: number
  readonly pace: number
}

/** All conditions given must hold. */
export interface BackfillFilter {
  readonly subscription?: string
  readonly states?: readonly BackfillState[]
  /** Default 100. */
  readonly limit?: number
}

export type BackfillAction = 'pause' | 'resume' | 'cancel'

/** What a publisher's database knows of its backfills. Written by those who ask for them, and by the one that sends. */
export interface BackfillStore {
  /** Writes the action log, too. */
  request(request: BackfillRequest): Promise<Backfill>
  find(id: string): Promise<Backfill | null>
  /** The latest first. */
  list(filter?: BackfillFilter): Promise<readonly Backfill[]>
  /**
   * Pauses what runs, resumes what is paused or failed, cancels what is not over; writes the action log. Null: there is no such backfill.
   * `isChanged` is false when its state does not allow it, or asks for nothing.
   */
  act(
    id: string,
    action: BackfillAction,
    actor: string,
  ): Promise<{ readonly backfill: Backfill; readonly isChanged: boolean } | null>

  /** Ids and names are of the ledger; a range without events costs a look into its index. */
  count(range: TimeRange): Promise<ReadonlyMap<string, number>>
  /** The time in the id of the ledger's oldest event from then on; null when there is none. */
  oldestMs(fromMs: number): Promise<number | null>
  counted(id: string, counted: { readonly names: readonly string[]; readonly total: number }): Promise<void>
  /**
   * The next events after the cursor that are sent, by id. None at or after `beforeMs`: what waits there for its first
   * sending may be confirmed while it looks unsent.
   */
  next(
    backfill: Pick<Backfill, 'names' | 'range' | 'cursor'>,
    request: { readonly beforeMs: number; readonly limit: number },
  ): Promise<readonly StoredEvent[]>
  /**
   * Moves the cursor, committed before it returns, whatever the state has become: what is confirmed is confirmed. Null when the cursor
   * is not where the caller has left it: another process sends.
   */
  advance(backfill: Pick<Backfill, 'id' | 'cursor'>, progress: BackfillProgress): Promise<Backfill | null>
  /** Says what it gives way to, and returns what has become of it; null when it is gone. */
  hold(id: string, heldBy: BackfillHold | null, error: string | null): Promise<Backfill | null>
  /** Ends one that runs. */
  end(id: string, state: 'done' | 'failed', error: string | null): Promise<void>
}
