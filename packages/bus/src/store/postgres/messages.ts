import { Conditions } from '../conditions.ts'
import { leastIdAt } from '../ids.ts'
import { failureOf, inboxEntryOf, sentMessageOf } from '../rows.ts'
import type { FailureRow, InboxRow, SentRow } from '../rows.ts'
import type { InboxEntry, InboxStatus, MessageFilter, MessageReads, SentMessage, SentState } from '../store.ts'
import type { Connection } from './connection.ts'
import { FAILURE_COLUMNS } from './failures.ts'
import { ms, uuidArray } from './statements.ts'

/** Written out, because the primary key begins with it. */
const ANY_STATE = `state in ('pending', 'unroutable', 'unpublishable')`

const PENDING = `(select * from warren.outbox_pending q where q.${ANY_STATE} and q.id = o.id)`

const SENT_COLUMNS = `o.id, o.name, o.entity_id, o.source, o.payload::text as payload, o.headers::text as headers,
  ${ms('o.created_at')} as created_at, coalesce(p.state, 'sent') as state, coalesce(p.attempts, 0) as attempts, p.error`

const ENTRY_COLUMNS = `i.subscription, i.message_id, i.name, i.source, i.status, ${ms('i.received_at')} as received_at,
  ${ms('i.settled_at')} as settled_at`

/** The subscriptions that have entries at all, from one to the next through the primary key. */
const SUBSCRIPTIONS = `
  with recursive subscriptions as (
    (select subscription from warren.inbox order by subscription limit 1)
    union all
    select (select i.subscription from warren.inbox i where i.subscription > s.subscription order by i.subscription limit 1)
    from subscriptions s where s.subscription is not null
  )`

export class PostgresMessages implements MessageReads {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async sent(filter: MessageFilter & { readonly state?: SentState }): Promise<readonly SentMessage[]> {
    const { state, name, entityId, limit = 50 } = filter
    // Few rows are pending: begin with them, and follow their key.
    const isPending = state !== undefined && state !== 'sent'
    const id = isPending ? 'p.id' : 'o.id'
    const from = isPending
      ? `warren.outbox_pending p cross join lateral (select * from warren.outbox l where l.id = p.id) as o`
      : `warren.outbox o left join lateral ${PENDING} p on true`
    const where = idConditions(id, filter).add('o.name = @', name).add('o.entity_id = @', entityId)
    if (isPending) where.add('p.state = @', state)
    if (state === 'sent') where.always('p.id is null')
    const rows = await this.#connection.read<SentRow>(
      `select ${SENT_COLUMNS} from ${from} where ${where.text} order by ${id} desc limit ${where.parameter(limit)}`,
      where.values,
    )
    return rows.map(sentMessageOf)
  }

  /** Rows of one message stay on one page, so a page may be longer than the limit. */
  async received(
    filter: Omit<MessageFilter, 'entityId'> & { readonly subscription?: string; readonly status?: InboxStatus },
  ): Promise<readonly InboxEntry[]> {
    const where = idConditions('i.message_id', filter).add('i.name = @', filter.name).add('i.status = @', filter.status)
    // The planner must see that the partial index of all that is not handled is enough.
    if (filter.status !== undefined && filter.status !== 'handled') where.always(`i.status <> 'handled'`)
    const limit = where.parameter(filter.limit ?? 50)
    const page = (subscription: string) => `
      select ${ENTRY_COLUMNS} from warren.inbox i
      where i.subscription = ${subscription} and ${where.text}
      order by i.message_id desc limit ${limit}::int`
    const rows = await this.#connection.read<InboxRow>(
      filter.subscription === undefined
        ? `${SUBSCRIPTIONS}
           select e.* from subscriptions s cross join lateral (${page('s.subscription')}) as e
           order by e.message_id desc fetch first (${limit}::int) rows with ties`
        : page(where.parameter(filter.subscription)),
      where.values,
    )
    return this.#withFailures(rows)
  }

  async trace(id: string): Promise<{ readonly sent: SentMessage | null; readonly received: readonly InboxEntry[] }> {
    const sent = await this.#connection.read<SentRow>(
      `select ${SENT_COLUMNS} from warren.outbox o left join lateral ${PENDING} p on true where o.id = $1`,
      [id],
    )
    const received = await this.#connection.read<InboxRow>(
      `${SUBSCRIPTIONS}
       select ${ENTRY_COLUMNS} from subscriptions s join warren.inbox i on i.subscription = s.subscription
       where i.message_id = $1 order by i.subscription`,
      [id],
    )
    const [message] = sent
    return { sent: message === undefined ? null : sentMessageOf(message), received: await this.#withFailures(received) }
  }

  /** The rows are locked in the order of their ids; one that the relay has sent meanwhile is left alone. */
  async retry(which: { readonly ids: readonly string[] } | { readonly name: string }, actor: string): Promise<number> {
    const [condition, value] =
      'ids' in which
        ? [`p.${ANY_STATE} and p.id = any($1::uuid[])`, uuidArray(which.ids)]
        : [`p.state = 'unroutable' and p.name = $1`, which.name]
    const [row] = await this.#connection.run<{ retried: number | string }>(
      `with chosen as (
         select p.id, p.name, p.state, p.attempts, p.error from warren.outbox_pending p
         where ${condition} order by p.id for update
       ),
       retried as (
         update warren.outbox_pending p set state = 'pending', due_at = null
         from chosen c where p.${ANY_STATE} and p.id = c.id
         returning p.id
       ),
       logged as (
         insert into warren.action_log (actor, action, message_id, details)
         select $2, 'retry', c.id,
           json_build_object('name', c.name, 'state', c.state, 'attempts', c.attempts, 'error', c.error)
         from retried r join chosen c on c.id = r.id
       )
       select count(*) as retried from retried`,
      [value, actor],
    )
    return Number(row?.retried ?? 0)
  }

  async #withFailures(rows: readonly InboxRow[]): Promise<readonly InboxEntry[]> {
    const failed = rows.filter(({ status }) => status === 'retrying' || status === 'parked')
    const failures =
      failed.length === 0
        ? []
        : await this.#connection.read<FailureRow>(
            `select ${FAILURE_COLUMNS} from warren.inbox_failure f where f.message_id = any($1::uuid[])`,
            [uuidArray(failed.map((row) => row.message_id))],
          )
    const byKey = new Map(failures.map((row) => [`${row.message_id} ${row.subscription}`, failureOf(row)]))
    return rows.map((row) => inboxEntryOf(row, byKey.get(`${row.message_id} ${row.subscription}`) ?? null))
  }
}

/** The id holds the time: a range of ids is a range of time, and of partitions. */
function idConditions(
  column: string,
  filter: Pick<MessageFilter, 'before' | 'downTo' | 'since' | 'until'>,
): Conditions {
  return new Conditions()
    .add(`${column} < @::uuid`, filter.before)
    .add(`${column} >= @::uuid`, filter.downTo)
    .add(`${column} >= @::uuid`, filter.since && leastIdAt(filter.since.getTime()))
    .add(`${column} < @::uuid`, filter.until && leastIdAt(filter.until.getTime()))
}
