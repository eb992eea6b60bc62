import type { BulkAction, FailureFilter } from '@warren/bus'
import { findBulk, readStores } from '@warren/bus/operate'
import type { NamedStore, StoreRow } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { callerOf } from '../access/guard.ts'
import { MonitorError } from '../errors.ts'
import type { BulkRunner } from '../reads/bulk-runner.ts'
import { readPartly, unreachable } from '../reads/answering.ts'
import { time } from '../reads/pages.ts'
import { addRoute } from './route.ts'

const bulkAction = z.object({
  store: z.string(),
  id: z.string(),
  action: z.enum(['retry', 'discard', 'release']),
  conditions: z.record(z.string(), z.string()).meta({ description: 'what chooses the failures' }),
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  total: z.number().meta({ description: 'counted when it began' }),
  done: z.number(),
  pace: z.number().nullable().meta({ description: 'failures a second, of late' }),
  remainingMs: z.number().nullable(),
  error: z.string().nullable(),
  requestedBy: z.string(),
  requestedAt: time,
  updatedAt: time,
})

export type BulkRow = z.infer<typeof bulkAction>

const LATEST = 10

export interface BulkApiOptions {
  readonly stores: readonly NamedStore[]
  readonly runner: BulkRunner
}

/** Actions on more failures than one transaction holds: how far they are. */
export function addBulkApi(app: FastifyInstance, { stores, runner }: BulkApiOptions): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/bulk-actions',
    access: 'viewer',
    summary: 'The latest actions on many failures, with their progress',
    reply: z.object({ rows: z.array(bulkAction), unreachable }),
    handle: () =>
      readPartly(stores, async (answering) => {
        const rows = await readStores(answering, (store) => store.bulk.list({ limit: LATEST }))
        const latest = rows.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, LATEST)
        return { rows: latest.map(rowOf) }
      }),
  })

  const actions = [
    ['resume', 'Goes on where it has stopped'],
    ['cancel', 'Gives it up; what is done is done'],
  ] as const
  for (const [action, summary] of actions) {
    addRoute(app, {
      method: 'POST',
      url: `/api/bulk-actions/:id/${action}`,
      access: 'operator',
      summary,
      params: z.object({ id: z.uuid() }),
      reply: z.object({ count: z.number().meta({ description: '0: its state does not allow it' }) }),
      handle: async ({ params }, request) => {
        const id = params.id.toLowerCase()
        const found = await readPartly(stores, async (answering) => {
          const each = await findBulk(answering, id)
          if (each === null) throw new MonitorError('NOT_FOUND', 404, `there is no bulk action ${id}`)
          return each
        })
        const { actor } = callerOf(request).identity
        const acted = await found.store.store.bulk.act(id, action, actor)
        if (acted?.bulk.state === 'running') runner.run(found.store, acted.bulk)
        return { count: acted?.isChanged === true ? 1 : 0 }
      },
    })
  }
}

function rowOf(row: StoreRow<BulkAction>): BulkRow {
  const { store, id, action, filter, state, total, done, pace, error, requestedBy } = row
  const isUnderWay = state === 'running' && pace !== null && pace > 0
  return {
    ...{ store, id, action, state, total, done, pace, error, requestedBy },
    conditions: textsOf(filter),
    remainingMs: isUnderWay ? Math.round((Math.max(0, total - done) / pace) * 1_000) : null,
    requestedAt: new Date(row.requestedMs).toISOString(),
    updatedAt: new Date(row.updatedMs).toISOString(),
  }
}

function textsOf(filter: FailureFilter): Record<string, string> {
  const given = Object.entries(filter) as readonly (readonly [string, string | Date])[]
  return Object.fromEntries(given.map(([key, value]) => [key, value instanceof Date ? value.toISOString() : value]))
}
