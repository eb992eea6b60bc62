import { WarrenError } from '../../errors.ts'
import type { TransactionOptions } from '../store.ts'
import type { Connection } from './connection.ts'
import type { Session } from './session.ts'
import { meansUnavailable, sqlState } from './sqlstate.ts'
import { PostgresTx } from './transaction.ts'

/**
 * Opens, commits and rolls back. Savepoints cost no round trip of their own: SAVEPOINT is sent with the first statement
 * behind it, together with the RELEASE of the one before, and not at all when there is no statement.
 */
export class Transactions {
  readonly #connection: Connection
  readonly #frames = new WeakMap<PostgresTx, Frame>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async run<T>(work: (tx: PostgresTx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const { responseTimeoutMs } = this.#connection
    const session = await this.#connection.acquire()
    try {
      await session.query({ text: beginText(options.statementTimeoutMs) }, responseTimeoutMs)
      const tx = new PostgresTx(session, null)
      const root = new Root(session, options.statementTimeoutMs ?? responseTimeoutMs)
      this.#frames.set(tx, { root, parent: null, name: null, last: Promise.resolve() })
      let result: T
      try {
        result = await work(tx)
        await tx.settle()
      } catch (error) {
        tx.close()
        await root.undo('ROLLBACK', error)
        throw error
      }
      await commit(session, responseTimeoutMs)
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
    const inner = new PostgresTx(root.session, () => enter(frame, inner))
    this.#frames.set(inner, frame)
    try {
      const result = await work(inner)
      await inner.settle()
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
      throw error
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
  /** To be sent in front of the next SAVEPOINT. COMMIT and ROLLBACK do without it. */
  owed: string | null = null
  readonly #undoTimeoutMs: number
  #savepoints = 0

  constructor(session: Session, undoTimeoutMs: number) {
    this.session = session
    this.#undoTimeoutMs = undoTimeoutMs
  }

  nextName(): string {
    this.#savepoints += 1
    return `warren_${this.#savepoints}`
  }

  /**
   * Rolls back, behind the statements still running. When that takes too long, or the connection is gone, the server does
   * it: the connection is closed, and STORE_UNAVAILABLE thrown.
   */
  async undo(text: string, reason: unknown): Promise<void> {
    if (this.session.isLost) return
    try {
      await this.session.query({ text }, this.#undoTimeoutMs)
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
}

function enter(frame: Frame, tx: PostgresTx): void {
  if (frame.name !== null) return
  const { root } = frame
  const commands = root.owed === null ? [] : [root.owed]
  root.owed = null
  for (const each of outermostFirst(frame)) {
    if (each.name !== null) continue
    each.name = root.nextName()
    commands.push(`SAVEPOINT ${each.name}`)
  }
  // Not awaited: the statement behind it is on its way in the same packet, and fails too if this does.
  root.session.query({ text: commands.join('; ') }).catch((error: unknown) => tx.fail(error))
}

function outermostFirst(frame: Frame): Frame[] {
  const frames: Frame[] = []
  for (let each = frame; each.parent !== null; each = each.parent) frames.unshift(each)
  return frames
}

function beginText(statementTimeoutMs: number | undefined): string {
  if (statementTimeoutMs === undefined) return 'BEGIN'
  const statementMs = Math.max(2, Math.ceil(statementTimeoutMs))
  // Shorter, or the statement timeout would always come first and the error would not tell that it was a lock.
  const lockMs = Math.max(1, Math.floor(statementMs * 0.9))
  return `BEGIN; SET LOCAL statement_timeout = ${statementMs}; SET LOCAL lock_timeout = ${lockMs}`
}

async function commit(session: Session, timeoutMs: number): Promise<void> {
  let command: string | undefined
  session.assertUsable()
  try {
    command = (await session.query({ text: 'COMMIT' }, timeoutMs)).command
  } catch (error) {
    const state = sqlState(error)
    // The server refused, a deferred constraint for one: nothing was committed.
    if (state !== null && !meansUnavailable(state) && !session.isLost) throw error
    throw new WarrenError(
      'COMMIT_UNKNOWN',
      'the connection was lost while committing; whether the transaction stands is not known',
      {},
      error,
    )
  }
  if (command === 'ROLLBACK') {
    throw new WarrenError('TRANSACTION_ABORTED', 'a statement had failed, so the COMMIT was answered with a ROLLBACK')
  }
}
