import { uuidTime } from '../../envelope/uuid.ts'
import { leastIdAt } from '../ids.ts'
import type { Dialect, Numeric } from './dialect.ts'

/** Rows of this time and later must not be dropped yet, however old they are. */
export interface Hold {
  readonly fromMs: number
  readonly why: string
}

/** What the bookkeeping still needs of the ledger and the inbox, so that retention leaves it, and shows why. */
export class Holds {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  /** The ledger is what everything is compared with and resent from. */
  async ledger(): Promise<readonly Hold[]> {
    const unproven = await this.#dialect.read<{ subscription: string; through: Numeric }>(
      `select p.subscription, p.through from warren.proof p join warren.registry r on r.subscription = p.subscription
       where r.retired_at is null and r.has_inbox`,
    )
    const open = await this.#dialect.read<{ subscription: string; minute: Numeric }>(
      `select c.subscription, min(c.minute) as minute from warren.reconciliation c
       join warren.registry r on r.subscription = c.subscription
       where c.state = 'open' and r.retired_at is null group by c.subscription`,
    )
    const missing = await this.#dialect.read<{ subscription: string; message_id: string }>(
      `select subscription, message_id from warren.missing where state in ('suspect', 'missing', 'gave-up')
       order by message_id limit 1`,
    )
    const backfills = await this.#dialect.read<{ subscription: string; since_at: Numeric; cursor_id: string | null }>(
      `select subscription, since_at, cursor_id from warren.backfill where state in ('running', 'paused')`,
    )
    return [
      ...unproven.map(({ subscription, through }) => ({
        fromMs: Number(through),
        why: `"${subscription}" is proven only up to ${iso(Number(through))}; "warren subscriptions retire" gives it up`,
      })),
      ...open.map(({ subscription, minute }) => ({
        fromMs: Number(minute),
        why: `the minute ${iso(Number(minute))} of "${subscription}" is to be compared again`,
      })),
      ...missing.map(({ subscription, message_id }) => ({
        fromMs: timeOf(message_id),
        why: `"${subscription}" misses ${message_id}, and more may be missing; "warren reconcile missing" lists them`,
      })),
      ...backfills.map(({ subscription, since_at, cursor_id }) => ({
        fromMs: cursor_id === null ? Number(since_at) : timeOf(cursor_id),
        why: `a backfill of "${subscription}" has not come further`,
      })),
    ]
  }

  /** The inbox is what publishers compare with; one that has not asked since `aliveSinceMs` is not waited for. */
  async inbox(aliveSinceMs: number): Promise<readonly Hold[]> {
    const asked = await this.#dialect.read<{ subscription: string; source: string; proven_through: Numeric }>(
      'select subscription, source, proven_through from warren.answered_barrier where answered_at >= $1',
      [Math.floor(aliveSinceMs)],
    )
    return asked.map(({ subscription, source, proven_through }) => ({
      fromMs: Number(proven_through),
      why: `"${source}" has the proof of "${subscription}" only up to ${iso(Number(proven_through))}`,
    }))
  }

  /** Forgets what the bookkeeping kept of times before this, as far as it is settled. Returns how many rows. */
  async forget(beforeMs: number): Promise<number> {
    return this.#dialect.write(async (sql) => {
      let forgotten = 0
      const remove = async (
        table: string,
        key: string,
        condition: string,
        values: readonly unknown[],
      ): Promise<void> => {
        const { rows } = await sql.query(`delete from warren.${table} where ${condition} returning ${key}`, values)
        forgotten += rows.length
      }
      const before = [Math.floor(beforeMs)]
      await remove('reconciliation', 'subscription', `minute < $1 and state = 'proven'`, before)
      const settled = `message_id < $1 and state in ('recovered', 'waived')`
      await remove('missing', 'subscription', settled, [leastIdAt(beforeMs)])
      await remove('ghost', 'subscription', 'found_at < $1', before)
      await remove('consumer', 'subscription', 'seen_at < $1', before)
      const finished = `updated_at < $1 and state not in ('running', 'paused')`
      await remove('backfill', 'subscription', finished, before)
      await remove('bulk_action', 'id', `updated_at < $1 and state <> 'running'`, before)
      return forgotten
    })
  }
}

/** The first hold that reaches into times before `endMs`; the one that reaches furthest back, when there are several. */
export function holdBefore(holds: readonly Hold[], endMs: number): Hold | null {
  const reaching = holds.filter(({ fromMs }) => fromMs < endMs)
  return reaching.reduce<Hold | null>(
    (first, hold) => (first === null || hold.fromMs < first.fromMs ? hold : first),
    null,
  )
}

function timeOf(id: string): number {
  return uuidTime(id)?.getTime() ?? 0
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
