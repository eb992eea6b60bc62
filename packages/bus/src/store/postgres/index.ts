import { ActionLog } from '../action-log.ts'
import { BulkActions } from '../bulk-actions.ts'
import { Depths } from '../depths.ts'
import { Failures } from '../failures.ts'
import { Order } from '../order/order.ts'
import { Reconciliation } from '../reconciliation/index.ts'
import { isStoreUnavailable } from '../unavailable.ts'
import { Watches } from '../watches.ts'
import type { MaintenanceReport, Retention, Store, TransactionOptions } from '../store.ts'
import { Subscriptions } from '../subscriptions.ts'
import { Connection } from './connection.ts'
import { PostgresFailures } from './failures.ts'
import { PostgresDialect } from './dialect.ts'
import { PostgresInbox } from './inbox.ts'
import { PostgresLeases } from './leases.ts'
import { PostgresMessages } from './messages.ts'
import { PostgresMigrations } from './migrations.ts'
import { PostgresOutbox } from './outbox.ts'
import { Partitions } from './partitions.ts'
import type { PgPool } from './pool.ts'
import { PostgresRetention } from './retention.ts'
import { Statements } from './statements.ts'
import { PostgresSamples } from './samples.ts'
import type { PostgresTx } from './transaction.ts'
import { Transactions } from './transactions.ts'

export type { PgPool } from './pool.ts'
export type { PostgresTx } from './transaction.ts'

export interface PostgresStoreOptions {
  /** Either this or `pool`. */
  readonly connectionString?: string
  /** A `pg` pool of the service's own; stop() leaves it open. */
  readonly pool?: PgPool
  /** Where Warren's tables are; each service that shares the database has its own. Default `warren`. */
  readonly schema?: string
  /** Default 10; with `pool`, the pool's own. */
  readonly maxConnections?: number
  /** How long to wait for a connection. Default 10,000; with `pool`, the pool's own. */
  readonly connectTimeoutMs?: number
  /** How long one of Warren's own statements, a COMMIT or a ROLLBACK may go unanswered. Default 30,000. */
  readonly responseTimeoutMs?: number
  /** False behind a proxy that gives each transaction another connection and does not track them (PgBouncer before 1.21). Default true. */
  readonly preparedStatements?: boolean
  /** `auto`: start() applies what is missing. `off`: start() throws STORE_NOT_MIGRATED. Default `auto`. */
  readonly migrate?: 'auto' | 'off'
}

export interface PostgresStore extends Store<PostgresTx> {
  readonly kind: 'postgres'
}

/** A store in PostgreSQL 14 or later. Connects with the first statement; start() checks the schema. Throws CONFIG_INVALID. */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
  return new PostgresStoreImplementation(options)
}

class PostgresStoreImplementation implements PostgresStore {
  readonly kind = 'postgres'
  readonly migrations: PostgresMigrations
  readonly outbox: PostgresOutbox
  readonly inbox: PostgresInbox
  readonly leases: PostgresLeases
  readonly subscriptions: Subscriptions
  readonly messages: PostgresMessages
  readonly failures: Failures
  readonly depths: Depths
  readonly watches: Watches
  readonly samples: PostgresSamples
  readonly actions: ActionLog
  readonly bulk: BulkActions
  readonly reconciliation: Reconciliation
  readonly order: Order<PostgresTx>
  readonly #connection: Connection
  readonly #transactions: Transactions
  readonly #partitions: Partitions
  readonly #retention: PostgresRetention
  readonly #migrates: boolean

  constructor(options: PostgresStoreOptions) {
    const { schema = 'warren', preparedStatements = true, responseTimeoutMs = 30_000, migrate = 'auto' } = options
    this.#connection = new Connection(
      { ...options, usesPreparedStatements: preparedStatements, responseTimeoutMs },
      new Statements(schema),
    )
    this.#transactions = new Transactions(this.#connection)
    this.#migrates = migrate === 'auto'
    const partitions = new Partitions(this.#connection, this.#transactions)
    this.#partitions = partitions
    this.migrations = new PostgresMigrations(this.#connection, this.#transactions, partitions)
    this.outbox = new PostgresOutbox(this.#connection, this.#transactions, partitions)
    this.inbox = new PostgresInbox(this.#connection)
    this.leases = new PostgresLeases(this.#connection)
    this.messages = new PostgresMessages(this.#connection)
    const dialect = new PostgresDialect(this.#connection, this.#transactions)
    this.subscriptions = new Subscriptions(dialect)
    this.failures = new Failures(dialect, new PostgresFailures(this.#connection, dialect))
    this.depths = new Depths(dialect)
    this.samples = new PostgresSamples(this.#connection)
    this.watches = new Watches(dialect)
    this.actions = new ActionLog(dialect)
    this.bulk = new BulkActions(dialect, this.failures)
    this.reconciliation = new Reconciliation(dialect)
    this.order = new Order(dialect)
    this.#retention = new PostgresRetention(this.#connection, partitions, this.reconciliation.holds)
  }

  async start(): Promise<void> {
    this.#connection.open()
    if (!this.#migrates) await this.migrations.assertApplied()
    else if ((await this.migrations.missing()).length > 0) await this.migrations.migrate()
    await this.#partitions.findWritable()
  }

  stop(): Promise<void> {
    return this.#connection.close()
  }

  async ping(): Promise<void> {
    await this.#connection.run('select 1')
  }

  async query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }> {
    return { rows: await this.#connection.query<Row>(text, values) }
  }

  isUnavailable(error: unknown): boolean {
    return isStoreUnavailable(error)
  }

  transaction<T>(work: (tx: PostgresTx) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.#transactions.run(work, options)
  }

  savepoint<T>(tx: PostgresTx, work: (tx: PostgresTx) => Promise<T>): Promise<T> {
    return this.#transactions.savepoint(tx, work)
  }

  maintain(retention: Retention): Promise<MaintenanceReport> {
    return this.#retention.maintain(retention)
  }
}
