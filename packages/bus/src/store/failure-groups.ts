import { Conditions } from './conditions.ts'
import type { Dialect, Numeric } from './reconciliation/dialect.ts'
import type { FailureFilter, FailureGroup } from './store.ts'

/** Each state of a group is counted as far as this at least, however many groups there are. */
const LEAST_COUNTED = 500

/** A row costs as much as so many entries of an index. */
const ROWS_PER_ENTRY = 4

const CAUSES = `
  with recursive subscriptions(subscription) as (
    select min(f.subscription) from warren.inbox_failure f
    union all
    select (select min(f.subscription) from warren.inbox_failure f where f.subscription > s.subscription)
    from subscriptions s where s.subscription is not null
  ),
  causes(subscription, fingerprint) as (
    select s.subscription, (select min(f.fingerprint) from warren.inbox_failure f where f.subscription = s.subscription)
    from subscriptions s where s.subscription is not null
    union all
    select c.subscription,
      (select min(f.fingerprint) from warren.inbox_failure f where f.subscription = c.subscription and f.fingerprint > c.fingerprint)
    from causes c where c.fingerprint is not null
  )`

interface Row {
  readonly subscription: string
  readonly fingerprint: string
  readonly newest_id: string
  readonly retrying: Numeric
  readonly parked: Numeric
  readonly first_failed_at: Numeric
  readonly last_failed_at: Numeric
}

interface CauseRow extends Omit<Row, 'last_failed_at'> {
  readonly last_retrying: Numeric | null
  readonly last_parked: Numeric | null
}

/** Failures by cause on any dialect, at a cost that does not grow with them. */
export class FailureGroups {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  read(filter: FailureFilter, countUpTo: number): Promise<readonly FailureGroup[]> {
    const { subscription, state, ...others } = filter
    const isIndexed = Object.keys(others).length === 0
    return isIndexed ? this.#ofEach({ subscription, state }, countUpTo) : this.#ofNewest(filter, countUpTo)
  }

  /** From cause to cause in their index, and each counted until it has its share. */
  async #ofEach(
    { subscription, state }: { readonly [key in 'subscription' | 'state']: FailureFilter[key] | undefined },
    countUpTo: number,
  ): Promise<readonly FailureGroup[]> {
    const where = new Conditions().always('c.fingerprint is not null').add('c.subscription = @', subscription)
    const causes = await this.#dialect.read(`${CAUSES} select 1 from causes c where ${where.text}`, where.values)
    const most = Math.max(LEAST_COUNTED, Math.floor(countUpTo / Math.max(1, causes.length) / 2))
    const limit = where.parameter(most)
    const of = (which: string): string =>
      `warren.inbox_failure f where f.subscription = c.subscription and f.fingerprint = c.fingerprint and f.state = '${which}'`
    const counted = (which: string): string =>
      `(select count(*) from (select 1 from ${of(which)} limit ${state === undefined || state === which ? limit : '0'}) as counted)`
    const last = (which: string): string =>
      `(select ${this.#dialect.ms('f.last_failed_at')} from ${of(which)} order by f.last_failed_at desc limit 1)`
    const end = (what: string, direction: 'asc' | 'desc'): string =>
      `(select ${what} from warren.inbox_failure f where f.subscription = c.subscription and f.fingerprint = c.fingerprint
        order by f.message_id ${direction} limit 1)`
    const rows = await this.#dialect.read<CauseRow>(
      `${CAUSES}
       select c.subscription, c.fingerprint, ${counted('retrying')} as retrying, ${counted('parked')} as parked,
         ${last('retrying')} as last_retrying, ${last('parked')} as last_parked,
         ${end(this.#dialect.ms('f.first_failed_at'), 'asc')} as first_failed_at, ${end('f.message_id', 'desc')} as newest_id
       from causes c where ${where.text}`,
      where.values,
    )
    const filled = rows.flatMap(({ last_retrying, last_parked, ...row }) =>
      Number(row.retrying) + Number(row.parked) === 0
        ? []
        : [{ ...row, last_failed_at: Math.max(Number(last_retrying), Number(last_parked)) }],
    )
    return this.#groupsOf(filled, ({ retrying, parked }) => Number(retrying) < most && Number(parked) < most)
  }

  /** Of the newest failures alone, where no index helps. */
  async #ofNewest(filter: FailureFilter, countUpTo: number): Promise<readonly FailureGroup[]> {
    const most = Math.ceil(countUpTo / ROWS_PER_ENTRY)
    const within = new Conditions().add('n.subscription = @', filter.subscription)
    const where = new Conditions(within.values)
      .add('f.message_id = @', filter.messageId)
      .add('f.name = @', filter.name)
      .add('f.entity_id = @', filter.entityId)
      .add('f.fingerprint = @', filter.fingerprint)
      .add('f.state = @', filter.state)
      .add(`${this.#dialect.ms('f.last_failed_at')} >= @`, filter.since?.getTime())
      .add(`${this.#dialect.ms('f.last_failed_at')} < @`, filter.until?.getTime())
    const rows = await this.#dialect.read<Row & { readonly looked_at: Numeric }>(
      `with newest as (
         select n.subscription, n.fingerprint, n.message_id, n.name, n.entity_id, n.state, n.first_failed_at, n.last_failed_at
         from warren.inbox_failure n where ${within.text} order by n.message_id desc limit ${where.parameter(most)}
       )
       select f.subscription, f.fingerprint, max(cast(f.message_id as text)) as newest_id,
         count(case when f.state = 'retrying' then 1 end) as retrying, count(case when f.state = 'parked' then 1 end) as parked,
         ${this.#dialect.ms('min(f.first_failed_at)')} as first_failed_at,
         ${this.#dialect.ms('max(f.last_failed_at)')} as last_failed_at, (select count(*) from newest) as looked_at
       from newest f where ${where.text} group by f.subscription, f.fingerprint`,
      where.values,
    )
    return this.#groupsOf(rows, ({ looked_at }) => Number(looked_at) < most)
  }

  async #groupsOf<Counted extends Row>(
    rows: readonly Counted[],
    isExact: (row: Counted) => boolean,
  ): Promise<readonly FailureGroup[]> {
    const newest = await this.#dialect.read<{ id: string; subscription: string; type: string; message: string }>(
      `select f.message_id as id, f.subscription, f.error_type as type, f.error_message as message
       from warren.inbox_failure f where ${this.#dialect.among('f.message_id', '$1')}`,
      [rows.map(({ newest_id }) => newest_id)],
    )
    const byKey = new Map(newest.map((row) => [`${row.subscription} ${row.id}`, row]))
    const size = ({ retrying, parked }: FailureGroup): number => retrying + parked
    return rows
      .flatMap((row): FailureGroup[] => {
        const { subscription, fingerprint } = row
        const error = byKey.get(`${subscription} ${row.newest_id}`)
        // It was handled since the first look.
        if (error === undefined) return []
        return [
          {
            ...{ subscription, fingerprint, type: error.type, message: error.message, isExact: isExact(row) },
            ...{ retrying: Number(row.retrying), parked: Number(row.parked) },
            firstFailedAt: new Date(Number(row.first_failed_at)),
            lastFailedAt: new Date(Number(row.last_failed_at)),
          },
        ]
      })
      .sort((a, b) => size(b) - size(a) || (a.fingerprint < b.fingerprint ? -1 : 1))
  }
}
