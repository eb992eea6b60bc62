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
