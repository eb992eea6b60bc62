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
