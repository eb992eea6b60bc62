import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { overviewReply, readOverview } from '../reads/overview.ts'
import type { OverviewSources } from '../reads/overview.ts'
import { addRoute } from './route.ts'

const LONGEST_PERIOD_MS = 366 * 86_400_000

export function addOverviewApi(
  app: FastifyInstance,
  { periodMs, ...sources }: OverviewSources & { readonly periodMs: number },
): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/overview',
    access: 'viewer',
    summary: 'Whether everything is delivered, and what is not',
    query: z.object({ periodMs: z.coerce.number().int().min(60_000).max(LONGEST_PERIOD_MS).default(periodMs) }),
    reply: overviewReply,
    handle: ({ query }) => readOverview(sources, query.periodMs),
  })
}
