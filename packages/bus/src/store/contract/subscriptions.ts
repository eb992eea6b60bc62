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
