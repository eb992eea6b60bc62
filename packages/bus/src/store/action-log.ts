import { Conditions } from './conditions.ts'
import type { Dialect, Numeric } from './reconciliation/dialect.ts'
import type { ActionEntry, ActionFilter, ActionGroup, ActionStore, NewAction } from './store.ts'

const DEFAULT_LIMIT = 100
/** Of a read that groups: what a person did to a million messages is told without reading them all. */
export const MOST_GROUPED = 5_000
/** A transaction that writes row by row, as on SQLite, takes its time. */
const GROUP_GAP_MS = 1_000

interface Row {
  readonly id: Numeric
  readonly at: Numeric
  readonly actor: string
  readonly action: string
  readonly subscription: string | null
  readonly message_id: string | null
  readonly details: string
}

interface GroupRow extends Row {
  readonly oldest: Numeric
  readonly entries: Numeric
  readonly is_cut: Numeric
}

/** The action log on any dialect. What acts on rows writes into it in its own transaction; this reads it, and notes the rest. */
export class ActionLog implements ActionStore {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async list(filter: ActionFilter): Promise<readonly ActionEntry[]> {
    const { limit = DEFAULT_LIMIT } = filter
    const where = this.#conditionsOf(filter)
    const rows = await this.#dialect.read<Row>(
      `select ${this.#columns} from warren.action_log a
       where ${where.text} order by a.id desc limit ${where.parameter(limit)}`,
      where.values,
    )
    return rows.map(entryOf)
  }

  async listGroups(filter: ActionFilter): Promise<readonly ActionGroup[]> {
    const { limit = DEFAULT_LIMIT } = filter
    const where = this.#conditionsOf(filter)
    // In the order of ids, and not by key alone: groups that do not overlap can be paged.
    const rows = await this.#dialect.read<GroupRow>(
      `with recent as (
         select a.id, ${this.#dialect.ms('a.at')} as at_ms, a.actor, a.action, a.subscription, a.message_id
         from warren.action_log a where ${where.text} order by a.id desc limit ${where.parameter(MOST_GROUPED)}
       ),
       compared as (
         select r.id, case when r.message_id is not null and lag(r.message_id) over (order by r.id desc) is not null
             and lag(r.actor) over (order by r.id desc) = r.actor and lag(r.action) over (order by r.id desc) = r.action
             and coalesce(lag(r.subscription) over (order by r.id desc), '') = coalesce(r.subscription, '')
             and abs(lag(r.at_ms) over (order by r.id desc) - r.at_ms) < ${GROUP_GAP_MS}
           then 0 else 1 end as begins
         from recent r
       ),
       numbered as (select c.id, sum(c.begins) over (order by c.id desc) as number from compared c),
       grouped as (
         select max(n.id) as newest, min(n.id) as oldest, count(*) as entries from numbered n
         group by n.number order by max(n.id) desc limit ${where.parameter(limit)}
       )
       select ${this.#columns}, g.oldest, g.entries,
         case when (select count(*) from recent) = ${MOST_GROUPED} and g.oldest = (select min(r.id) from recent r)
           then 1 else 0 end as is_cut
       from grouped g join warren.action_log a on a.id = g.newest order by a.id desc`,
      where.values,
    )
    return rows.map(({ oldest, entries, is_cut, ...row }) => ({
      ...entryOf(row),
      ...{ from: String(oldest), entries: Number(entries), isCut: Number(is_cut) === 1 },
    }))
  }

  get #columns(): string {
    return `a.id, ${this.#dialect.ms('a.at')} as at, a.actor, a.action, a.subscription, a.message_id,
         cast(a.details as text) as details`
  }

  #conditionsOf({ actor, action, since, until, subscription, messageId, before, from }: ActionFilter): Conditions {
    const at = this.#dialect.ms('a.at')
    return new Conditions()
      .add('a.id < @', before)
      .add('a.id >= @', from)
      .add('a.actor = @', actor)
      .add('a.action = @', action)
      .add(`${at} >= @`, since?.getTime())
      .add(`${at} < @`, until?.getTime())
      .add('a.subscription = @', subscription)
      .add('a.message_id = @', messageId)
  }

  async write(entry: NewAction): Promise<void> {
    await this.#dialect.write((sql) => this.#dialect.logAction(sql, entry))
  }
}

function entryOf({ id, at, message_id, details, ...row }: Row): ActionEntry {
  return {
    ...row,
    id: String(id),
    at: new Date(Number(at)),
    messageId: message_id,
    details: JSON.parse(details) as unknown,
  }
}
