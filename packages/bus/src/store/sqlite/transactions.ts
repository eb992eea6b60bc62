import { AsyncLocalStorage } from 'node:async_hooks'

import { WarrenError } from '../../errors.ts'
import type { Connection } from './connection.ts'
import type { Database } from './database.ts'
import { translated } from './errors.ts'
import { SqliteTx } from './transaction.ts'

/** Opens, commits and rolls back: one transaction at a time, the next ones wait in order. */
export class Transactions {
  readonly #connection: Connection
  readonly #running = new AsyncLocalStorage<SqliteTx>()
  readonly #frames = new WeakMap<SqliteTx, Frame>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Throws TRANSACTION_NESTED inside the work of another one, which would wait for this one, which waits for it. */
  async run<T>(work: (tx: SqliteTx) => Promise<T>): Promise<T> {
    if (this.#running.getStore()?.isOpen === true) {
      throw new WarrenError(
        'TRANSACTION_NESTED',
        'a transaction is open here already, and SQLite has one at a time: pass its tx on, or call this after it has committed',
      )
    }
    return this.#run((tx) => this.#running.run(tx, () => work(tx)))
  }

  /**
   * Warren's own short writes. Not refused inside a transaction: what a handler has set going, the relay for one, carries
   * its async context, and must only wait its turn.
   */
  async write<T>(work: (tx: SqliteTx) => T | Promise<T>): Promise<T> {
    return this.#run(async (tx) => work(tx))
  }

  async #run<T>(work: (tx: SqliteTx) => Promise<T>): Promise<T> {
    return this.#connection.exclusively(async (writer) => {
      // IMMEDIATE takes the write lock now: a transaction that reads first and writes later could not be made to wait.
      await this.#connection.patiently(() => writer.exec('begin immediate'))
      const tx = new SqliteTx(writer, this.#connection.path)
      this.#frames.set(tx, { writer, depth: 0, last: Promise.resolve() })
      try {
        const result = await work(tx)
        tx.close()
        this.#commit(writer)
        return result
      } finally {
        tx.close()
        if (writer.raw.isTransaction) writer.exec('rollback')
      }
    })
  }

  /** Savepoints of one handle run one after the other: within each other they would undo what is not theirs. */
  savepoint<T>(tx: SqliteTx, work: (tx: SqliteTx) => Promise<T>): Promise<T> {
    const parent = this.#frames.get(tx)
    if (parent === undefined) {
      return Promise.reject(new WarrenError('TRANSACTION_INVALID', 'savepoint() needs a handle of this store'))
    }
    const result = parent.last.then(() => this.#savepoint(tx, parent, work))
    parent.last = result.catch(() => undefined)
    return result
  }

  async #savepoint<T>(tx: SqliteTx, parent: Frame, work: (tx: SqliteTx) => Promise<T>): Promise<T> {
    const { writer } = parent
    const name = `warren_${parent.depth + 1}`
    tx.all(`savepoint ${name}`)
    const inner = new SqliteTx(writer, this.#connection.path)
    this.#frames.set(inner, { writer, depth: parent.depth + 1, last: Promise.resolve() })
    try {
      const result = await work(inner)
      inner.close()
      if (tx.isOpen) tx.all(`release ${name}`)
      for (const key of inner.received) tx.received.add(key)
      return result
    } catch (error) {
      inner.close()
      // A full disk, for one, rolls back the whole transaction by itself.
      if (tx.isOpen && writer.raw.isTransaction) {
        tx.all(`rollback to ${name}`)
        tx.all(`release ${name}`)
      }
      throw error
    }
  }

  #commit(writer: Database): void {
    if (!writer.raw.isTransaction) {
      throw new WarrenError(
        'TRANSACTION_ABORTED',
        'SQLite had rolled back the transaction after a failed statement, or the handler did',
      )
    }
    try {
      writer.exec('commit')
    } catch (error) {
      throw translated(error, this.#connection.path)
    }
  }
}

interface Frame {
  readonly writer: Database
  readonly depth: number
  /** The savepoint before, settled or not. */
  last: Promise<unknown>
}
