import { ActionLog } from '../action-log.ts'
import { BulkActions } from '../bulk-actions.ts'
import { Depths } from '../depths.ts'
import { Failures } from '../failures.ts'
import { Order } from '../order/order.ts'
import { Reconciliation } from '../reconciliation/index.ts'
import { isStoreUnavailable } from '../unavailable.ts'
import { Watches } from '../watches.ts'
import type { MaintenanceReport, Retention, Store } from '../store.ts'
import { Subscriptions } from '../subscriptions.ts'
import { Connection } from './connection.ts'
import { SqliteFailures } from './failures.ts'
import { SqliteDialect } from './dialect.ts'
import { SqliteInbox } from './inbox.ts'
import { SqliteLeases } from './leases.ts'
import { SqliteMessages } from './messages.ts'
import { SqliteMigrations } from './migrations.ts'
import { SqliteOutbox } from './outbox.ts'
import { maintainTables } from './retention.ts'
import { SqliteSamples } from './samples.ts'
import type { SqliteTx } from './transaction.ts'
import { Transactions } from './transactions.ts'

export type { SqliteTx } from './transaction.ts'

export interface SqliteStoreOptions {
  /** The file; it is made when it is not there. The service's own tables may be in it too. */
  readonly path: string
  /** How long to wait while another process writes. Default 10,000. */
  readonly busyTimeoutMs?: number
  /**
   * `auto`: start() applies what is missing. `off`: start() throws STORE_NOT_MIGRATED, and neither makes nor changes a file
   * that is no store of Warren's. Default `auto`.
   */
  readonly migrate?: 'auto' | 'off'
}

export interface SqliteStore extends Store<SqliteTx> {
  readonly kind: 'sqlite'
}

/**
 * A store in a file, without a server. One transaction at a time; each commit is on the disk before it resolves. Several
 * processes may use the file at once, on one machine: no network file system.
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  return new SqliteStoreImplementation(options)
}

class SqliteStoreImplementation implements SqliteStore {
  readonly kind = 'sqlite'
  readonly migrations: SqliteMigrations
  readonly outbox: SqliteOutbox
  readonly inbox: SqliteInbox
  readonly leases: SqliteLeases
  readonly subscriptions: Subscriptions
  readonly messages: SqliteMessages
  readonly failures: Failures
  readonly depths: Depths
  readonly watches: Watches
  readonly samples: SqliteSamples
  readonly actions: ActionLog
  readonly bulk: BulkActions
  readonly reconciliation: Reconciliation
  readonly order: Order<SqliteTx>
  readonly #connection: Connection
  readonly #transactions: Transactions
  readonly #migrates: boolean

  constructor({ path, busyTimeoutMs = 10_000, migrate = 'auto' }: SqliteStoreOptions) {
    this.#connection = new Connection(path, busyTimeoutMs)
    this.#transactions = new Transactions(this.#connection)
    this.#migrates = migrate === 'auto'
    this.migrations = new SqliteMigrations(this.#connection, this.#transactions)
    this.outbox = new SqliteOutbox(this.#connection, this.#transactions)
    this.inbox = new SqliteInbox(this.#connection, this.#transactions)
    this.leases = new SqliteLeases(this.#connection, this.#transactions)
    this.messages = new SqliteMessages(this.#connection, this.#transactions)
    const dialect = new SqliteDialect(this.#connection, this.#transactions)
    this.subscriptions = new Subscriptions(dialect)
    this.failures = new Failures(dialect, new SqliteFailures(this.#connection, dialect))
    this.depths = new Depths(dialect)
    this.samples = new SqliteSamples(this.#connection)
    this.watches = new Watches(dialect)
    this.actions = new ActionLog(dialect)
    this.bulk = new BulkActions(dialect, this.failures)
    this.reconciliation = new Reconciliation(dialect)
    this.order = new Order(dialect)
  }

  async start(): Promise<void> {
    this.#connection.open()
    if (!this.#migrates) await this.migrations.assertApplied()
    else if ((await this.migrations.missing()).length > 0) await this.migrations.migrate()
  }

  stop(): Promise<void> {
    return this.#connection.close()
  }

  async ping(): Promise<void> {
    await this.#connection.read('select 1')
  }

  async query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }> {
    return { rows: await this.#connection.read<Row>(text, values) }
  }

  isUnavailable(error: unknown): boolean {
    return isStoreUnavailable(error)
  }

  /** `statementTimeoutMs` has no meaning here: statements run to their end, on this thread. */
  transaction<T>(work: (tx: SqliteTx) => Promise<T>): Promise<T> {
    return this.#transactions.run(work)
  }

  savepoint<T>(tx: SqliteTx, work: (tx: SqliteTx) => Promise<T>): Promise<T> {
    return this.#transactions.savepoint(tx, work)
  }

  maintain(retention: Retention): Promise<MaintenanceReport> {
    return maintainTables(this.#connection, this.#transactions, retention, this.reconciliation.holds)
  }
}
