import type { WatchAlarm } from '@warren/bus'
import { DEFAULT_WATCH_ALARM, removeWatch, saveWatch } from '@warren/bus/operate'
import type { NamedStore } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { callerOf } from '../access/guard.ts'
import { MonitorError } from '../errors.ts'
import { absent, unreachable } from '../reads/answering.ts'
import { moment } from '../reads/pages.ts'
import { watchAlarm, watchRow } from '../reads/watches.ts'
import type { WatchReader } from '../reads/watches.ts'
import { addRoute } from './route.ts'

const params = z.object({ name: z.string().max(100) })

const body = z.object({
  name: z.string().max(100),
  patterns: z.array(z.string().max(255)).max(50),
  entityIds: z.array(z.string().max(255)).max(100).default([]),
  from: moment.nullable().default(null),
  to: moment.nullable().default(null),
  alarm: watchAlarm.partial().default({}),
  compensation: z.enum(['auto', 'off']).nullable().default(null).meta({ description: 'null: as the service says' }),
})

/** Saved filters with counts of distinct events, an alarm, and a word on compensation. */
export function addWatchesApi(
  app: FastifyInstance,
  { stores, watches }: { readonly stores: readonly NamedStore[]; readonly watches: WatchReader },
): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/watches',
    access: 'viewer',
    summary: 'All watches, with what they count and whether their alarm is on',
    reply: z.object({ rows: z.array(watchRow), unreachable }),
    handle: async () => {
      const { rows, unreachable: away } = await watches.read()
      return { rows: [...rows], unreachable: away }
    },
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/watches/:name',
    access: 'viewer',
    summary: 'One watch: what became of its events at each subscription',
    params,
    reply: watchRow,
    handle: async ({ params: { name } }) => {
      const { rows, unreachable: away } = await watches.read()
      const watch = rows.find((each) => each.name === name)
      if (watch === undefined) throw absent(unknown(name), away)
      return watch
    },
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/watches',
    access: 'operator',
    summary: 'Saves a watch in each store that publishes, and replaces the one of its name',
    body,
    reply: z.object({ count: z.number().meta({ description: 'stores' }), isNew: z.boolean() }),
    handle: async ({ body: { from, to, alarm, ...rest } }, request) => {
      const watch = {
        ...{ ...rest, alarm: { ...DEFAULT_WATCH_ALARM, ...definedOf(alarm) } },
        ...{ fromMs: from?.getTime() ?? null, toMs: to?.getTime() ?? null },
      }
      const saved = await saveWatch(stores, watch, callerOf(request).identity.actor)
      watches.forget()
      return { count: saved.stores.length, isNew: saved.isNew }
    },
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/watches/:name/remove',
    access: 'operator',
    summary: 'Removes a watch; what it held back is resent from then on, as the service says',
    params,
    reply: z.object({ count: z.number().meta({ description: 'stores' }) }),
    handle: async ({ params: { name } }, request) => {
      const removed = await removeWatch(stores, name, callerOf(request).identity.actor)
      watches.forget()
      if (removed.length === 0) throw unknown(name)
      return { count: removed.length }
    },
  })
}

function definedOf(alarm: Partial<Record<keyof WatchAlarm, number | null | undefined>>): Partial<WatchAlarm> {
  return Object.fromEntries(Object.entries(alarm).filter(([, value]) => value !== undefined))
}

function unknown(name: string): MonitorError {
  return new MonitorError('NOT_FOUND', 404, `there is no watch "${name}"`)
}
