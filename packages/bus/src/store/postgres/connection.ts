import { WarrenError } from '../../errors.ts'
import { describeTarget, openPool } from './pool.ts'
import type { PgPool, PoolOptions } from './pool.ts'
import { Preparation } from './preparation.ts'
import { Session } from './session.ts'
import { meansTryAgain, sqlState } from './sqlstate.ts'
import type { Statements } from './statements.ts'

const MAX_TRIES = 4

export interface ConnectionOptions extends Partial<PoolOptions> {
  readonly pool?: PgPool | undefined
  readonly usesPreparedStatements: boolean
  /** How long one of Warren's own statements, a COMMIT or a ROLLBACK may go unanswered. */
  readonly responseTimeoutMs: number
}

/** The pool of a store: hands out sessions and runs Warren's own statements, each a transaction of its own. */
export class Connection {
  readonly statements: Statements
  readonly responseTimeoutMs: number
  /** null when nothing is to be prepared. */
  readonly preparation: Preparation | null
  readonly #options: ConnectionOptions
  readonly #target: string
  readonly #sessions = new Set<Session>()
  readonly #onIdleError = (): void => undefined
  #pool: PgPool | null = null
  #isStopped = false
  #idleWaiters: (() => void)[] = []

  constructor(options: ConnectionOptions, statements: Statements) {
    if ((options.pool === undefined) === (options.connectionString === undefined)) {
      throw new WarrenError('CONFIG_INVALID', 'postgresStore() needs either a connectionString or a pool')
    }
    this.#options = options
    this.#target = options.connectionString === undefined ? 'PostgreSQL' : describeTarget(options.connectionString)
    this.statements = statements
    this.responseTimeoutMs = options.responseTimeoutMs
    this.preparation = options.usesPreparedStatements ? new Preparation((text) => statements.name(text)) : null
  }

  open(): void {
    this.#isStopped = false
  }

  /** Waits for the sessions in use, then closes the pool unless it is the service's own. */
  async close(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    while (this.#sessions.size > 0) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
    const pool = this.#pool
    this.#pool = null
    if (pool === null) return
    // Our own keeps its listener: a connection that the server ends in this moment reports it when the pool is closed.
    if (this.#options.pool === undefined) await pool.end?.()
    else pool.off?.('error', this.#onIdleError)
  }

  async acquire(): Promise<Session> {
    if (this.#isStopped) throw new WarrenError('STORE_UNAVAILABLE', 'the store is stopped')
    this.#pool ??= this.#openPool()
    let session: Session
    try {
      session = new Session(await this.#pool.connect(), this.#target)
    } catch (error) {
      // Whatever it is (refused, unknown host, wrong password, no such database): there is no connection.
      const reason = error instanceof Error ? error.message || String(Reflect.get(error, 'code')) : String(error)
      throw new WarrenError('STORE_UNAVAILABLE', `${this.#target} cannot be reached: ${reason}`, {}, error)
    }
    this.#sessions.add(session)
    return session
  }

  release(session: Session): void {
    this.#sessions.delete(session)
    session.release()
    if (this.#sessions.size > 0) return
    for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }

  /**
   * Runs one statement of Warren's own and returns its rows. A deadlock is tried again: the statement was undone whole.
   *
   * Prepared only where no plan can go stale: a plan made while a table was empty reads it from end to end, and
   * PostgreSQL keeps it until the next ANALYZE.
   */
  async run<Row>(
    statement: string,
    values: readonly unknown[] = [],
    options: { isPrepared?: boolean } = {},
  ): Promise<Row[]> {
    const text = this.statements.text(statement)
    const name = options.isPrepared === true && this.usesPreparedStatements ? this.statements.name(text) : null
    for (let tries = 1; ; tries++) {
      const session = await this.acquire()
      try {
        const query = { text, values: values as unknown[], ...(name === null ? {} : { name }) }
        const { rows } = await session.query(query, this.responseTimeoutMs)
        return rows as Row[]
      } catch (error) {
        if (tries === MAX_TRIES || !meansTryAgain(sqlState(error))) throw error
      } finally {
        this.release(session)
      }
    }
  }

  /**
   * Runs one statement that may have to look at many rows. Without JIT: it compiles an expression for each partition,
   * which took seconds where the reading takes milliseconds.
   */
  async read<Row>(statement: string, values: readonly unknown[] = []): Promise<Row[]> {
    const timeoutMs = this.responseTimeoutMs
    const session = await this.acquire()
    try {
      const begin = `BEGIN READ ONLY; SET LOCAL jit = off; SET LOCAL statement_timeout = ${timeoutMs}`
      const query = { text: this.statements.text(statement), values: values as unknown[] }
      // Sent together; when one fails, those behind it do nothing.
      const answers = [{ text: begin }, query, { text: 'COMMIT' }].map((each) => session.query(each, timeoutMs))
      await Promise.allSettled(answers)
      const [, result] = await Promise.all(answers.slice(0, 2))
      return (result?.rows ?? []) as Row[]
    } finally {
      this.release(session)
    }
  }

  /** Runs a statement of the service's own, in a transaction of its own, for as long as it takes. */
  async query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    const session = await this.acquire()
    try {
      const { rows } = await session.query(values === undefined ? { text } : { text, values: values as unknown[] })
      return rows as Row[]
    } finally {
      this.release(session)
    }
  }

  get usesPreparedStatements(): boolean {
    return this.#options.usesPreparedStatements
  }

  #openPool(): PgPool {
    const { pool, connectionString, maxConnections, connectTimeoutMs } = this.#options
    const opened = pool ?? openPool({ connectionString: connectionString ?? '', maxConnections, connectTimeoutMs })
    // An idle connection that breaks is replaced when the next one is needed; without a listener the process would die.
    opened.on?.('error', this.#onIdleError)
    return opened
  }
}
