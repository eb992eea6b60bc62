import { catalog, entity } from '@warren/bus'
import type { Catalog, Store } from '@warren/bus'
import { z } from 'zod'
import type { Sample } from './reads.ts'

/** What is in the stores that the page reads: so much, evenly over this time. */
export interface Contents {
  readonly messages: number
  readonly failures: number
  /** Midnight UTC. */
  readonly fromMs: number
  readonly toMs: number
}

const DAYS = 7
const DAY_MS = 86_400_000
const NAMES = 12
const GROUPS = 200
const ACTIONS_PER_FAILURE = 0.2
const UNROUTABLE = 2_000
const MISSING = 20_000
const subscriptions = ['order.crm', 'order.mail', 'order.warehouse']

/** A week, until a minute ago: what is younger is not proven yet. */
export function contentsOf(messages: number, failures: number): Contents {
  const toMs = Date.now() - 60_000
  return { messages, failures, fromMs: Math.floor(toMs / DAY_MS) * DAY_MS - (DAYS - 1) * DAY_MS, toMs }
}

/** Of which there are ten among ten million: what a search for a name that is seldom has to find. */
export const RARE_NAME = 'order.audit.onCorrected'
export const COMMON_NAME = 'order.fact3.onChanged'

/** The catalog of what is filled in. */
export function eventsOf(): Catalog {
  const schema = z.object({ orderId: z.string() })
  const keys = ['audit.onCorrected', ...Array.from({ length: NAMES }, (_, n) => `fact${n}.onChanged`)]
  const events = Object.fromEntries(keys.map((key) => [key, schema]))
  return catalog(entity('order', { identity: 'orderId', events }))
}

/** Of event n, in SQL: a UUIDv7 has its time, and a tail that is random. */
function idOf({ fromMs, toMs, messages }: Contents, n: number | string): string {
  return `(lpad(to_hex(${fromMs} + (${n})::bigint * ${toMs - fromMs} / ${messages}), 12, '0') || '7000' || '8' ||
    substr(md5((${n})::text), 1, 15))::uuid`
}

type Progress = (line: string) => void

/**
 * A publisher's store: its ledger in partitions of days, and what its reconciler found out. Written by the database itself,
 * since ten million transactions would take hours.
 */
export async function fillPublisher(store: Store, contents: Contents, progress: Progress): Promise<void> {
  const run = runner(store)
  await makePartitions(run, 'outbox')
  const id = idOf(contents, 'n')
  const name = `case when n % 1000003 = 0 then '${RARE_NAME}' else 'order.fact' || n % ${NAMES} || '.onChanged' end`
  await inChunks(contents.messages, async (from, to) => {
    await run(
      `insert into warren.outbox (id, name, entity_id, source, payload, headers, is_optional, created_at)
       select ${id}, ${name}, 'o-' || n / 5, 'orders',
         json_build_object('orderId', 'o-' || n / 5, 'customer', json_build_object('email', 'customer' || n % 100000 || '@example.com',
           'loyalty', n % 7), 'amount', n % 100000, 'currency', 'EUR', 'lines', json_build_array(json_build_object('sku',
           'sku-' || n % 5000, 'quantity', 1 + n % 3), json_build_object('sku', 'sku-' || n % 4999, 'quantity', 2))),
         json_build_object('traceparent', '00-' || md5(n::text) || '-' || substr(md5((n + 1)::text), 1, 16) || '-01'), false,
         now()
       from generate_series(${from}::bigint, ${to - 1}) as n`,
    )
    progress(`the ledger has ${to} events`)
  })
  const last = contents.messages - UNROUTABLE
  await run(
    `insert into warren.outbox_pending (state, id, bucket, name, attempts, due_at, error)
     select 'unroutable', id, 1, name, 3, now() + interval '1 hour', 'EVENT_UNROUTABLE: no queue took it (NO_ROUTE)'
     from warren.outbox where id >= ${idOf(contents, last)} limit ${UNROUTABLE}`,
  )
  for (const name of subscriptions) {
    await store.reconciliation.registry.register(
      {
        ...{ name, service: name.replace('order.', ''), queue: `qu.${name}`, hasInbox: true, timeoutMs: 30_000 },
        ...{ queueCreatedMs: null, patternsSinceMs: 0 },
      },
      { closeMs: 0, fromMs: 0, patterns: ['order.#'] },
      null,
    )
  }
  await run('update warren.proof set through = extract(epoch from now())::bigint * 1000 - 90000')
  const sinceMs = `(extract(epoch from now())::bigint * 1000 / 60000 * 60000 - ${DAYS * DAY_MS})`
  await run(
    `insert into warren.reconciliation (subscription, minute, state, expected, checked_at)
     select s, ${sinceMs} + m * 60000, case when m % 5000 = 0 then 'open' else 'proven' end, ${Math.round(contents.messages / DAYS / 1440)}, 0
     from unnest(array['${subscriptions.join(`','`)}']) as s, generate_series(0, ${DAYS * 1440 - 3}) as m`,
  )
  await run(
    `insert into warren.missing (subscription, message_id, name, state, barrier_id, suspected_at, confirmed_at, cause, evidence,
       attempts, due_at, settled_at)
     select 'order.crm', ${idOf(contents, `(n * ${Math.max(1, Math.floor(contents.messages / MISSING))})`)}, 'order.fact1.onChanged',
       case when n % 100 = 0 then 'missing' else 'recovered' end, ${idOf(contents, 1)}, 0, 0, 'unknown', '{}', 1, 0,
       case when n % 100 = 0 then null else 1 end
     from generate_series(0::bigint, ${Math.min(MISSING, contents.messages) - 1}) as n on conflict do nothing`,
  )
  await run('vacuum analyze warren.outbox')
}

/** The store of a service with two subscriptions, which have half of the events each; every tenth has failed. */
export async function fillSubscriber(store: Store, contents: Contents, progress: Progress): Promise<void> {
  const run = runner(store)
  for (const name of subscriptions.slice(0, 2))
    await store.subscriptions.announce({ name, service: 'crm', patterns: ['order.#'], queue: `qu.${name}` })
  await makePartitions(run, 'inbox')
  const every = Math.max(1, Math.floor(contents.messages / contents.failures))
  const subscription = `case n % 2 when 0 then 'order.crm' else 'order.mail' end`
  const name = `case when n % 1000003 = 0 then '${RARE_NAME}' else 'order.fact' || n % ${NAMES} || '.onChanged' end`
  // Odd and even ones fail; nine of ten are parked.
  const hasFailed = `n % ${every} = (n / ${every}) % 2`
  const state = `case when (n / ${every}) % 10 = 0 then 'retrying' else 'parked' end`
  await inChunks(contents.messages, async (from, to) => {
    await run(
      `insert into warren.inbox (subscription, message_id, name, source, status, settled_at)
       select ${subscription}, ${idOf(contents, 'n')}, ${name}, 'orders', case when ${hasFailed} then ${state} else 'handled' end,
         case when ${hasFailed} then null else now() end
       from generate_series(${from}::bigint, ${to - 1}) as n`,
    )
    await run(
      `insert into warren.inbox_failure (subscription, message_id, name, entity_id, source, payload, encoding, headers, state,
         attempts, due_at, error_code, error_type, error_message, error_stack, fingerprint, first_failed_at, last_failed_at)
       select ${subscription}, ${idOf(contents, 'n')}, ${name}, 'o-' || n / 5, 'orders',
         '{"orderId":"o-' || n / 5 || '","customer":{"email":"customer@example.com"},"amount":' || n % 100000 || '}', 'utf8',
         '{"warren-time":"2026-07-01T12:00:00.000Z"}', ${state}, 5,
         case when (n / ${every}) % 10 = 0 then now() + interval '1 hour' end, 'HANDLER_FAILED', 'TypeError',
         'cause ' || g || ': no customer o-' || n / 5, 'TypeError: no customer' || repeat(E'\\n    at handler (file:///srv/crm/handler.ts:1:1)', 12),
         substr(md5(g::text), 1, 12), at, at + interval '5 minutes'
       from generate_series(${from}::bigint, ${to - 1}) as n
       cross join lateral (select floor(${GROUPS} * power(('x' || substr(md5(n::text), 1, 8))::bit(32)::bigint / 4294967296.0, 3)) as g,
         now() - interval '${DAYS} days' * (1 - n::float8 / ${contents.messages}) as at) as drawn
       where ${hasFailed}`,
    )
    progress(`the inbox has ${to} entries`)
  })
  await run(
    `insert into warren.action_log (at, actor, action, subscription, message_id, details)
     select now() - interval '1 second' * (${contents.failures} - n), 'rabbitmq:anna', 'retry', 'order.crm', ${idOf(contents, `(n * ${every})`)},
       '{"state":"parked","attempts":5,"error":"no customer"}'
     from generate_series(0::bigint, ${Math.floor(contents.failures * ACTIONS_PER_FAILURE) - 1}) as n`,
  )
  for (const table of ['inbox', 'inbox_failure', 'action_log']) await run(`vacuum analyze warren.${table}`)
}

type Run = (text: string) => Promise<unknown>

/** A statement may take as long as it takes: the store's own limits are for reads and writes of services. */
function runner(store: Store): Run {
  return (text) => store.query(text)
}

async function makePartitions(run: Run, table: 'outbox' | 'inbox'): Promise<void> {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS
  const bound = (dayMs: number): string => `'${dayMs.toString(16).padStart(12, '0')}${'0'.repeat(20)}'`
  for (let day = today - (DAYS - 1) * DAY_MS; day < today; day += DAY_MS) {
    const name = `warren.${table}_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`
    await run(`create table ${name} (like warren.${table} including all)`)
    await run(
      `alter table warren.${table} attach partition ${name} for values from (${bound(day)}) to (${bound(day + DAY_MS)})`,
    )
  }
}

async function inChunks(count: number, work: (from: number, to: number) => Promise<void>): Promise<void> {
  const chunk = 500_000
  for (let from = 0; from < count; from += chunk) await work(from, Math.min(count, from + chunk))
}

/** Draws from both what there is to look for; of failures those of `order.crm`. */
export async function drawSample(subscriber: Store, contents: Contents, count: number): Promise<Sample> {
  const numbers = Array.from({ length: count }, (_, n) => Math.floor(((n + 0.5) * contents.messages) / count))
  const { rows } = await subscriber.query<{ id: string }>(
    `select ${idOf(contents, 'n')}::text as id from unnest($1::bigint[]) with ordinality as drawn (n, at) order by md5(n::text)`,
    [numbers],
  )
  const ids = rows.map(({ id }) => id)
  const failures = await Promise.all(
    ids.map((id) =>
      subscriber.query<{ id: string; fingerprint: string; entityId: string }>(
        `select message_id as id, fingerprint, entity_id as "entityId" from warren.inbox_failure
         where subscription = 'order.crm' and message_id >= $1 order by message_id limit 1`,
        [id],
      ),
    ),
  )
  return {
    ids,
    failures: failures.flatMap((each) => each.rows),
    times: numbers.map((n) =>
      new Date(contents.fromMs + (n * (contents.toMs - contents.fromMs)) / contents.messages).toISOString(),
    ),
    rareName: RARE_NAME,
    commonName: COMMON_NAME,
  }
}
