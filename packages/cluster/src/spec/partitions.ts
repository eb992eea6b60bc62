import * as z from 'zod'
import type { BindingSpec } from '../resources/binding.ts'
import type { VhostSpec } from './spec.ts'

/** How many, or that and the header whose value says which one: all messages with the same value go to the same partition. */
export type PartitionsSpec = number | { readonly count: number; readonly header?: string }

/** A queue that is cut into partitions, each a quorum queue with one active consumer, behind an exchange of the queue's name. */
export interface PartitionedQueue {
  readonly queue: string
  readonly header: string
  /** `qu.order.loyalty.p0` and so on. */
  readonly partitions: readonly string[]
}

/** The type of the exchange; the plugin that has it must be enabled. */
export const PARTITIONING_TYPE = 'x-consistent-hash'

/** The header of the envelope that holds the entity's id. */
const ENTITY_HEADER = 'cloudEvents_subject'
/** Every one is a Raft group of its own, with a log and members on several nodes. */
const MOST = 128

const count = z.int().min(2).max(MOST)

export const partitionsSchema: z.ZodType<PartitionsSpec> = z
  .union([
    count,
    z.strictObject({
      count: count.describe('How many.'),
      header: z.string().min(1).exactOptional().describe(`Default \`${ENTITY_HEADER}\`, the id of the entity.`),
    }),
  ])
  .describe(`So many quorum queues with one active consumer each, 2 to ${MOST}; a header says which one.`)

/** The queues of a vhost that are partitioned. Pure. */
export function partitionedQueues({ queues = {} }: VhostSpec): readonly PartitionedQueue[] {
  return Object.entries(queues).flatMap(([queue, { partitions }]) => {
    if (partitions === undefined) return []
    const { count, header = ENTITY_HEADER } = typeof partitions === 'number' ? { count: partitions } : partitions
    // A pattern of a policy that matches the queue's name matches these as well, unless it is anchored at the end.
    return [{ queue, header, partitions: Array.from({ length: count }, (_, index) => `${queue}.p${index}`) }]
  })
}

/**
 * The vhost with each partitioned queue in the words of the broker: an exchange of its name that hashes the header, a quorum
 * queue per partition, a binding of the same weight to each. What is bound to the queue is bound to the exchange. Pure.
 */
export function withPartitions(vhost: VhostSpec): VhostSpec {
  const partitioned = partitionedQueues(vhost)
  if (partitioned.length === 0) return vhost
  const names = new Set(partitioned.map(({ queue }) => queue))
  const plain = Object.entries(vhost.queues ?? {}).filter(([name]) => !names.has(name))
  const cut = partitioned.flatMap(({ queue, partitions }) => {
    const args = { ...vhost.queues?.[queue]?.arguments, 'x-single-active-consumer': true }
    return partitions.map((name) => [name, { type: 'quorum', arguments: args }] as const)
  })
  const exchanges = partitioned.map(
    ({ queue, header }) => [queue, { type: PARTITIONING_TYPE, arguments: { 'hash-header': header } }] as const,
  )
  // Before those of the spec: once messages come, every partition is there.
  const weights = partitioned.flatMap(({ queue, partitions }) =>
    partitions.map((name): BindingSpec => ({ from: queue, toQueue: name, keys: ['1'] })),
  )
  const bindings = (vhost.bindings ?? []).map((binding): BindingSpec => {
    if (!('toQueue' in binding) || !names.has(binding.toQueue)) return binding
    const { toQueue, ...rest } = binding
    return { ...rest, toExchange: toQueue }
  })
  return {
    ...vhost,
    exchanges: { ...vhost.exchanges, ...Object.fromEntries(exchanges) },
    queues: { ...Object.fromEntries(plain), ...Object.fromEntries(cut) },
    bindings: [...weights, ...bindings],
  }
}

/** What cannot be meant beside partitions, with where it stands. Pure. */
export function partitionMistakes(
  vhost: VhostSpec,
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  return partitionedQueues(vhost).flatMap(({ queue, partitions }) => {
    const { type = 'quorum', isDurable = true, isAutoDelete = false } = vhost.queues?.[queue] ?? {}
    const of = (field: string, message: string) => ({ path: ['queues', queue, field], message })
    const taken = partitions.filter((name) => vhost.queues?.[name] !== undefined)
    return [
      ...(type === 'quorum' ? [] : [of('type', 'partitions are quorum queues; leave the type out')]),
      ...(isDurable ? [] : [of('isDurable', 'partitions are quorum queues, which are durable')]),
      ...(isAutoDelete ? [of('isAutoDelete', 'partitions are quorum queues, which do not go by themselves')] : []),
      ...taken.map((name) => ({ path: ['queues', name], message: `is the name of a partition of "${queue}"` })),
      ...(vhost.exchanges?.[queue] === undefined
        ? []
        : [{ path: ['exchanges', queue], message: `is the name of the exchange that partitions "${queue}"` }]),
    ]
  })
}
