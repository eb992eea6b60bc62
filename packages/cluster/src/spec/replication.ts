import * as z from 'zod'
import type { Broker } from '../management/broker.ts'
import { compiledPattern } from '../policies/pattern.ts'
import type { PolicySpec } from '../resources/policy.ts'

/**
 * How often queues are there, as an intent that is compiled for the broker that is found. `replicas` makes quorum queues of
 * that many members. `mirrored` makes classic mirrored queues where there are any (before 4.0), by a policy of the same name,
 * and quorum queues where there are none.
 */
export type ReplicationSpec = {
  /** A regular expression over names of queues, as that of a policy. */
  readonly pattern: string
  /** Of the intent's policy. Default 0. */
  readonly priority?: number
} & (
  | { readonly replicas: number }
  | {
      readonly mirrored: Mirrored
      /** Of the policy: default `all`, which also shows it at the exchanges that match. */
      readonly applyTo?: 'all' | 'queues'
      /** `automatic`: a new mirror copies what is there, and the queue is blocked meanwhile. Default `manual`. */
      readonly sync?: 'manual' | 'automatic'
    }
)

/** Which nodes hold a copy: all, so many, or these. */
export type Mirrored = 'all' | { readonly exactly: number } | { readonly nodes: readonly string[] }

export interface ReplicationSection {
  /** By name. A queue takes the first that matches. */
  readonly replication?: Readonly<Record<string, ReplicationSpec>>
}

const common = {
  pattern: z.string().describe('A regular expression over names of queues; it is not anchored.'),
  priority: z.int().exactOptional().describe('Of the policy that it becomes. Default 0.'),
}

export const replicationSchema: z.ZodType<Readonly<Record<string, ReplicationSpec>>> = z.record(
  z.string().min(1),
  z.union([
    z.strictObject({
      ...common,
      replicas: z.int().min(1).max(9).describe('Members of each quorum queue; odd is best.'),
    }),
    z.strictObject({
      ...common,
      mirrored: z
        .union([
          z.literal('all'),
          z.strictObject({ exactly: z.int().positive().describe('So many copies, the leader among them.') }),
          z.strictObject({ nodes: z.array(z.string()).min(1).describe('Copies on these nodes: `rabbit@n1`.') }),
        ])
        .describe('Copies of classic queues, before 4.0; from 4.0 on the queues are quorum queues.'),
      applyTo: z.enum(['all', 'queues']).exactOptional().describe('What the policy applies to. Default `all`.'),
      sync: z
        .enum(['manual', 'automatic'])
        .exactOptional()
        .describe('Whether a new mirror copies by itself. Default `manual`.'),
    }),
  ]),
)

/** What an intent means for one queue. */
export interface QueueIntent {
  readonly type: 'classic' | 'quorum'
  /** Undefined for classic queues: the policy says it. */
  readonly replicas: number | undefined
}

/** The policies that the intents of a vhost are on this broker. Pure. */
export function mirroringPolicies(
  intents: Readonly<Record<string, ReplicationSpec>>,
  broker: Broker,
): Readonly<Record<string, PolicySpec>> {
  if (!broker.capabilities.hasMirroring) return {}
  return Object.fromEntries(
    Object.entries(intents).flatMap(([name, intent]) => {
      if (!('mirrored' in intent)) return []
      const { pattern, priority = 0, applyTo = 'all', mirrored, sync = 'manual' } = intent
      const definition = { ...modeOf(mirrored), 'ha-sync-mode': sync }
      return [[name, { pattern, applyTo, priority, definition }]]
    }),
  )
}

/** A function that tells what the intents of a vhost mean for a queue by its name. Pure. */
export function queueIntents(
  intents: Readonly<Record<string, ReplicationSpec>>,
  broker: Broker,
): (queue: string) => QueueIntent | undefined {
  const compiled = Object.values(intents).map((intent) => ({
    matches: compiledPattern(intent.pattern),
    means: meaningOf(intent, broker),
  }))
  return (queue) => compiled.find(({ matches }) => matches(queue))?.means
}

function meaningOf(intent: ReplicationSpec, broker: Broker): QueueIntent {
  const nodes = Math.max(1, broker.nodes.length)
  if ('replicas' in intent) return { type: 'quorum', replicas: Math.min(intent.replicas, nodes) }
  if (broker.capabilities.hasMirroring) return { type: 'classic', replicas: undefined }
  return { type: 'quorum', replicas: Math.min(groupSizeOf(intent.mirrored, nodes), nodes) }
}

/** An even number of members is no safer than one less: two copies become three members. */
export function groupSizeOf(mirrored: Mirrored, nodes: number): number {
  const copies = mirrored === 'all' ? nodes : 'exactly' in mirrored ? mirrored.exactly : mirrored.nodes.length
  const wanted = Math.max(3, copies)
  return wanted % 2 === 0 ? wanted + 1 : wanted
}

function modeOf(mirrored: Mirrored): Readonly<Record<string, unknown>> {
  if (mirrored === 'all') return { 'ha-mode': 'all' }
  if ('exactly' in mirrored) return { 'ha-mode': 'exactly', 'ha-params': mirrored.exactly }
  return { 'ha-mode': 'nodes', 'ha-params': mirrored.nodes }
}
