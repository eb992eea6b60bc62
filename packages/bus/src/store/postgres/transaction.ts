import { WarrenError } from '../../errors.ts'
import type { Sql } from '../store.ts'
import type { PgQuery, PgResult } from './pool.ts'
import type { Preparation } from './preparation.ts'
import type { Session } from './session.ts'

/** What libraries that work on a `pg` client need of it: drizzle(tx.client), for one. */
export interface PostgresTxClient {
  query<Row = Record<string, unknown>>(query: string | PgQuery, values?: readonly unknown[]): Promise<{ rows: Row[] }>
}

/**
 * A transaction of a PostgresStore, or a part of one behind a savepoint. It dies when the work that it was given to has
 * settled: a handler that was given up on can do no more harm.
 *
 * open → closed, when the work settles or is given up on. A statement that fails marks it as failed for good: PostgreSQL
 * ignores everything up to the rollback, and answers a COMMIT with a ROLLBACK and no error.
 */
export class PostgresTx implements Sql {
  /** Ids that this transaction has put into the inbox, by subscription: the only handled ones that it may take back. */
  readonly received: Set<string> = new Set()
  readonly #session: Session
  readonly #preparation: Preparation | null
  readonly #enter: () => void
  readonly #awaited = new Set<Promise<unknown>>()
  readonly #posted = new Set<Promise<unknown>>()
  #isOpen = true
  #failure: { readonly error: unknown } | null = null

  /** `enter` is called before each statement: it sends BEGIN or SAVEPOINT in front of the first. */
  constructor(session: Session, preparation: Preparation | null, enter: () => void) {
    this.#session = session
    this.#preparation = preparation
    this.#enter = enter
  }

  /** Within the transaction, and dead with it. */
  get client(): PostgresTxClient {
    return {
      query: async <Row>(query: string | PgQuery, values?: readonly unknown[]) => {
        const config = typeof query === 'string' ? { text: query } : query
        const complete = values === undefined ? config : { ...config, values: values as unknown[] }
        return (await this.send(complete)) as { rows: Row[] }
      },
    }
  }

  query<Row = Record<string, unknown>>(text: string, values: readonly unknown[] = []): Promise<{ rows: Row[] }> {
    const query: PgQuery = { text, values: values as unknown[] }
    const name = values.length === 0 ? undefined : this.#preparation?.use(text)
    if (name === undefined) return this.send(query) as Promise<{ rows: Row[] }>
    query.name = name
    const answer = this.send(query).catch((error: unknown) => {
      this.#preparation?.failed(text, error)
      throw error
    })
    return answer as Promise<{ rows: Row[] }>
  }

  send(query: PgQuery): Promise<PgResult> {
    return this.#track(query, this.#awaited)
  }

  /**
   * Sends a statement whose answer nobody needs before the transaction ends: it costs no round trip. When it fails, the
   * statements behind it fail, and settle() throws its error.
   */
  post(query: PgQuery): void {
    this.#track(query, this.#posted).catch(() => undefined)
  }

  #track(query: PgQuery, running: Set<Promise<unknown>>): Promise<PgResult> {
    if (!this.#isOpen) {
      const message = 'the transaction is over; await every statement before the callback returns'
      return Promise.reject(new WarrenError('TRANSACTION_CLOSED', message))
    }
    this.#enter()
    const answer = this.#session.query(query)
    running.add(answer)
    return answer.then(
      (result) => {
        running.delete(answer)
        return result
      },
      (error: unknown) => {
        running.delete(answer)
        this.fail(error)
        throw error
      },
    )
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  close(): void {
    this.#isOpen = false
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  /** The error of the first statement that failed. */
  get failure(): unknown {
    return this.#failure?.error
  }

  /** Resolves when nothing that a caller may wait for is running. */
  async settleAwaited(): Promise<void> {
    if (this.#awaited.size > 0) await Promise.allSettled(this.#awaited)
  }

  async settlePosted(): Promise<void> {
    if (this.#posted.size > 0) await Promise.allSettled(this.#posted)
  }

  /** Throws when a statement failed and the work went on as if it had not. */
  assertSound(): void {
    if (this.#failure === null) return
    const { error } = this.#failure
    if (error instanceof WarrenError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new WarrenError(
      'TRANSACTION_ABORTED',
      `a statement failed (${reason}) and the work went on: nothing of it is kept; put what may fail behind a savepoint`,
      {},
      error,
    )
  }
}
