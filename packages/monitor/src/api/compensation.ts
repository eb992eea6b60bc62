import { changeCompensation, compensatingStores, orderBreaker } from '@warren/bus/operate'
import type { NamedStore } from '@warren/bus/operate'
import type { CompensationChanges } from '@warren/bus'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { callerOf } from '../access/guard.ts'
import { MonitorError } from '../errors.ts'
import { mode } from '../reads/compensation.ts'
import { chosenStores } from '../reads/pages.ts'
import { defined } from './messages.ts'
import { addRoute } from './route.ts'

const store = z.string().max(200).optional().meta({ description: 'at this publisher alone' })
const number = z.number().nullable().optional()

const changes = z.object({
  store,
  mode: mode.nullable().optional().meta({ description: 'null, of each: as the code of the service says' }),
  share: number,
  minPerSecond: number,
  maxMissingShare: number,
  minMissing: number,
  maxUnansweredMs: number,
})

const changed = z.object({ count: z.number().meta({ description: 'stores' }) })
const params = z.object({ name: z.string().max(255) })

/** What missing events are resent with, and what the breakers are told. The processes that reconcile take it up within a second. */
export function addCompensationApi(app: FastifyInstance, { stores }: { readonly stores: readonly NamedStore[] }): void {
  const change = async (
    subscription: string | null,
    label: string | undefined,
    what: CompensationChanges | 'reset',
    actor: string,
  ): Promise<{ readonly count: number }> => {
    const chosen = chosenStores(stores, label)
    if (subscription !== null && (await compensatingStores(chosen, subscription)).length === 0)
      throw unknown(subscription)
    return { count: (await changeCompensation(chosen, subscription, what, actor)).length }
  }

  addRoute(app, {
    method: 'POST',
    url: '/api/compensation',
    access: 'operator',
    summary: 'Sets compensation, for all subscriptions for which nothing else is set',
    body: changes,
    reply: changed,
    handle: ({ body: { store: label, ...rest } }, request) =>
      change(null, label, defined(rest), callerOf(request).identity.actor),
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/compensation/reset',
    access: 'operator',
    summary: 'Ends what is set for all: it is as the code of the services says',
    body: z.object({ store }),
    reply: changed,
    handle: ({ body }, request) => change(null, body.store, 'reset', callerOf(request).identity.actor),
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/subscriptions/:name/compensation',
    access: 'operator',
    summary: 'Sets compensation of this subscription',
    params,
    body: changes,
    reply: changed,
    handle: ({ params: { name }, body: { store: label, ...rest } }, request) =>
      change(name, label, defined(rest), callerOf(request).identity.actor),
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/subscriptions/:name/compensation/reset',
    access: 'operator',
    summary: 'Ends what is set for this subscription: it is as for all others',
    params,
    body: z.object({ store }),
    reply: changed,
    handle: ({ params: { name }, body }, request) =>
      change(name, body.store, 'reset', callerOf(request).identity.actor),
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/subscriptions/:name/breaker',
    access: 'operator',
    summary:
      'Holds its breaker open, closes it for what is missing now, has it try a few again, or forgets what it was told',
    params,
    body: z.object({ store, order: z.enum(['hold', 'close', 'try', 'release']) }),
    reply: z.object({ count: z.number().meta({ description: '0: it was so before, or is closed' }) }),
    handle: async ({ params: { name }, body: { store: label, order } }, request) => {
      const { actor } = callerOf(request).identity
      const told = await orderBreaker(chosenStores(stores, label), name, order === 'release' ? null : order, actor)
      if (told.length === 0) throw unknown(name)
      return { count: told.filter(({ kind }) => kind === 'ordered').length }
    },
  })
}

function unknown(name: string): MonitorError {
  return new MonitorError('NOT_FOUND', 404, `no publisher knows a subscription "${name}"`)
}
