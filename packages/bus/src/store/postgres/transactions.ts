import { WarrenError } from '../../errors.ts'
import type { TransactionOptions } from '../store.ts'
import type { Connection } from './connection.ts'
import type { Session } from './session.ts'
import { IN_FAILED_TRANSACTION, meansUnavailable, sqlState } from './sqlstate.ts'
import { PostgresTx } from './transaction.ts'

/**
 * Opens, commits and rolls back. BEGIN and SAVEPOINT cost no round trip of their own: they are sent with the first
 * statement behind them, and not at all when there is none; RELEASE goes with the next SAVEPOINT.
 */
export class Transactions {
  readonly #connection: Connection
  readonly #frames = new WeakMap<PostgresTx, Frame>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async run<T>(work: (tx: PostgresTx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const session = await this.#connection.acquire()
    try {
      const root = new Root(session, this.#connection.responseTimeoutMs, options.statementTimeoutMs)
      const frame: Frame = { root, parent: null, name: null, last: Promise.resolve() }
      const tx = new PostgresTx(session, this.#connection.preparation, () => enter(frame, tx))
      this.#frames.set(tx, frame)
      let result: T
      try {
        result = await work(tx)
        tx.close()
        await tx.settleAwaited()
        tx.assertSound()
      } catch (error) {
        tx.close()
        await root.undo('ROLLBACK', error)
        throw original(error, tx)
      }
      await root.commit(tx)
      return result
    } finally {
      this.#connection.release(session)
    }
  }

  /** Runs the work and takes it back. */
  async probe<T>(work: (tx: PostgresTx) => Promise<T>): Promise<T> {
    let outcome: { readonly value: T } | null = null
    const takenBack = new Error('taken back')
    try {
      await this.run(
        async (tx) => {
          outcome = { value: await work(tx) }
          throw takenBack
        },
        { statementTimeoutMs: this.#connection.responseTimeoutMs },
      )
    } catch (error) {
      if (error !== takenBack) throw error
    }
    return (outcome as unknown as { readonly value: T }).value
  }

  /** Savepoints of one handle run one after the other: within each other they would undo what is not theirs. */
  savepoint<T>(tx: PostgresTx, work: (tx: PostgresTx) => Promise<T>): Promise<T> {
    const parent = this.#frames.get(tx)
    if (parent === undefined) {
      return Promise.reject(new WarrenError('TRANSACTION_INVALID', 'savepoint() needs a handle of this store'))
    }
    const result = parent.last.then(() => this.#savepoint(tx, parent, work))
    parent.last = result.catch(() => undefined)
    return result
  }

  async #savepoint<T>(tx: PostgresTx, parent: Frame, work: (tx: PostgresTx) => Promise<T>): Promise<T> {
    if (!tx.isOpen) throw new WarrenError('TRANSACTION_CLOSED', 'the transaction is over')
    tx.assertSound()
    const { root } = parent
    const frame: Frame = { root, parent, name: null, last: Promise.resolve() }
    const inner = new PostgresTx(root.session, this.#connection.preparation, () => enter(frame, inner))
    this.#frames.set(inner, frame)
    try {
      const result = await work(inner)
      inner.close()
      // Of posted ones too: a failure must be known to be this savepoint's before the next one begins.
      await inner.settleAwaited()
      await inner.settlePosted()
      inner.assertSound()
      if (frame.name !== null) root.owed = `RELEASE SAVEPOINT ${frame.name}`
      for (const id of inner.received) tx.received.add(id)
      return result
    } catch (error) {
      inner.close()
      if (frame.name === null) throw error
      try {
        await root.undo(`ROLLBACK TO SAVEPOINT ${frame.name}`, error)
        root.owed = `RELEASE SAVEPOINT ${frame.name}`
      } catch (undoError) {
        tx.fail(undoError)
        throw undoError
      }
      throw original(error, inner)
    }
  }
}

interface Frame {
  readonly root: Root
  readonly parent: Frame | null
  /** null until its savepoint was sent. */
  name: string | null
  /** The savepoint before, settled or not. */
  last: Promise<unknown>
}

/** What all handles of one transaction share. */
class Root {
  readonly session: Session
  hasBegun = false
  /** To be sent in front of the next SAVEPOINT. COMMIT and ROLLBACK do without it. */
  owed: string | null = null
  readonly #responseTimeoutMs: number
  readonly #statementTimeoutMs: number | undefined
  #savepoints = 0

  constructor(session: Session, responseTimeoutMs: number, statementTimeoutMs: number | undefined) {
    this.session = session
    this.#responseTimeoutMs = responseTimeoutMs
    this.#statementTimeoutMs = statementTimeoutMs
  }

  nextName(): string {
    this.#savepoints += 1
    return `warren_${this.#savepoints}`
  }

  /** Not awaited: the statement behind them is on its way in the same packet, and fails too if these do. */
  send(commands: readonly string[], tx: PostgresTx): void {
    const all = this.hasBegun ? commands : [beginText(this.#statementTimeoutMs), ...commands]
    this.hasBegun = true
    if (all.length === 0) return
    const text = all.join('; ')
    this.session.query({ text }, this.#responseTimeoutMs).catch((error: unknown) => tx.fail(error))
  }

  /**
   * Rolls back, behind the statements still running. When that takes too long the server does it: the connection is
   * closed, and STORE_UNAVAILABLE thrown. When the connection is gone, the server has done it.
   */
  async undo(text: string, reason: unknown): Promise<void> {
    if (!this.hasBegun || this.session.isLost) return
    try {
      await this.session.query({ text }, this.#statementTimeoutMs ?? this.#responseTimeoutMs)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const state = sqlState(error)
      if (state !== null && !meansUnavailable(state)) {
        throw new WarrenError('TRANSACTION_ABORTED', `${text} failed: ${message}`, {}, reason)
      }
      this.session.destroy(`${text} failed`)
      throw new WarrenError(
        'STORE_UNAVAILABLE',
        `the connection was closed, because ${text} failed: ${message}`,
        {},
        reason,
      )
    }
  }

  /** Posted statements may still be on their way: when one fails, the COMMIT behind it is answered with a ROLLBACK. */
  async commit(tx: PostgresTx): Promise<void> {
    if (!this.hasBegun) return
    this.session.assertUsable()
    let command: string | undefined
    try {
      command = (await this.session.query({ text: 'COMMIT' }, this.#responseTimeoutMs)).command
    } catch (error) {
      const state = sqlState(error)
      // The server refused, a deferred constraint for one: nothing was committed.
      if (state !== null && !meansUnavailable(state) && !this.session.isLost) throw error
      throw new WarrenError(
        'COMMIT_UNKNOWN',
        'the connection was lost while committing; whether the transaction stands is not known',
        {},
        error,
      )
    }
    if (command !== 'ROLLBACK' && !this.session.wasOutsideTransaction) return
    await tx.settlePosted()
    tx.assertSound()
    throw new WarrenError(
      'TRANSACTION_ABORTED',
      'the handler has ended the transaction, or a statement in it had failed',
    )
  }
}

function enter(frame: Frame, tx: PostgresTx): void {
  const { root } = frame
  if (root.hasBegun && (frame.parent === null || frame.name !== null)) return
  const commands: string[] = []
  for (const each of outermostFirst(frame)) {
    if (each.name !== null) continue
    if (root.owed !== null) commands.push(root.owed)
    root.owed = null
    each.name = root.nextName()
    commands.push(`SAVEPOINT ${each.name}`)
  }
  root.send(commands, tx)
}

/** The savepoints that the frame is behind, without the transaction itself. */
function outermostFirst(frame: Frame): Frame[] {
  const frames: Frame[] = []
  for (let each = frame; each.parent !== null; each = each.parent) frames.unshift(each)
  return frames
}

/** What failed first, in place of the "current transaction is aborted" that every later statement gets. */
function original(error: unknown, tx: PostgresTx): unknown {
  return sqlState(error) === IN_FAILED_TRANSACTION && tx.failure !== undefined ? tx.failure : error
}

function beginText(statementTimeoutMs: number | undefined): string {
  if (statementTimeoutMs === undefined) return 'BEGIN'
  const statementMs = Math.max(2, Math.ceil(statementTimeoutMs))
  // Shorter, or the statement timeout would always come first and the error would not tell that it was a lock.
  const lockMs = Math.max(1, Math.floor(statementMs * 0.9))
  return `BEGIN; SET LOCAL statement_timeout = ${statementMs}; SET LOCAL lock_timeout = ${lockMs}`
}
