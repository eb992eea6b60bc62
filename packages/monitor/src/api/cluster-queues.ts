import {
  cancelSync,
  labelOf,
  leadersOf,
  listQueues,
  placementsOf,
  readQueue,
  rebalanceQueues,
  requireMirroring,
  syncQueues,
  unsynchronisedMirrors,
} from '@warren/cluster'
import type { Queue, QueueDetails, SyncEvent, SyncResult } from '@warren/cluster'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { callerOf } from '../access/guard.ts'
import type { ClusterActions, Progress, QueueProgress, Result } from '../clusters/actions.ts'
import type { Clusters } from '../clusters/clusters.ts'
import { addRoute } from './route.ts'

const queue = z.object({
  vhost: z.string(),
  name: z.string(),
  type: z.string(),
  state: z.string().nullable(),
  leader: z.string().nullable(),
  replicas: z.array(z.object({ node: z.string(), isWell: z.boolean() })),
  messages: z.number().nullable(),
  consumers: z.number().nullable(),
  policy: z.string().nullable(),
})

const values = z.record(z.string(), z.unknown())

/** Rows that no reader goes through; how many there are is told beside them. */
const MOST_ROWS = 200

const queueReply = queue.extend({
  isDurable: z.boolean(),
  isAutoDelete: z.boolean(),
  isExclusive: z.boolean(),
  operatorPolicy: z.string().nullable(),
  effectivePolicy: values.meta({ description: 'what both policies make of it' }),
  arguments: values,
  ready: z.number().nullable(),
  unacknowledged: z.number().nullable(),
  consumerList: z
    .array(
      z.object({
        tag: z.string(),
        connection: z.string(),
        user: z.string(),
        prefetch: z.number(),
        isActive: z.boolean(),
        isExclusive: z.boolean(),
      }),
    )
    .meta({ description: `the first ${MOST_ROWS} of "consumers"` }),
  bindings: z.array(z.object({ exchange: z.string(), key: z.string(), arguments: values })),
  bindingCount: z.number(),
})

export type QueueRow = z.infer<typeof queue>
export type QueueReply = z.infer<typeof queueReply>

const action = z.object({
  id: z.string(),
  action: z.string(),
  actor: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  state: z.enum(['running', 'done', 'failed', 'left']),
  queues: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['waiting', 'running', 'done', 'failed', 'left']),
      copied: z.number(),
      messages: z.number(),
      error: z.string().nullable(),
    }),
  ),
  moved: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})

export type ClusterActionRow = z.infer<typeof action>

const cluster = z.object({ name: z.string().max(255) })
const queueName = z.string().min(1).max(255)
/** Those that the reader was shown, so that no other is touched. */
const chosen = z.object({ queues: z.array(queueName).min(1).max(500) })
const begun = z.object({ count: z.number().meta({ description: 'how many it is begun for' }) })

/** Queues of a cluster, one by one, and what an operator does to them. */
export function addClusterQueuesApi(
  app: FastifyInstance,
  { clusters, actions }: { readonly clusters: Clusters; readonly actions: ClusterActions },
): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/clusters/:name/queues',
    access: 'viewer',
    summary: 'The queues of its vhost: where they are, and what they hold',
    params: cluster,
    reply: z.object({ queues: z.array(queue) }),
    handle: async ({ params: { name } }) => {
      const { client, vhost } = clusters.find(name)
      return { queues: (await listQueues(client, { vhost })).map(rowOf) }
    },
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/clusters/:name/queue',
    access: 'viewer',
    takesNul: true,
    summary: 'One queue: replicas, what holds for it, who consumes it, what it is bound to',
    params: cluster,
    query: z.object({ queue: queueName }),
    reply: queueReply,
    handle: async ({ params, query }) => {
      const { client, vhost } = clusters.find(params.name)
      return detailsOf(await readQueue(client, { vhost, name: query.queue }))
    },
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/clusters/:name/leaders',
    access: 'viewer',
    summary: 'How many replicated queues each node leads, of all vhosts',
    params: cluster,
    reply: z.object({ nodes: z.array(z.object({ node: z.string(), leaders: z.number() })) }),
    handle: async ({ params: { name } }) => ({ nodes: [...(await leadersOf(clusters.find(name).client))] }),
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/clusters/:name/actions',
    access: 'viewer',
    summary: 'What this page does to it, and has done since it was started, newest first',
    params: cluster,
    reply: z.object({ actions: z.array(action) }),
    handle: ({ params: { name } }) => ({
      actions: actions
        .list(clusters.find(name).name)
        .map(({ queues, ...rest }) => ({ ...rest, queues: queues.map((each) => ({ ...each })) })),
    }),
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/clusters/:name/queues/sync',
    access: 'operator',
    summary: 'Begins to synchronise mirrored queues, one after the other; each is blocked while it is at it',
    params: cluster,
    body: chosen,
    reply: begun,
    handle: async ({ params: { name }, body }, request) => {
      const found = clusters.find(name)
      const { client, vhost } = found
      const names = [...new Set(body.queues)]
      await requireMirroring(client)
      const behind = (await placementsOf(client, { vhost, names })).filter(
        (each) => unsynchronisedMirrors(each).length > 0,
      )
      if (behind.length === 0) return { count: 0 }
      const { actor } = callerOf(request).identity
      const about = behind.map((each) => each.name)
      const undertaking = { cluster: found, actor, action: 'queues-sync', about }
      const waiting = about.map((each): QueueProgress => ({
        ...{ name: each, state: 'waiting', copied: 0, messages: 0, error: null },
      }))
      const keys = about.map((each) => keyOf(name, each))
      await actions.start(undertaking, keys, { queues: waiting, moved: null }, async ({ report, signal }) => {
        const told = new Map(waiting.map((each) => [each.name, each]))
        const onEvent = (event: SyncEvent): void => {
          const before = told.get(event.kind === 'ended' ? event.result.queue.name : event.queue.name)
          if (before === undefined) return
          told.set(before.name, progressOf(before, event))
          report({ queues: [...told.values()] })
        }
        return resultOf(await syncQueues(client, behind, { onEvent, signal }))
      })
      return { count: behind.length }
    },
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/clusters/:name/queues/cancel-sync',
    access: 'operator',
    summary: 'Ends a synchronisation: the queues serve again, their mirrors stay behind, and those not begun are left',
    params: cluster,
    body: chosen,
    reply: begun,
    handle: async ({ params: { name }, body }, request) => {
      const found = clusters.find(name)
      const { client, vhost } = found
      await requireMirroring(client)
      const names = (await placementsOf(client, { vhost, names: [...new Set(body.queues)] })).map((each) => each.name)
      const { actor } = callerOf(request).identity
      return actions.run({ cluster: found, actor, action: 'queues-cancel-sync', about: names }, [], async () => {
        // What waits for them must not begin the next one behind our back.
        const left = await actions.leave(names.map((each) => keyOf(name, each)))
        const others = left.flatMap(({ queues }) => queues.filter(({ state }) => state === 'running'))
        const all = [...new Set([...names, ...others.map((each) => each.name)])]
        await cancelSync(
          client,
          all.map((each) => ({ vhost, name: each })),
        )
        return { count: all.length }
      })
    },
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/clusters/:name/rebalance',
    access: 'operator',
    summary: 'Begins to spread the leaders of replicated queues over its nodes, in all vhosts',
    params: cluster,
    reply: begun,
    handle: async ({ params: { name } }, request) => {
      const found = clusters.find(name)
      const before = await leadersOf(found.client)
      const count = before.reduce((total, { leaders }) => total + leaders, 0)
      if (count === 0) return { count }
      const { actor } = callerOf(request).identity
      const undertaking = { cluster: found, actor, action: 'queues-rebalance', about: [], details: { before } }
      const first: Progress = { queues: [], moved: 0 }
      await actions.start(undertaking, [`rebalance ${name}`], first, async ({ report, signal }) => {
        const onMove = (moved: number): void => report({ moved })
        const { moved, isSettled, after } = await rebalanceQueues(found.client, { onMove, signal })
        report({ moved })
        return { outcome: isSettled ? 'done' : 'left', details: { moved, isSettled, after } }
      })
      return { count }
    },
  })
}

function keyOf(clusterName: string, name: string): string {
  return JSON.stringify(['sync', clusterName, name])
}

function progressOf(before: QueueProgress, event: SyncEvent): QueueProgress {
  if (event.kind === 'started') return { ...before, state: 'running' }
  if (event.kind === 'progress') return { ...before, state: 'running', copied: event.copied, messages: event.messages }
  const { result } = event
  if (result.kind === 'synchronised') return { ...before, state: 'done' }
  return result.kind === 'failed'
    ? { ...before, state: 'failed', error: result.error.message }
    : { ...before, state: 'left' }
}

function resultOf(results: readonly SyncResult[]): Result {
  const of = (kind: SyncResult['kind']): readonly string[] =>
    results.filter((each) => each.kind === kind).map((each) => each.queue.name)
  const failed = results.flatMap((each) =>
    each.kind === 'failed' ? [{ queue: labelOf(each.queue), code: each.error.code, message: each.error.message }] : [],
  )
  const isLeft = of('left').length + of('skipped').length > 0
  return {
    outcome: failed.length > 0 ? 'failed' : isLeft ? 'left' : 'done',
    details: { synchronised: of('synchronised'), failed, left: of('left'), notBegun: of('skipped') },
  }
}

function rowOf({ vhost, name, type, state, leader, mirrors, members, messages, consumers, policy }: Queue): QueueRow {
  const replicas = [
    ...mirrors.map(({ node, isSynchronised }) => ({ node, isWell: isSynchronised })),
    ...members.filter(({ node }) => node !== leader).map(({ node, isOnline }) => ({ node, isWell: isOnline })),
  ]
  return {
    ...{ vhost, name, type, replicas },
    state: state ?? null,
    leader: leader ?? null,
    messages: messages ?? null,
    consumers: consumers ?? null,
    policy: policy ?? null,
  }
}

function detailsOf(details: QueueDetails): QueueReply {
  const { isDurable, isAutoDelete, isExclusive, bindings, consumerList = [] } = details
  return {
    ...rowOf(details),
    ...{ isDurable, isAutoDelete, isExclusive },
    operatorPolicy: details.operatorPolicy ?? null,
    effectivePolicy: { ...details.effectivePolicy },
    arguments: { ...details.arguments },
    ready: details.ready ?? null,
    unacknowledged: details.unacknowledged ?? null,
    consumerList: consumerList.slice(0, MOST_ROWS).map((each) => ({ ...each })),
    bindings: bindings.slice(0, MOST_ROWS).map(({ exchange, key, arguments: args }) => ({
      ...{ exchange, key },
      arguments: { ...args },
    })),
    bindingCount: bindings.length,
  }
}
