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
