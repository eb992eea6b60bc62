import { readStores } from '@warren/bus/operate'
import type { NamedStore } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { readPartly, unreachable } from '../reads/answering.ts'
import { Shared } from '../reads/shared.ts'
import { time } from '../reads/pages.ts'
import { addRoute } from './route.ts'

const trend = z.object({
  store: z.string(),
  subscription: z.string(),
  fingerprint: z.string(),
  counts: z.array(z.number().nullable()).meta({ description: 'of each hour; null where not all were looked at' }),
})

const trends = z.object({
  from: time,
  to: time,
  trends: z.array(trend).meta({ description: 'a cause that is not there has none in that time' }),
  unreachable,
})

export type TrendRow = z.infer<typeof trend>
export type TrendsReply = z.infer<typeof trends>

const HOUR_MS = 3_600_000
const HOURS = 24
/** Of each store, the newest: what it costs is told in store/failure-trend.ts. */
const MOST_FAILURES = 10_000
/** It moves by the hour. */
const KEPT_MS = 15_000

/** When the events were published that failed and are not dealt with, by cause. */
export function addFailureTrendsApi(
  app: FastifyInstance,
  { stores }: { readonly stores: readonly NamedStore[] },
): void {
  const kept = new Shared<TrendsReply>(KEPT_MS)
  addRoute(app, {
    method: 'GET',
    url: '/api/failures/trends',
    access: 'viewer',
    summary: 'Failures of each cause by when their events were published, for the last 24 hours',
    reply: trends,
    handle: () => kept.get('', () => readPartly(stores, readAll)),
  })
}

async function readAll(stores: readonly NamedStore[]): Promise<Omit<TrendsReply, 'unreachable'>> {
  const toMs = Date.now()
  const range = { fromMs: toMs - HOURS * HOUR_MS, toMs }
  const rows = await readStores(
    stores,
    async (store) => (await store.failures.trends(range, HOURS, MOST_FAILURES)).groups,
  )
  return {
    ...{ from: new Date(range.fromMs).toISOString(), to: new Date(toMs).toISOString() },
    trends: rows.map(({ counts, ...row }) => ({ ...row, counts: [...counts] })),
  }
}
