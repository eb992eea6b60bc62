import { leastIdAt } from '../ids.ts'
import { pendingEventOf } from '../rows.ts'
import type { EventRow } from '../rows.ts'
import type {
  Cause,
  EventKey,
  EventSelection,
  Evidence,
  Ghost,
  MissingEvent,
  MissingFilter,
  MissingState,
  MissingStore,
  StoredEvent,
} from '../contract/reconciliation.ts'
import { countResends } from './compensation.ts'
import { chunksOf, numberOf } from './dialect.ts'
import type { Dialect, Numeric } from './dialect.ts'

interface Row {
  subscription: string
  message_id: string
  name: string
  state: MissingState
  barrier_id: string
  suspected_at: Numeric
  confirmed_at: Numeric | null
  cause: Cause | null
  evidence: string | null
  attempts: Numeric
  due_at: Numeric
  error: string | null
  settled_at: Numeric | null
  settled_by: string | null
  requested_at: Numeric | null
}

export class Missing implements MissingStore {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  async list({ limit = 100, ...filter }: MissingFilter): Promise<readonly MissingEvent[]> {
    const values: unknown[] = []
    const conditions = this.#conditions(filter, values)
    const rows = await this.#dialect.read<Row>(
      `select * from warren.missing where ${conditions} order by message_id desc, subscription limit $${values.push(limit)}`,
      values,
    )
    return rows.map((row) => ({
      subscription: row.subscription,
      id: row.message_id,
      name: row.name,
      state: row.state,
      barrierId: row.barrier_id,
      suspectedMs: Number(row.suspected_at),
      confirmedMs: numberOf(row.confirmed_at),
      cause: row.cause,
      evidence: row.evidence === null ? null : (JSON.parse(row.evidence) as Evidence),
      attempts: Number(row.attempts),
      dueMs: Number(row.due_at),
      error: row.error,
      settled: row.settled_at === null ? null : { atMs: Number(row.settled_at), by: row.settled_by },
      requestedMs: numberOf(row.requested_at),
    }))
  }

  /** Adds its values to those that are there. */
  #conditions(filter: Omit<MissingFilter, 'limit'>, values: unknown[]): string {
    const { subscription, id, ids, name, cause, states, published = {}, before } = filter
    const conditions = ['1 = 1']
    const parameter = (value: unknown): string => `$${values.push(value)}`
    if (subscription !== undefined) conditions.push(`subscription = ${parameter(subscription)}`)
    if (id !== undefined) conditions.push(`message_id = ${parameter(id)}`)
    if (ids !== undefined) conditions.push(this.#dialect.among('message_id', parameter(ids)))
    if (name !== undefined) conditions.push(`name = ${parameter(name)}`)
    if (cause !== undefined) conditions.push(`cause = ${parameter(cause)}`)
    if (states !== undefined) conditions.push(this.#dialect.among('state', parameter(states)))
    if (published.fromMs !== undefined) conditions.push(`message_id >= ${parameter(leastIdAt(published.fromMs))}`)
    if (published.toMs !== undefined) conditions.push(`message_id < ${parameter(leastIdAt(published.toMs))}`)
    if (before !== undefined) conditions.push(`message_id < ${parameter(before)}`)
    return conditions.join(' and ')
  }

  async toCheck(
    subscription: string,
    { olderThanMs, limit }: { readonly olderThanMs: number; readonly limit: number },
  ): Promise<readonly EventKey[]> {
    const now = await this.#dialect.nowMs()
    return this.#dialect.read<EventKey>(
      `select message_id as id, name from warren.missing
       where subscription = $1 and (
         (state = 'suspect' and suspected_at <= $2) or state in ('missing', 'gave-up'))
       order by case state when 'suspect' then 0 when 'missing' then 1 else 2 end, message_id limit $3`,
      [subscription, now - olderThanMs, limit],
    )
  }

  async claim(
    subscription: string,
    request: {
      readonly limit: number
      readonly maxAttempts: number
      readonly backoffMs: number
      readonly maxBackoffMs: number
      readonly requestedOnly: boolean
      readonly wanted?: readonly EventSelection[]
      readonly held?: readonly EventSelection[]
    },
  ): Promise<readonly StoredEvent[]> {
    const now = await this.#dialect.nowMs()
    const due = await this.#dialect.write(async (sql) => {
      await sql.query(
        `update warren.missing set state = 'gave-up'
         where subscription = $1 and state = 'missing' and due_at <= $2 and attempts >= $3`,
        [subscription, now, request.maxAttempts],
      )
      const values: unknown[] = [subscription, now, request.limit]
      const which = this.#claimable(request, values)
      const { rows } = await sql.query<{ message_id: string; attempts: Numeric }>(
        `select message_id, attempts from warren.missing m
         where subscription = $1 and state = 'missing' and due_at <= $2 and ${which} order by message_id limit $3`,
        values,
      )
      const byAttempts = Map.groupBy(rows, ({ attempts }) => Number(attempts))
      for (const [attempts, group] of byAttempts) {
        const fullMs = Math.min(request.maxBackoffMs, request.backoffMs * 2 ** attempts)
        for (const chunk of chunksOf(group.map((row) => row.message_id))) {
          await sql.query(
            `update warren.missing set attempts = attempts + 1, due_at = $3, error = null
             where subscription = $1 and state = 'missing' and ${this.#dialect.among('message_id', '$2')}`,
            [subscription, chunk, Math.ceil(now + request.backoffMs + Math.random() * fullMs)],
          )
        }
      }
      if (rows.length > 0) await countResends(sql, subscription, rows.length, now)
      return rows.map((row) => row.message_id)
    })
    const events: StoredEvent[] = []
    for (const chunk of chunksOf(due)) {
      const rows = await this.#dialect.read<EventRow>(
        `select ${this.#dialect.eventColumns} from warren.outbox o where ${this.#dialect.among('o.id', '$1')} order by o.id`,
        [chunk],
      )
      events.push(...rows.map(storedEventOf))
    }
    return events
  }

  /** Adds its values to those that are there. */
  #claimable(
    {
      requestedOnly,
      wanted = [],
      held = [],
    }: {
      readonly requestedOnly: boolean
      readonly wanted?: readonly EventSelection[]
      readonly held?: readonly EventSelection[]
    },
    values: unknown[],
  ): string {
    const anyOf = (selections: readonly EventSelection[]): string =>
      ['1 = 0', ...selections.map((selection) => this.#within(selection, values))].join(' or ')
    const isWanted = requestedOnly ? `(${anyOf(wanted)})` : '1 = 1'
    return `(m.requested_at is not null or (${isWanted} and not (${anyOf(held)})))`
  }

  #within({ names, published, entityIds }: EventSelection, values: unknown[]): string {
    const parameter = (value: unknown): string => `$${values.push(value)}`
    const conditions = [this.#dialect.among('m.name', parameter(names))]
    if (published.fromMs !== undefined) conditions.push(`m.message_id >= ${parameter(leastIdAt(published.fromMs))}`)
    if (published.toMs !== undefined) conditions.push(`m.message_id < ${parameter(leastIdAt(published.toMs))}`)
    if (entityIds.length > 0) {
      const isOfThem = this.#dialect.among('o.entity_id', parameter(entityIds))
      conditions.push(`exists (select 1 from warren.outbox o where o.id = m.message_id and ${isOfThem})`)
    }
    return `(${conditions.join(' and ')})`
  }

  async names(subscription: string): Promise<readonly string[]> {
    const rows = await this.#dialect.read<{ name: string }>(
      `select distinct name from warren.missing where subscription = $1 and state = 'missing' and state in ('suspect', 'missing')`,
      [subscription],
    )
    return rows.map(({ name }) => name)
  }

  async failed(subscription: string, ids: readonly string[], error: string): Promise<void> {
    await this.#dialect.write(async (sql) => {
      for (const chunk of chunksOf(ids)) {
        await sql.query(
          `update warren.missing set error = $3 where subscription = $1 and ${this.#dialect.among('message_id', '$2')}`,
          [subscription, chunk, error],
        )
      }
    })
  }

  async retry(filter: Omit<MissingFilter, 'states' | 'before' | 'limit'>, actor: string): Promise<number> {
    const now = await this.#dialect.nowMs()
    return this.#dialect.write(async (sql) => {
      const values: unknown[] = [now]
      const conditions = this.#conditions({ ...filter, states: ['missing', 'gave-up'] }, values)
      const { rows } = await sql.query<{ subscription: string; message_id: string }>(
        `update warren.missing set state = 'missing', attempts = 0, due_at = $1, requested_at = $1 where ${conditions}
         returning subscription, message_id`,
        values,
      )
      for (const row of rows) {
        await this.#dialect.logAction(sql, {
          actor,
          action: 'resend',
          subscription: row.subscription,
          messageId: row.message_id,
          details: {},
        })
      }
      return rows.length
    })
  }

  async ghosts({
    subscription,
    id,
    limit = 100,
  }: Pick<MissingFilter, 'subscription' | 'id' | 'limit'>): Promise<readonly Ghost[]> {
    const values: unknown[] = []
    const parameter = (value: unknown): string => `$${values.push(value)}`
    const conditions = ['1 = 1']
    if (subscription !== undefined) conditions.push(`subscription = ${parameter(subscription)}`)
    if (id !== undefined) conditions.push(`message_id = ${parameter(id)}`)
    const rows = await this.#dialect.read<{
      subscription: string
      message_id: string
      name: string
      found_at: Numeric
    }>(
      `select * from warren.ghost where ${conditions.join(' and ')} order by message_id desc limit ${parameter(limit)}`,
      values,
    )
    return rows.map((row) => ({
      subscription: row.subscription,
      id: row.message_id,
      name: row.name,
      foundMs: Number(row.found_at),
    }))
  }
}

export function storedEventOf(row: EventRow): StoredEvent {
  const { id, name, entityId, source, payload, headers, createdAt } = pendingEventOf({
    ...row,
    is_optional: false,
    bucket: 0,
    state: 'pending',
    attempts: 0,
  })
  return { id, name, entityId, source, payload, headers, createdAt }
}
