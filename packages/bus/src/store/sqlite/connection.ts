import { WarrenError } from '../../errors.ts'
import { Database } from './database.ts'
import { meansBusy, translated } from './errors.ts'
import { Mutex } from './mutex.ts'
import { holdsTable } from './peek.ts'

const FIRST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 50

/**
 * The file, through two connections: one that writes, for one transaction at a time, and one that reads what is
 * committed meanwhile. Other processes use the same file.
 */
export class Connection {
  readonly path: string
  readonly #busyTimeoutMs: number
  readonly #mutex = new Mutex()
  #writer: Database | null = null
  #reader: Database | null = null
  #isStopped = false

  constructor(path: string, busyTimeoutMs: number) {
    this.path = path
    this.#busyTimeoutMs = busyTimeoutMs
  }

  open(): void {
    this.#isStopped = false
  }

  /** Waits for the transactions that are running or queued. */
  async close(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    const release = await this.#mutex.acquire()
    try {
      this.#reader?.close()
      this.#writer?.close()
      this.#reader = null
      this.#writer = null
    } finally {
      release()
    }
  }

  /** Gives the writer to one caller at a time. */
  async exclusively<T>(work: (writer: Database) => Promise<T>): Promise<T> {
    this.#assertOpen()
    const release = await this.#mutex.acquire()
    try {
      return await work(await this.#openWriter())
    } finally {
      release()
    }
  }

  /** Whether the table is there; asked before anything is opened, it makes no file and changes none. */
  async holds(table: string): Promise<boolean> {
    this.#assertOpen()
    if (this.#writer === null) return this.patiently(() => holdsTable(this.path, table))
    const text = `select 1 from sqlite_schema where type = 'table' and name = $1`
    return (await this.read(text, [table])).length > 0
  }

  /** Reads what is committed. */
  async read<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const reader = await this.#openReader()
    return this.patiently(() => reader.all<Row>(text, values))
  }

  /** Tries again while another process has the lock, for `busyTimeoutMs`, then throws STORE_UNAVAILABLE. */
  async patiently<T>(work: () => T): Promise<T> {
    const giveUpAtMs = performance.now() + this.#busyTimeoutMs
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        return work()
      } catch (error) {
        if (!meansBusy(error) || performance.now() > giveUpAtMs) throw translated(error, this.path)
      }
      // At random, so that processes that wait for the same lock do not ask in step.
      await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())))
    }
  }

  async #openWriter(): Promise<Database> {
    this.#writer ??= await this.#open((writer) => {
      // Each commit is on the disk before it is answered.
      writer.exec('pragma journal_mode = wal; pragma synchronous = full')
    })
    return this.#writer
  }

  async #openReader(): Promise<Database> {
    this.#assertOpen()
    if (this.#reader !== null) return this.#reader
    // The writer makes the file and its write-ahead log.
    if (this.#writer === null) await this.exclusively(() => Promise.resolve())
    this.#reader ??= await this.#open((reader) => reader.exec('pragma query_only = 1'))
    return this.#reader
  }

  async #open(prepare: (database: Database) => void): Promise<Database> {
    return this.patiently(() => {
      let database: Database | null = null
      try {
        database = new Database(this.path)
        prepare(database)
        return database
      } catch (error) {
        database?.close()
        throw error
      }
    })
  }

  #assertOpen(): void {
    if (this.#isStopped) throw new WarrenError('STORE_UNAVAILABLE', 'the store is stopped')
  }
}
