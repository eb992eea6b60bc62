import type { Catalog } from '@warren/bus'
import { readStores } from '@warren/bus/operate'
import type { NamedStore } from '@warren/bus/operate'
import { readTopology } from '@warren/cluster'
import type { VhostTopology } from '@warren/cluster'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Clusters } from '../clusters/clusters.ts'
import { readAnswering, unreachable } from '../reads/answering.ts'
import { graphOf, MOST_QUEUES } from '../reads/graph.ts'
import type { GraphSubscription } from '../reads/graph.ts'
import { Recent } from '../reads/recent.ts'
import { addRoute } from './route.ts'

const graph = z.object({
  entities: z.array(z.string()).meta({ description: 'of the vhost, whatever is looked for' }),
  queueCount: z.number().meta({ description: 'how many queues what is looked for comes to' }),
  mostQueues: z.number(),
  isTooLarge: z.boolean().meta({ description: 'there are more queues than "mostQueues": nothing else is told' }),
  nodes: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['entity', 'exchange', 'queue', 'subscription']),
      name: z.string(),
      column: z.number(),
    }),
  ),
  edges: z.array(z.object({ from: z.string(), to: z.string(), keys: z.array(z.string()), keyCount: z.number() })),
  unreachable,
})

export type GraphReply = z.infer<typeof graph>

/** All bindings of a vhost are read for it. */
const GOOD_FOR_MS = 5_000

export interface ClusterGraphApiOptions {
  readonly clusters: Clusters
  readonly stores: readonly NamedStore[]
  readonly catalog: Catalog | undefined
}

/** The way of an event, from its entity to who subscribes. */
export function addClusterGraphApi(app: FastifyInstance, { clusters, stores, catalog }: ClusterGraphApiOptions): void {
  const topologies = new Recent<VhostTopology>(GOOD_FOR_MS)
  addRoute(app, {
    method: 'GET',
    url: '/api/clusters/:name/graph',
    access: 'viewer',
    takesNul: true,
    summary: 'What leads from entities over exchanges and queues to subscriptions, by the bindings that stand',
    params: z.object({ name: z.string().max(255) }),
    query: z.object({
      entity: z.string().max(255).optional(),
      text: z.string().max(255).optional().meta({ description: 'in the name of the queue or of its subscription' }),
      own: z.enum(['true', 'false']).default('false').meta({ description: 'with what Warren needs for itself' }),
    }),
    reply: graph,
    handle: async ({ params: { name }, query: { entity, text, own } }) => {
      const { client, vhost } = clusters.find(name)
      const [topology, known] = await Promise.all([
        topologies.get(name, () => readTopology(client, vhost)),
        readAnswering(stores, readSubscriptions),
      ])
      const found = graphOf(topology, known.value, catalog, {
        ...(entity === undefined ? {} : { entity }),
        ...(text === undefined ? {} : { text }),
        withOwn: own === 'true',
      })
      return {
        ...{ entities: [...found.entities], queueCount: found.queueCount, isTooLarge: found.isTooLarge },
        mostQueues: MOST_QUEUES,
        nodes: [...found.nodes],
        edges: found.edges.map(({ keys, ...edge }) => ({ ...edge, keys: [...keys] })),
        unreachable: known.unreachable,
      }
    },
  })
}

/** As publishers have heard of them: what subscribers' own stores know of is announced to publishers, and counts their inbox. */
async function readSubscriptions(stores: readonly NamedStore[]): Promise<readonly GraphSubscription[]> {
  const registered = await readStores(stores, (store) => store.reconciliation.registry.list())
  const active = registered.filter(({ retired }) => retired === null)
  return [...new Map(active.map(({ name, queue }) => [name, { name, queue }])).values()]
}
