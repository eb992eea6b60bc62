import type { Catalog, CatalogEvent } from '@warren/bus'
import { lint, matches } from '@warren/bus'
import { readPublishers } from '@warren/bus/operate'
import type { NamedStore } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { MonitorError } from '../errors.ts'
import { readPartly, unreachable } from '../reads/answering.ts'
import { Shared } from '../reads/shared.ts'
import { addRoute } from './route.ts'

const RATE_MS = 60_000
const MAX_AGE_MS = 5_000

const event = z.object({
  name: z.string(),
  entity: z.string(),
  description: z.string().nullable(),
  identity: z.string(),
  isOptional: z.boolean(),
  isOrdered: z.boolean(),
  subscriptions: z
    .array(z.object({ name: z.string(), patterns: z.array(z.string()) }))
    .meta({ description: 'whose patterns match it now, with those that do' }),
  perSecond: z.number().meta({ description: 'sent in the last minute' }),
})

export type EventRow = z.infer<typeof event>

const eventDetails = event.extend({
  scope: z.string().nullable(),
  process: z.string(),
  fact: z.string(),
  schema: z
    .record(z.string(), z.unknown())
    .nullable()
    .meta({ description: 'JSON Schema of a payload that is published; null: its library cannot say it' }),
})

export type EventDetails = z.infer<typeof eventDetails>

const matchReply = z.object({
  isValid: z.boolean(),
  error: z.string().nullable(),
  suggestion: z.string().nullable(),
  events: z.array(z.string()),
})

export type MatchReply = z.infer<typeof matchReply>

export interface EventsApiOptions {
  readonly stores: readonly NamedStore[]
  readonly catalog: Catalog | undefined
}

/** The catalog as documentation, and what patterns match in it. */
export function addEventsApi(app: FastifyInstance, { stores, catalog }: EventsApiOptions): void {
  const sharedRates = new Shared<ReadonlyMap<string, number>>(MAX_AGE_MS)

  addRoute(app, {
    method: 'GET',
    url: '/api/events',
    access: 'viewer',
    summary: 'The events of the catalog, and who subscribes to each',
    reply: z.object({ hasCatalog: z.boolean(), events: z.array(event), unreachable }),
    handle: () =>
      readPartly(stores, async (answering) => ({
        hasCatalog: catalog !== undefined,
        events: await rowsOf(answering, catalog?.events ?? []),
      })),
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/events/:name',
    access: 'viewer',
    summary: 'One event of the catalog, with the schema of its payload',
    params: z.object({ name: z.string().max(255) }),
    reply: eventDetails.extend({ unreachable }),
    handle: ({ params: { name } }) =>
      readPartly(stores, async (answering) => {
        const found = catalog?.find(name)
        const [row] = found === undefined ? [] : await rowsOf(answering, [found])
        if (found === undefined || row === undefined || catalog === undefined)
          throw new MonitorError('NOT_FOUND', 404, `the catalog has no event "${name}"`)
        const { scope, process, fact } = found
        return { ...row, scope, process, fact, schema: catalog.jsonSchema(name) }
      }),
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/events/match',
    access: 'viewer',
    summary: 'What a pattern matches, and what is wrong with one that matches nothing',
    query: z.object({ pattern: z.string().min(1).max(255) }),
    reply: matchReply,
    handle: ({ query: { pattern } }) => {
      if (catalog === undefined) return { isValid: true, error: null, suggestion: null, events: [] }
      const problem = lint(catalog, [{ name: 'pattern', patterns: [pattern] }]).find(({ level }) => level === 'error')
      return {
        isValid: problem?.rule !== 'pattern-invalid',
        error: problem?.message.replace(' of subscription "pattern"', '') ?? null,
        suggestion: problem?.suggestion ?? null,
        events: problem === undefined ? catalog.matching([pattern]).map(({ name }) => name) : [],
      }
    },
  })

  async function rowsOf(answering: readonly NamedStore[], events: readonly CatalogEvent[]): Promise<EventRow[]> {
    const interests = await readInterests(answering)
    const labels = answering.map(({ label }) => label)
    const rates = await sharedRates.get(JSON.stringify(labels), () => readRates(answering))
    return events.map(({ name, entity, description, identity, isOptional, isOrdered }) => ({
      ...{ name, entity, description, identity, isOptional, isOrdered, perSecond: rates.get(name) ?? 0 },
      subscriptions: [...interests]
        .map(([subscription, patterns]) => ({
          name: subscription,
          patterns: patterns.filter((pattern) => matches(pattern, name)),
        }))
        .filter(({ patterns }) => patterns.length > 0),
    }))
  }
}

/** Sent in the last minute, by name: the ledger is read by its primary key, as far as that goes back. */
async function readRates(stores: readonly NamedStore[]): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  await Promise.all(
    stores.map(async ({ store }) => {
      const toMs = await store.reconciliation.nowMs()
      const [sent] = await store.reconciliation.ledger.digests([{ fromMs: toMs - RATE_MS, toMs }])
      for (const { name, count } of sent?.digests ?? []) counts.set(name, (counts.get(name) ?? 0) + count)
    }),
  )
  return new Map([...counts].map(([name, count]) => [name, count / (RATE_MS / 1_000)]))
}

/** Patterns that hold now, by subscription. */
async function readInterests(stores: readonly NamedStore[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const publishers = await readPublishers(stores)
  return new Map(
    publishers.flatMap(({ subscriptions }) =>
      subscriptions
        .filter(({ subscription }) => subscription.retired === null)
        .map(({ subscription: { name, periods } }) => [
          name,
          periods.filter(({ toMs }) => toMs === null).flatMap(({ patterns }) => patterns),
        ]),
    ),
  )
}
