import { diagnose, readHealth } from '@warren/cluster'
import type { HealthFinding, NodeReading, Reading } from '@warren/cluster'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Clusters } from '../clusters/clusters.ts'
import { addRoute } from './route.ts'

const usage = z.object({ used: z.number(), limit: z.number() }).nullable()

const node = z.object({
  name: z.string(),
  isRunning: z.boolean(),
  isInMaintenance: z.boolean(),
  alarms: z.array(z.enum(['memory', 'disk'])),
  partitions: z.array(z.string()).meta({ description: 'nodes that it has lost and met again' }),
  memory: usage,
  disk: z.object({ freeBytes: z.number(), limitBytes: z.number() }).nullable(),
  descriptors: usage,
  sockets: usage,
})

const finding = z.object({
  code: z.string(),
  severity: z.enum(['error', 'warning', 'notice']),
  vhost: z.string().nullable(),
  what: z.string(),
  why: z.string(),
  command: z.string(),
})

const link = z.object({
  kind: z.string(),
  vhost: z.string(),
  name: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
})

const clusterReply = z.object({
  name: z.string(),
  vhost: z.string(),
  clusterName: z.string(),
  version: z.string(),
  nodes: z.array(node),
  links: z.array(link),
  findings: z.array(finding).meta({ description: 'of the doctor, the worst first' }),
  notRead: z.array(z.object({ part: z.string(), reason: z.string() })),
})

export type ClusterReply = z.infer<typeof clusterReply>
export type NodeRow = z.infer<typeof node>

/** The clusters: how their nodes are, and what the doctor finds. */
export function addClusterApi(app: FastifyInstance, { clusters }: { readonly clusters: Clusters }): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/clusters',
    access: 'viewer',
    summary: 'The clusters that are looked at',
    reply: z.object({ clusters: z.array(z.object({ name: z.string(), vhost: z.string() })) }),
    handle: () => ({ clusters: clusters.all.map(({ name, vhost }) => ({ name, vhost })) }),
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/clusters/:name',
    access: 'viewer',
    summary: 'How one cluster is: its nodes and links, and what is not well',
    params: z.object({ name: z.string().max(255) }),
    reply: clusterReply,
    handle: async ({ params: { name } }) => {
      const { client, vhost } = clusters.find(name)
      return { name, vhost, ...documentOf(await readHealth(client)) }
    },
  })
}

function documentOf(reading: Reading): Omit<ClusterReply, 'name' | 'vhost'> {
  const { broker, nodes, links, notRead } = reading
  return {
    clusterName: broker.clusterName,
    version: broker.version,
    nodes: (nodes ?? []).map(nodeOf),
    links: links.map(({ kind, vhost, name, state, reason }) => ({ kind, vhost, name, state, reason: reason ?? null })),
    findings: diagnose(reading).map(findingOf),
    notRead: notRead.map(({ part, reason }) => ({ part, reason })),
  }
}

function nodeOf(reading: NodeReading): NodeRow {
  const { name, isRunning, isInMaintenance, hasMemoryAlarm, hasDiskAlarm, partitions, memory, disk } = reading
  return {
    ...{ name, isRunning, isInMaintenance, partitions: [...partitions] },
    alarms: [...(hasMemoryAlarm ? ['memory' as const] : []), ...(hasDiskAlarm ? ['disk' as const] : [])],
    memory: memory ?? null,
    disk: disk ?? null,
    descriptors: reading.descriptors ?? null,
    sockets: reading.sockets ?? null,
  }
}

function findingOf({ code, severity, vhost, what, why, command }: HealthFinding): ClusterReply['findings'][number] {
  return { code, severity, vhost: vhost ?? null, what, why, command }
}
