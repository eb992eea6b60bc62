import type { Backfill, BackfillQuestion } from '@warren/bus'
import {
  DEFAULT_BACKFILL_RATE,
  DEFAULT_INBOX_DAYS,
  findBackfill,
  offerBackfill,
  readStores,
  remainingMs,
  requestBackfills,
} from '@warren/bus/operate'
import type { BackfillOffer, NamedStore, StoreRow } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { callerOf } from '../access/guard.ts'
import { MonitorError } from '../errors.ts'
import { readPartly, readWholly, unreachable } from '../reads/answering.ts'
import { time } from '../reads/pages.ts'
import { addRoute } from './route.ts'

const backfill = z.object({
  store: z.string().meta({ description: 'of the publisher that sends' }),
  id: z.string(),
  state: z.enum(['running', 'paused', 'done', 'cancelled', 'failed']),
  patterns: z.array(z.string()),
  since: time,
  until: time,
  rate: z.number().nullable().meta({ description: "events a second; null: the service's own" }),
  total: z.number().nullable().meta({ description: 'null until they are counted' }),
  sent: z.number(),
  pace: z.number().nullable().meta({ description: 'events a second, of late' }),
  remainingMs: z.number().nullable(),
  heldBy: z.enum(['relay', 'queue', 'broker']).nullable().meta({ description: 'what it gives way to' }),
  error: z.string().nullable(),
  requestedBy: z.string(),
  requestedAt: time,
  updatedAt: time,
})

const offer = z.object({
  since: time,
  until: time.meta({ description: 'send it back, so that what is begun is what was counted' }),
  events: z.array(z.object({ store: z.string(), name: z.string(), count: z.number() })),
  total: z.number(),
  leastMs: z.number().meta({ description: 'how long it takes at least' }),
  isBeyondInbox: z.boolean().meta({ description: 'it goes back further than an inbox remembers by default' }),
})

export type BackfillRow = z.infer<typeof backfill>
export type BackfillOfferReply = z.infer<typeof offer>

const patterns = z.string().min(1).max(255)
const rate = z.number().positive().max(100_000)
const named = z.object({ name: z.string().max(255) })
const LATEST = 20

/** What was published before a subscription was there, or was lost to it: sent once more, to it alone. */
export function addBackfillsApi(app: FastifyInstance, { stores }: { readonly stores: readonly NamedStore[] }): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/subscriptions/:name/backfills',
    access: 'viewer',
    summary: 'The latest backfills of a subscription, with their progress',
    params: named,
    reply: z.object({ rows: z.array(backfill), unreachable }),
    handle: ({ params: { name } }) =>
      readPartly(stores, async (answering) => {
        const filter = { subscription: name, limit: LATEST }
        const rows = await readStores(answering, (store) => store.reconciliation.backfill.list(filter))
        return { rows: rows.toSorted((a, b) => (a.id < b.id ? 1 : -1)).map(rowOf) }
      }),
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/subscriptions/:name/backfills/offer',
    access: 'viewer',
    // It reads a part of the ledger, as long as that is.
    perMinute: 60,
    summary: 'How many events a backfill would send, and of which names; sends none',
    params: named,
    query: z.object({
      since: z.coerce.date(),
      until: z.coerce.date().optional().meta({ description: 'default: now' }),
      patterns: z
        .string()
        .max(4_000)
        .default('')
        .meta({ description: 'of what it takes, these alone; apart by spaces' }),
      rate: z.coerce.number().pipe(rate).optional(),
    }),
    reply: offer,
    handle: async ({ params: { name }, query }) => {
      const chosen = query.patterns.split(/\s+/).filter((each) => each !== '')
      const question = questionOf(name, query, chosen)
      const { plans, total } = await offered(stores, question)
      const most = Math.max(0, ...plans.map(({ counted }) => counted.total))
      const { fromMs, toMs } = question.range
      return {
        since: new Date(fromMs).toISOString(),
        until: new Date(toMs).toISOString(),
        events: plans.flatMap(({ store, counts }) =>
          [...counts]
            .map(([event, count]) => ({ store: store.label, name: event, count }))
            .sort((a, b) => b.count - a.count),
        ),
        total,
        leastMs: Math.round((most * 1_000) / (query.rate ?? DEFAULT_BACKFILL_RATE)),
        isBeyondInbox: Date.now() - fromMs > DEFAULT_INBOX_DAYS * 86_400_000,
      }
    },
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/subscriptions/:name/backfills',
    access: 'operator',
    summary: 'Begins to send what was published before, to this subscription alone',
    params: named,
    body: z.object({
      since: z.coerce.date(),
      until: z.coerce.date().optional(),
      patterns: z.array(patterns).max(100).default([]),
      rate: rate.optional(),
    }),
    reply: z.object({ count: z.number().meta({ description: 'events to send' }), backfills: z.array(backfill) }),
    handle: async ({ params: { name }, body }, request) => {
      const question = questionOf(name, body, body.patterns)
      const { plans, total } = await offered(stores, question)
      const { actor } = callerOf(request).identity
      const begun = await requestBackfills(plans, {
        ...{ subscription: name, range: question.range },
        rate: body.rate ?? null,
        requestedBy: actor,
      })
      return {
        count: total,
        backfills: begun.map(({ store, backfill: each }) => rowOf({ store: store.label, ...each })),
      }
    },
  })

  const actions = [
    ['pause', 'Stops sending until it is resumed'],
    ['resume', 'Goes on where it stopped, also when it has failed'],
    ['cancel', 'Gives it up; what is sent is sent'],
  ] as const
  for (const [action, summary] of actions) {
    addRoute(app, {
      method: 'POST',
      url: `/api/backfills/:id/${action}`,
      access: 'operator',
      summary,
      params: z.object({ id: z.uuid() }),
      reply: z.object({ count: z.number().meta({ description: '0: its state does not allow it' }) }),
      handle: async ({ params }, request) => {
        const id = params.id.toLowerCase()
        const found = await readPartly(stores, async (answering) => {
          const each = await findBackfill(answering, id)
          if (each === null) throw new MonitorError('NOT_FOUND', 404, `there is no backfill ${id}`)
          return each
        })
        const { actor } = callerOf(request).identity
        const done = await found.store.store.reconciliation.backfill.act(id, action, actor)
        return { count: done?.isChanged === true ? 1 : 0 }
      },
    })
  }
}

/** Throws REQUEST_INVALID when nothing lies between the times. */
function questionOf(
  subscription: string,
  { since, until }: { readonly since: Date; readonly until?: Date | undefined },
  chosen: readonly string[],
): BackfillQuestion {
  const range = { fromMs: since.getTime(), toMs: Math.min(until?.getTime() ?? Infinity, Date.now()) }
  if (range.fromMs >= range.toMs)
    throw new MonitorError('REQUEST_INVALID', 400, 'since: lies behind until, or in the future: nothing lies between')
  return { subscription, patterns: chosen, range }
}

async function offered(
  stores: readonly NamedStore[],
  question: BackfillQuestion,
): Promise<Extract<BackfillOffer, { readonly kind: 'offer' }>> {
  const made = await readWholly(stores, (all) => offerBackfill(all, question))
  const { subscription } = question
  switch (made.kind) {
    case 'offer':
      return made
    case 'unknown':
      throw new MonitorError('NOT_FOUND', 404, `no publisher knows the subscription "${subscription}"`)
    case 'retired':
      throw new MonitorError('REQUEST_INVALID', 400, `"${subscription}" is retired: it takes nothing any more`)
    case 'no-inbox':
      throw new MonitorError(
        'REQUEST_INVALID',
        400,
        `"${subscription}" keeps no inbox: what it has had it would handle again`,
      )
  }
}

function rowOf(row: StoreRow<Backfill>): BackfillRow {
  const { store, id, state, rate: perSecond, total, sent, pace, heldBy, error, requestedBy } = row
  const left = remainingMs(row)
  return {
    ...{
      store,
      id,
      state,
      patterns: [...row.patterns],
      rate: perSecond,
      total,
      sent,
      pace,
      heldBy,
      error,
      requestedBy,
    },
    since: new Date(row.range.fromMs).toISOString(),
    until: new Date(row.range.toMs).toISOString(),
    remainingMs: left === null ? null : Math.round(left),
    requestedAt: new Date(row.requestedMs).toISOString(),
    updatedAt: new Date(row.updatedMs).toISOString(),
  }
}
