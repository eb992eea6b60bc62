import type { InboxStatus, SentState } from '@warren/bus'
import { readDeliveries, readMessage, readTimeline } from '@warren/bus/operate'
import type { NamedStore, StepKind } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { callerOf } from '../access/guard.ts'
import { MonitorError } from '../errors.ts'
import type { Mask } from '../mask.ts'
import { editRow, readEdits } from '../reads/edits.ts'
import { readPartly, unreachable } from '../reads/answering.ts'
import { chosenStores, iso, moment, pageQuery, readPage, time } from '../reads/pages.ts'
import { trace, traceOf } from '../reads/trace.ts'
import { addRoute } from './route.ts'

const sentStates = ['sent', 'pending', 'unroutable', 'unpublishable'] as const satisfies readonly SentState[]
const inboxStatuses = ['handled', 'retrying', 'parked', 'discarded'] as const satisfies readonly InboxStatus[]

const filter = {
  store: z.string().max(200).optional(),
  name: z.string().max(255).optional().meta({ description: 'the whole name of the event' }),
  since: moment.optional(),
  until: moment.optional(),
  ...pageQuery,
}

const sentRow = z.object({
  store: z.string(),
  id: z.string(),
  name: z.string(),
  entityId: z.string(),
  source: z.string(),
  createdAt: time,
  state: z.enum(sentStates),
  attempts: z.number(),
  error: z.string().nullable(),
})

const receivedRow = z.object({
  store: z.string(),
  id: z.string(),
  name: z.string(),
  source: z.string(),
  subscription: z.string(),
  status: z.enum(inboxStatuses),
  receivedAt: time,
  settledAt: time.nullable(),
  error: z.string().nullable(),
})

export type SentRow = z.infer<typeof sentRow>
export type ReceivedRow = z.infer<typeof receivedRow>

const delivery = z.object({
  subscription: z.string(),
  service: z.string().nullable(),
  state: z.string(),
  interest: z.string().nullable(),
  store: z.string().nullable(),
  receivedAt: time.nullable(),
  settledAt: time.nullable(),
  attempts: z.number().nullable(),
  dueAt: time.nullable(),
  error: z.string().nullable(),
  fingerprint: z.string().nullable(),
  missed: z
    .object({
      state: z.string(),
      cause: z.string().nullable(),
      evidence: z.record(z.string(), z.unknown()).nullable(),
      suspectedAt: time,
      confirmedAt: time.nullable(),
      resends: z.number(),
      dueAt: time.nullable(),
      error: z.string().nullable(),
      requestedAt: time.nullable(),
      settledAt: time.nullable(),
      settledBy: z.string().nullable(),
      heldBy: z.string().nullable().meta({ description: 'the watch because of which it is not resent by itself' }),
    })
    .nullable(),
})

const stepKinds = [
  'published',
  'sent',
  'unsent',
  'received',
  'failed',
  'parked',
  'lost',
  'waiting',
  'suspected',
  'missing',
  'resent',
  'gave-up',
  'recovered',
  'waived',
  'acted',
  'handled',
  'discarded',
] as const satisfies readonly StepKind[]

const step = z.object({
  at: time.nullable().meta({ description: 'when it happened, or an attempt ended; null: no store keeps that' }),
  kind: z.enum(stepKinds),
  store: z.string(),
  subscription: z.string().nullable().meta({ description: 'null: it is about the event itself' }),
  by: z.string().nullable().meta({ description: 'the service that published it, or who did it' }),
  attempt: z.number().nullable().meta({ description: 'which one; how often it was sent in vain, or resent' }),
  beganAt: time.nullable().meta({ description: 'of an attempt; null where no handler was called' }),
  code: z.string().nullable().meta({ description: 'of an error; the cause of a loss; what a person did' }),
  error: z.string().nullable(),
})

const messageReply = z.object({
  id: z.string(),
  published: z.array(
    sentRow.extend({
      payload: z.string(),
      headers: z.record(z.string(), z.string()),
      trace: trace.nullable().meta({ description: 'the trace that it was published in' }),
    }),
  ),
  deliveries: z.array(delivery),
  timeline: z
    .array(step)
    .meta({ description: 'from the commit to each handler, oldest first, with every failed attempt' }),
  edits: z
    .array(editRow)
    .meta({ description: 'what people have changed of it for single subscriptions, oldest first' }),
  unreachable,
})

export type MessageReply = z.infer<typeof messageReply>
export type DeliveryRow = z.infer<typeof delivery>
export type StepRow = z.infer<typeof step>

/** Of a search that no index helps: some 50 ms. An index of names would make every write slower for it. */
const SEARCHED_ROWS = 50_000

/** Of an action on what one store has: others need not answer then. */
const store = z.string().max(200).optional().meta({ description: 'that has it; default: whichever it is' })

const acted = z.object({ count: z.number().meta({ description: 'how many it is done for' }) })

export interface MessagesApiOptions {
  readonly stores: readonly NamedStore[]
  readonly mask: Mask
  /** With `{traceId}` in it. */
  readonly traceUrl: string | null
}

/** What was published and received: to search, to look at, to send again. */
export function addMessagesApi(app: FastifyInstance, { stores, mask, traceUrl }: MessagesApiOptions): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/messages/sent',
    access: 'viewer',
    summary: 'Published events, newest first',
    query: z.object({ ...filter, entityId: z.string().max(500).optional(), state: z.enum(sentStates).optional() }),
    reply: z.object({ rows: z.array(sentRow), next: z.string().nullable(), unreachable }),
    handle: async ({ query: { store, limit, ...rest } }) => {
      const { name, entityId, state = 'sent' } = rest
      const isSearch = name !== undefined && entityId === undefined && state === 'sent'
      return readPartly(chosenStores(stores, store), async (answering) => {
        const { rows, next } = await readPage({
          ...{ stores: answering, limit },
          read: (each, page) => each.messages.sent({ ...defined(rest), ...page }),
          idOf: ({ id }) => id,
          depthOf: isSearch ? (depths) => depths.sent({ ...rest, rows: SEARCHED_ROWS }) : undefined,
        })
        const shown = rows.map(({ payload: _payload, headers: _headers, createdAt, ...row }) => ({
          ...row,
          createdAt: createdAt.toISOString(),
        }))
        return { rows: shown, next }
      })
    },
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/messages/received',
    access: 'viewer',
    summary: 'What subscriptions have received, newest first',
    query: z.object({
      ...filter,
      subscription: z.string().max(255).optional(),
      status: z.enum(inboxStatuses).optional(),
    }),
    reply: z.object({ rows: z.array(receivedRow), next: z.string().nullable(), unreachable }),
    handle: async ({ query: { store, limit, ...rest } }) => {
      const { name, status, subscription } = rest
      const isSearch = name !== undefined || status === 'handled'
      return readPartly(chosenStores(stores, store), async (answering) => {
        const { rows, next } = await readPage({
          ...{ stores: answering, limit },
          read: (each, page) => each.messages.received({ ...defined(rest), ...page }),
          idOf: ({ messageId }) => messageId,
          depthOf: isSearch ? (depths) => depths.received({ ...rest, rows: SEARCHED_ROWS }, subscription) : undefined,
        })
        const shown = rows.map(({ messageId, receivedAt, settledAt, failure, ...row }) => ({
          ...row,
          id: messageId,
          receivedAt: receivedAt.toISOString(),
          settledAt: iso(settledAt),
          error: failure === null ? null : `${failure.error.type}: ${failure.error.message}`,
        }))
        return { rows: shown, next }
      })
    },
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/messages/:id',
    access: 'viewer',
    summary: 'One event: what it says, and what became of it at each subscription',
    params: z.object({ id: z.uuid() }),
    reply: messageReply,
    handle: ({ params: { id } }) => readPartly(stores, (answering) => messageOf(answering, id)),
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/messages/:id/resend',
    access: 'operator',
    summary: 'Sends a missing event once more, to the one subscription that misses it',
    params: z.object({ id: z.uuid() }),
    body: z.object({ subscription: z.string().min(1).max(255), store }),
    reply: acted,
    handle: async ({ params: { id }, body }, request) => {
      const { actor } = callerOf(request).identity
      const missing = { id: id.toLowerCase(), subscription: body.subscription }
      const done = await Promise.all(
        chosenStores(stores, body.store).map((each) => each.store.reconciliation.missing.retry(missing, actor)),
      )
      return { count: sum(done) }
    },
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/messages/release',
    access: 'operator',
    summary: 'Has events that no queue took, or that the broker refused, sent again at once',
    body: z.union([
      z.object({ ids: z.array(z.uuid()).min(1).max(1_000), store }),
      z.object({ name: z.string().min(1).max(255), store }),
    ]),
    reply: acted,
    handle: async ({ body: { store: label, ...chosen } }, request) => {
      const { actor } = callerOf(request).identity
      const done = chosenStores(stores, label).map((each) => each.store.messages.retry(chosen, actor))
      return { count: sum(await Promise.all(done)) }
    },
  })

  async function messageOf(answering: readonly NamedStore[], id: string): Promise<Omit<MessageReply, 'unreachable'>> {
    const found = await readMessage(answering, id.toLowerCase())
    if (found.sent.length + found.received.length === 0)
      throw new MonitorError('NOT_FOUND', 404, `none of the stores knows a message ${id}`)
    const deliveries = await readDeliveries(answering, found)
    const timeline = await readTimeline(answering, found, deliveries)
    const edits = await readEdits(answering, mask, { messageId: found.id })
    return {
      id: found.id,
      published: found.sent.map(({ createdAt, payload, ...sent }) => ({
        ...sent,
        createdAt: createdAt.toISOString(),
        payload: mask.text(payload),
        trace: traceOf(sent.headers, traceUrl),
      })),
      edits: [...edits],
      timeline: timeline.map(({ at, beganAt, ...row }) => ({ ...row, at: iso(at), beganAt: iso(beganAt) })),
      deliveries: deliveries.map(({ receivedAt, settledAt, dueAt, missed, ...row }) => ({
        ...row,
        receivedAt: iso(receivedAt),
        settledAt: iso(settledAt),
        dueAt: iso(dueAt),
        missed:
          missed === null
            ? null
            : {
                ...missed,
                suspectedAt: missed.suspectedAt.toISOString(),
                confirmedAt: iso(missed.confirmedAt),
                dueAt: iso(missed.dueAt),
                requestedAt: iso(missed.requestedAt),
                settledAt: iso(missed.settledAt),
              },
      })),
    }
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, each) => total + each, 0)
}

/** Without what was not asked. */
export function defined<T extends Readonly<Record<string, unknown>>>(
  filter: T,
): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>
  }
}
