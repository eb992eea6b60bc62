import type { Catalog } from '@warren/bus'
import { lint, matches } from '@warren/bus'
import { readPublishers } from '@warren/bus/operate'
import type { NamedStore } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { readPartly, unreachable } from '../reads/answering.ts'
import { addRoute } from './route.ts'

const event = z.object({
  name: z.string(),
  entity: z.string(),
  description: z.string().nullable(),
  identity: z.string(),
  isOptional: z.boolean(),
  isOrdered: z.boolean(),
  subscriptions: z.array(z.string()).meta({ description: 'whose patterns match it now' }),
})

export type EventRow = z.infer<typeof event>

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
  addRoute(app, {
    method: 'GET',
    url: '/api/events',
    access: 'viewer',
    summary: 'The events of the catalog, and who subscribes to each',
    reply: z.object({ hasCatalog: z.boolean(), events: z.array(event), unreachable }),
    handle: () =>
      readPartly(stores, async (answering) => {
        const subscriptions = await readInterests(answering)
        const events = (catalog?.events ?? []).map(
          ({ name, entity, description, identity, isOptional, isOrdered }) => ({
            ...{ name, entity, description, identity, isOptional, isOrdered },
            subscriptions: [...subscriptions]
              .filter(([, patterns]) => patterns.some((pattern) => matches(pattern, name)))
              .map(([subscription]) => subscription),
          }),
        )
        return { hasCatalog: catalog !== undefined, events }
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
