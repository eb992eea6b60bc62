import { listConnections, readPolicies } from '@warren/cluster'
import type { Connection, PolicyObject, PolicyReading } from '@warren/cluster'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Clusters } from '../clusters/clusters.ts'
import { addRoute } from './route.ts'

/** Names of a policy that are told; how many there are is told beside them. */
const MOST_NAMES = 50

const object = z.object({ kind: z.enum(['queue', 'exchange']), name: z.string() })
const some = <Item extends z.ZodType>(item: Item) => z.object({ count: z.number(), first: z.array(item) })

const policy = z.object({
  kind: z.enum(['policy', 'operator-policy']),
  name: z.string(),
  pattern: z.string(),
  applyTo: z.string(),
  priority: z.number(),
  definition: z.record(z.string(), z.unknown()),
  isTried: z
    .boolean()
    .meta({ description: 'false: its pattern cannot be tried here, and what it matches is not known' }),
  counts: some(object).meta({ description: 'for which it counts' }),
  shadowed: some(object.extend({ by: z.string() })).meta({ description: 'that it matches, where another counts' }),
  skipped: some(object.extend({ keys: z.array(z.string()) })).meta({
    description: 'that it matches and is passed over for, for these keys',
  }),
  ties: some(object).meta({ description: 'for which another of the same priority may count as well' }),
})

const connection = z.object({
  name: z.string(),
  ownName: z.string().nullable(),
  user: z.string().nullable(),
  vhost: z.string().nullable(),
  peer: z.string().nullable(),
  node: z.string().nullable(),
  channels: z.number().nullable(),
  state: z.string().nullable(),
  protocol: z.string().nullable(),
  isTls: z.boolean(),
  connectedAt: z.iso.datetime().nullable(),
})

const connectionsReply = z.object({
  connections: z.array(connection),
  page: z.number(),
  pages: z.number(),
  count: z.number(),
})

export type PolicyRow = z.infer<typeof policy>
export type ConnectionRow = z.infer<typeof connection>
export type ConnectionsReply = z.infer<typeof connectionsReply>

const cluster = z.object({ name: z.string().max(255) })

/** What holds for the queues of a cluster, and who is connected to it. */
export function addClusterReadsApi(app: FastifyInstance, { clusters }: { readonly clusters: Clusters }): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/clusters/:name/policies',
    access: 'viewer',
    summary: 'The policies of its vhost with what each matches, the highest priority first',
    params: cluster,
    reply: z.object({ policies: z.array(policy) }),
    handle: async ({ params: { name } }) => {
      const { client, vhost } = clusters.find(name)
      return { policies: (await readPolicies(client, vhost)).map(policyOf) }
    },
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/clusters/:name/connections',
    access: 'viewer',
    takesNul: true,
    summary: 'Who is connected, of all vhosts, page by page',
    params: cluster,
    query: z.object({
      page: z.coerce.number().int().min(1).max(1_000_000).default(1),
      limit: z.coerce.number().int().min(1).max(500).default(50),
      filter: z.string().max(255).optional().meta({ description: 'a text in the name of the connection' }),
    }),
    reply: connectionsReply,
    handle: async ({ params: { name }, query: { page, limit, filter = '' } }) => {
      const found = await listConnections(clusters.find(name).client, { page, pageSize: limit, name: filter })
      return { ...found, connections: found.connections.map(connectionOf) }
    },
  })
}

function policyOf(reading: PolicyReading): PolicyRow {
  const { kind, name, pattern, applyTo, priority, definition, isTried } = reading
  return {
    ...{ kind, name, pattern, applyTo, priority, isTried },
    definition: { ...definition },
    counts: someOf(reading.counts),
    shadowed: someOf(reading.shadowed),
    skipped: someOf(reading.skipped.map(({ keys, ...rest }) => ({ ...rest, keys: [...keys] }))),
    ties: someOf(reading.ties),
  }
}

function someOf<Item extends PolicyObject>(items: readonly Item[]): { count: number; first: Item[] } {
  return { count: items.length, first: items.slice(0, MOST_NAMES) }
}

function connectionOf({ connectedAtMs, ...rest }: Connection): ConnectionRow {
  return {
    name: rest.name,
    ownName: rest.ownName ?? null,
    user: rest.user ?? null,
    vhost: rest.vhost ?? null,
    peer: rest.peer ?? null,
    node: rest.node ?? null,
    channels: rest.channels ?? null,
    state: rest.state ?? null,
    protocol: rest.protocol ?? null,
    isTls: rest.isTls,
    connectedAt: connectedAtMs === undefined ? null : new Date(connectedAtMs).toISOString(),
  }
}
