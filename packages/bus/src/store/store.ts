import type { ActionStore } from './contract/actions.ts'
import type { BulkStore } from './contract/bulk.ts'
import type { DepthReads } from './contract/depths.ts'
import type { FailureReads } from './contract/failures.ts'
import type { InboxStore } from './contract/inbox.ts'
import type { LeaseStore } from './contract/leases.ts'
import type { MessageReads } from './contract/messages.ts'
import type { Migrations } from './contract/migrations.ts'
import type { OrderStore } from './contract/order.ts'
import type { OutboxStore } from './contract/outbox.ts'
import type { ReconciliationStore } from './contract/reconciliation.ts'
import type { MaintenanceReport, Retention } from './contract/retention.ts'
import type { SampleReads } from './contract/samples.ts'
import type { Sql } from './contract/sql.ts'
import type { SubscriptionStore } from './contract/subscriptions.ts'
import type { WatchStore } from './contract/watch.ts'

export type * from './contract/actions.ts'
export type * from './contract/depths.ts'
export type * from './contract/failures.ts'
export type * from './contract/inbox.ts'
export type * from './contract/leases.ts'
export type * from './contract/messages.ts'
export type * from './contract/migrations.ts'
export type * from './contract/outbox.ts'
export type * from './contract/retention.ts'
export type * from './contract/sql.ts'
export type * from './contract/subscriptions.ts'

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

export interface TransactionOptions {
  /** A statement, and a wait for a lock, that takes longer fails. Default: the database's own setting. */
  readonly statementTimeoutMs?: number
}
