/**
 * What is done about missing events, which are found, told and listed in any case:
 * - `auto`: they are resent.
 * - `report`: those are resent that a person asks for.
 * - `off`: nothing is resent, whoever asks. What was asked for waits for another mode.
 */
export type CompensationMode = 'auto' | 'report' | 'off'

/** What a person may set of compensation while the service runs; named and meant as in ReconcileOptions, `share` and `minPerSecond` of its budget. */
export interface CompensationSettings {
  readonly mode: CompensationMode
  readonly share: number
  readonly minPerSecond: number
  readonly maxMissingShare: number
  readonly minMissing: number
  readonly maxUnansweredMs: number
}

/** Null: what the code says again, or what is set for all. */
export type CompensationChanges = {
  readonly [Setting in keyof CompensationSettings]?: CompensationSettings[Setting] | null
}

/** What a person has set. */
export interface CompensationOverride {
  readonly set: Partial<CompensationSettings>
  /** Of the last change. */
  readonly by: string
  readonly atMs: number
}

export interface CompensationRows {
  /** Null until a process of the service has reconciled that writes it down. */
  readonly code: CompensationSettings | null
  readonly all: CompensationOverride | null
  readonly ones: ReadonlyMap<string, CompensationOverride>
}

/**
 * Why nothing is resent but a trial.
 * - `off`: the mode.
 * - `held`: a person holds it open.
 * - `unanswered`: what a resend does could not be seen.
 * - `share`: so much seems missing that the way of receipts may be broken.
 */
export type BreakerCause = 'off' | 'held' | 'unanswered' | 'share'

/**
 * What a person tells the breaker of one subscription:
 * - `hold`: stay open. Left by another order, or when it is released.
 * - `close`: resend, however much seems missing. Left when nothing is missing.
 * - `try`: forget how the last trial ended and try a few again. Left when the trial begins, or the breaker is closed.
 *
 * None of them overrules the mode `off`, or a barrier that is not answered.
 */
export type BreakerOrder = 'hold' | 'close' | 'try'

export interface OrderedBreaker {
  readonly order: BreakerOrder
  readonly by: string
  readonly atMs: number
}

/** What a publisher's reconciler works with, and how people change that while it runs: it looks every second. */
export interface CompensationStore {
  list(): Promise<CompensationRows>
  /** Writes down what the code of this service says. */
  declare(settings: CompensationSettings, service: string): Promise<void>
  /** For one subscription, or for all (null): changes what is given; writes the action log before. */
  set(subscription: string | null, changes: CompensationChanges, actor: string): Promise<void>
  /** Removes all that is set there; writes the action log before. False when nothing is. */
  reset(subscription: string | null, actor: string): Promise<boolean>
  /** Null: forgets the order that stands. Writes the action log before. False when it stands already, or the subscription is not known. */
  order(subscription: string, order: BreakerOrder | null, actor: string): Promise<boolean>
  /** Forgets an order that has done its work, unless another was given meanwhile. */
  fulfil(subscription: string, order: OrderedBreaker): Promise<void>
  /** How many events were resent since then, to ten seconds; of each subscription to which any were. It is kept for two hours. */
  resentSince(sinceMs: number): Promise<ReadonlyMap<string, number>>
}
