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
