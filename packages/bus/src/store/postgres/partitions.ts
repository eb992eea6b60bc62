import { DAY_MS, dayOf, leastIdAt } from '../ids.ts'
import type { MaintenanceReport } from '../store.ts'
import type { Connection } from './connection.ts'
import { sqlState } from './sqlstate.ts'
import { ms } from './statements.ts'
import type { PostgresTx } from './transaction.ts'
import type { Transactions } from './transactions.ts'

/** Partitions are made for today and this many days to come: maintain() may fail for a week. */
const DAYS_AHEAD = 7
/** Everybody who comes after a waiting ALTER or DROP waits behind it: it must give up soon. */
const LOCK_TIMEOUT_MS = 500
const LOCK_NOT_AVAILABLE = '55P03'
const CHECK_VIOLATION = '23514'

/** The tables that are cut by day, and the key that they are cut on. */
export const partitioned = { outbox: 'id', inbox: 'message_id', inbox_attempt: 'message_id' } as const
export type PartitionedTable = keyof typeof partitioned
export const partitionedTables = Object.keys(partitioned) as readonly PartitionedTable[]

export interface Partition {
  readonly table: PartitionedTable
  /** Without the schema: `outbox_20260301`. */
  readonly name: string
  /** Midnight UTC. */
  readonly day: number
}

/** A partition and the ids that belong in it, `to` excluded. */
export interface DayRange {
  readonly name: string
  readonly from: string
  readonly to: string
}

/** The day partitions of the outbox, the inbox and its attempts. */
export class Partitions {
  readonly #connection: Connection
  readonly #transactions: Transactions
  #writable: readonly Partition[] = []

  constructor(connection: Connection, transactions: Transactions) {
    this.#connection = connection
    this.#transactions = transactions
  }

  /** Makes those of the next days that are not there. */
  async create(): Promise<Pick<MaintenanceReport, 'created' | 'kept'>> {
    const created: string[] = []
    const kept: { what: string; why: string }[] = []
    const today = dayOf(await this.nowMs())
    for (const table of partitionedTables) {
      const existing = new Set((await this.list(table)).map(({ day }) => day))
      for (let day = today; day <= today + DAYS_AHEAD * DAY_MS; day += DAY_MS) {
        if (existing.has(day)) continue
        const partition = partitionOf(table, day)
        const outcome = await this.change((tx) => this.#createOne(tx, partition))
        if (outcome === 'created') created.push(partition.name)
        else if (outcome !== 'exists') kept.push({ what: partition.name, why: outcome })
      }
    }
    await this.findWritable()
    return { created, kept }
  }

  /**
   * Finds the partitions of the outbox that this role may insert into directly, which takes 15 µs less than through the
   * table, of 60 for an event. Not the old ones: another process may drop them any time.
   */
  async findWritable(): Promise<void> {
    const partitions = await this.#read('outbox', `and has_table_privilege(c.oid, 'insert')`)
    this.#writable = partitions.filter(({ day }) => day >= dayOf(Date.now()) - DAY_MS)
  }

  /** The partition that a new event falls into, when findWritable() has seen it. */
  writableFor(id: string): DayRange | null {
    const partition = this.#writable.findLast(({ day }) => id >= leastIdAt(day))
    if (partition === undefined) return null
    const [from, to] = [leastIdAt(partition.day), leastIdAt(partition.day + DAY_MS)]
    return id < to ? { name: partition.name, from, to } : null
  }

  list(table: PartitionedTable): Promise<readonly Partition[]> {
    return this.#read(table, '')
  }

  async #read(table: PartitionedTable, condition: string): Promise<readonly Partition[]> {
    const rows = await this.#connection.run<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = to_regclass($1) ${condition} order by c.relname`,
      [`${this.#connection.statements.schema}.${table}`],
    )
    return rows.flatMap(({ name }) => {
      const digits = new RegExp(`^${table}_(\\d{4})(\\d{2})(\\d{2})$`).exec(name)
      if (digits === null) return []
      const day = Date.parse(`${digits[1] ?? ''}-${digits[2] ?? ''}-${digits[3] ?? ''}T00:00:00Z`)
      return [{ table, name, day }]
    })
  }

  /** By the database's clock. */
  async nowMs(): Promise<number> {
    const [row] = await this.#connection.run<{ now: number | string }>(`select ${ms('now()')} as now`)
    return Number(row?.now)
  }

  /**
   * Changes partitions in a transaction that waits for no lock for long. Returns what the work returns, or why it could
   * not be done now.
   */
  async change(work: (tx: PostgresTx) => Promise<string>): Promise<string> {
    try {
      return await this.#transactions.run(async (tx) => {
        await tx.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`)
        return work(tx)
      })
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error
      return 'it is in use; it is tried again the next time'
    }
  }

  /**
   * Made as a table and attached: CREATE … PARTITION OF would stop all reading and writing of the whole table for a
   * moment, ATTACH locks the default partition alone.
   */
  async #createOne(tx: PostgresTx, { table, name, day }: Partition): Promise<string> {
    const { schema } = this.#connection.statements
    const taken = `rows of that day are in ${table}_default already, and stay there until they are too old`
    const [key, from, to] = [partitioned[table], leastIdAt(day), leastIdAt(day + DAY_MS)]
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`warren partitions of ${schema}`])
    const { rows } = await tx.query<{ name: string | null }>('select to_regclass($1)::text as name', [
      `${schema}.${name}`,
    ])
    if (rows[0]?.name != null) return 'exists'
    const stray = await tx.query(
      `select 1 from ${schema}.${table}_default where ${key} >= $1::uuid and ${key} < $2::uuid limit 1`,
      [from, to],
    )
    if (stray.rows.length > 0) return taken
    try {
      await this.#transactions.savepoint(tx, async (inner) => {
        await inner.query(`create table ${schema}.${name} (like ${schema}.${table} including all)`)
        await inner.query(
          `alter table ${schema}.${table} attach partition ${schema}.${name} for values from ('${from}') to ('${to}')`,
        )
      })
    } catch (error) {
      // A row of that day came in after the look.
      if (sqlState(error) === CHECK_VIOLATION) return taken
      throw error
    }
    return 'created'
  }
}

function partitionOf(table: PartitionedTable, day: number): Partition {
  return { table, name: `${table}_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`, day }
}
