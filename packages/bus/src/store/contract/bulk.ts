import type { FailureFilter } from './failures.ts'

/** What a person decides about failures. */
export type FailureAction = 'retry' | 'discard' | 'release'

/**
 * - `running`: entered when it is begun, and by resume. Whoever runs it does one chunk after the other. Left by every other state.
 * - `done`: every failure that it is about was looked at. Final.
 * - `cancelled`: a person gave it up. What is done is done. Final.
 * - `failed`: it cannot go on, or nobody has gone on with it for long; `error` says why. Left by resume or cancel.
 */
export type BulkState = 'running' | 'done' | 'cancelled' | 'failed'

/** Something that is done to many failures, in chunks. */
export interface BulkAction {
  /** UUIDv7. */
  readonly id: string
  readonly action: FailureAction
  readonly filter: FailureFilter
  readonly state: BulkState
  /** Counted when it began. Fewer are done where handlers or other people were faster. */
  readonly total: number
  readonly done: number
  /** Failures per second, of late; null before the first chunk. */
  readonly pace: number | null
  readonly error: string | null
  readonly requestedBy: string
  readonly requestedMs: number
  readonly updatedMs: number
}

export interface BulkRequest {
  readonly action: FailureAction
  readonly filter: FailureFilter
  readonly requestedBy: string
}

/**
 * Actions on more failures than one transaction should hold: each chunk is a transaction of its own, with its entries in the action
 * log and with how far the action has come. A process that dies leaves whole chunks behind, and another one goes on from there: each
 * failure is acted on once. What first failed after the action began is not touched; nor, with a condition on the state, what has
 * failed again since.
 */
export interface BulkStore {
  /** How many failures the action is for, counted up to `most`. */
  count(action: FailureAction, filter: FailureFilter, most: number): Promise<number>
  /** Writes it down, and into the action log; acts on nothing yet. One that runs already with the same conditions is returned instead. */
  begin(request: BulkRequest): Promise<BulkAction>
  /**
   * Does the next chunk of one that runs, and returns it as it is then; as it is, where it does not run. Null when there is none of
   * that id. Two callers at once do two chunks, one after the other.
   */
  step(id: string, chunk: { readonly limit: number; readonly pace: number | null }): Promise<BulkAction | null>
  find(id: string): Promise<BulkAction | null>
  /** Newest first. `limit`: default 100. */
  list(filter: { readonly states?: readonly BulkState[]; readonly limit?: number }): Promise<readonly BulkAction[]>
  /** Writes the action log. Null when there is none of that id; `isChanged` false when its state does not allow it. */
  act(
    id: string,
    action: 'resume' | 'cancel',
    actor: string,
  ): Promise<{ readonly bulk: BulkAction; readonly isChanged: boolean } | null>
  /** Ends one that runs and cannot go on. */
  fail(id: string, error: string): Promise<void>
}
