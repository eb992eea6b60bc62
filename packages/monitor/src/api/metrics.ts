import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { metricsOf } from '../reads/metrics.ts'
import { readOverview } from '../reads/overview.ts'
import type { OverviewSources } from '../reads/overview.ts'
import { addRoute } from './route.ts'

/** For Prometheus: what the overview says. */
export function addMetricsApi(
  app: FastifyInstance,
  { periodMs, ...sources }: OverviewSources & { readonly periodMs: number },
): void {
  addRoute(app, {
    method: 'GET',
    url: '/metrics',
    access: 'metrics',
    summary: 'What the overview says, in the text format of Prometheus',
    reply: z.string(),
    handle: async (_input, _request, reply) => {
      void reply.type('text/plain; version=0.0.4; charset=utf-8')
      return metricsOf(await readOverview(sources, periodMs))
    },
  })
}
