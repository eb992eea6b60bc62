import * as z from 'zod'

/** What a key of a policy is about. */
export type PolicyScope = 'high availability' | 'queue' | 'exchange' | 'federation' | 'sharding'

type QueueType = 'classic' | 'quorum' | 'stream'

export interface PolicyKey {
  readonly scope: PolicyScope
  readonly schema: z.ZodType
  /** Queue types that do not know it: one such key makes the broker skip the whole policy for a queue of that type. */
  readonly unsupportedBy: readonly QueueType[]
  /** The same from 4.0 on, where it differs. Asked of 3.10.8, 4.0.5 and 4.3.6. */
  readonly unsupportedFrom4?: readonly QueueType[]
  /** An operator policy may hold it. `min`: the lower of both policies counts; `operator`: that of the operator. */
  readonly operator?: 'min' | 'operator'
  /** From which version on an operator policy may; else from `since` on. */
  readonly operatorSince?: string
  /** From which version on, and up to which one (exclusive). */
  readonly since?: string
  readonly until?: string
  readonly description: string
}

const count = z.int().nonnegative()
const positive = z.int().positive()

/**
 * Every key that a policy can have, with what the brokers say of them (`rabbit_*_queue:capabilities()` of 3.10.8, the
 * validators in rabbit_registry, and the documentation of later versions).
 */
export const policyKeys: Readonly<Record<string, PolicyKey>> = {
  'ha-mode': ha(z.enum(['all', 'exactly', 'nodes']), 'Which nodes hold a copy of a classic queue.'),
  'ha-params': ha(z.union([positive, z.array(z.string()).min(1)]), 'How many copies (`exactly`), or on which `nodes`.'),
  'ha-sync-mode': ha(z.enum(['manual', 'automatic']), 'Whether a new mirror copies what is in the queue by itself.'),
  'ha-sync-batch-size': { ...ha(positive, 'Messages in one batch while a mirror is synchronised.'), unsupportedBy: [] },
  'ha-promote-on-shutdown': ha(z.enum(['always', 'when-synced']), 'When the leader stops in an orderly way.'),
  'ha-promote-on-failure': ha(z.enum(['always', 'when-synced']), 'When the leader fails.'),
  'message-ttl': queue(count, 'Milliseconds that a message may stay.', { unsupportedBy: ['stream'], operator: 'min' }),
  expires: queue(positive, 'Milliseconds after which an unused queue goes.', {
    unsupportedBy: ['stream'],
    operator: 'min',
  }),
  'max-length': queue(count, 'Messages at most.', { unsupportedBy: ['stream'], operator: 'min' }),
  'max-length-bytes': queue(count, 'Bytes at most.', { operator: 'min' }),
  'max-in-memory-length': queue(count, 'No effect from 3.10 on.', {
    unsupportedBy: ['stream'],
    unsupportedFrom4: ['classic', 'stream'],
    operator: 'min',
  }),
  'max-in-memory-bytes': queue(count, 'No effect from 3.10 on.', {
    unsupportedBy: ['stream'],
    unsupportedFrom4: ['classic', 'stream'],
    operator: 'min',
  }),
  overflow: queue(z.enum(['drop-head', 'reject-publish', 'reject-publish-dlx']), 'What happens above the maximum.', {
    unsupportedBy: ['stream'],
    operator: 'operator',
    operatorSince: '3.12.7',
  }),
  'dead-letter-exchange': queue(z.string(), 'Where messages go that are rejected, expired or over a limit.', {
    unsupportedBy: ['stream'],
  }),
  'dead-letter-routing-key': queue(z.string(), 'Their routing key; default: the one they came with.', {
    unsupportedBy: ['stream'],
  }),
  'dead-letter-strategy': queue(z.enum(['at-most-once', 'at-least-once']), 'Whether a dead letter may get lost.', {
    unsupportedBy: ['classic', 'stream'],
  }),
  'delivery-limit': queue(z.int(), 'How often a message is delivered before it is a dead letter.', {
    unsupportedBy: ['classic', 'stream'],
    operator: 'min',
  }),
  'queue-leader-locator': queue(z.enum(['client-local', 'balanced']), 'Where a new queue has its leader.', {
    unsupportedBy: ['classic'],
    unsupportedFrom4: [],
  }),
  // 4.3 refuses it by default (deprecated feature queue_master_locator).
  'queue-master-locator': queue(z.enum(['client-local', 'min-masters', 'random']), 'The same for classic queues.', {
    unsupportedBy: ['quorum', 'stream'],
    operator: 'operator',
    operatorSince: '4.0',
    until: '4.3',
  }),
  'queue-mode': queue(z.enum(['default', 'lazy']), 'No effect from 3.12 on.', { unsupportedBy: ['quorum', 'stream'] }),
  'queue-version': queue(z.union([z.literal(1), z.literal(2)]), 'How a classic queue is stored.', {
    operator: 'operator',
    operatorSince: '3.12.7',
  }),
  'consumer-timeout': queue(positive, 'Milliseconds that a consumer may take to acknowledge.', { since: '3.12' }),
  'target-group-size': queue(positive, 'Members that continuous reconciliation brings a quorum queue to.', {
    unsupportedBy: ['classic', 'stream'],
    since: '3.13',
    operator: 'operator',
  }),
  // Taken for queues of every type, though quorum queues alone heed them.
  'delayed-retry-type': queue(
    z.enum(['all', 'failed', 'returned', 'disabled']),
    'Which returns wait before the next delivery; `all` needs `delayed-retry-min`.',
    { since: '4.3', operator: 'operator' },
  ),
  'delayed-retry-min': queue(count, 'Milliseconds of the first wait.', { since: '4.3', operator: 'operator' }),
  'delayed-retry-max': queue(count, 'Milliseconds at most.', { since: '4.3', operator: 'operator' }),
  'max-age': queue(z.string().regex(/^\d+[YMDhms]$/), 'How long a stream keeps messages: `7D`.', {
    unsupportedBy: ['classic', 'quorum'],
  }),
  'stream-max-segment-size-bytes': queue(positive, 'Bytes of a segment file of a stream.', {
    unsupportedBy: ['classic', 'quorum'],
  }),
  'stream-filter-size-bytes': queue(positive, 'Bytes of the filter of each chunk of a stream.', {
    unsupportedBy: ['classic', 'quorum'],
    since: '3.13',
  }),
  'initial-cluster-size': queue(positive, 'Members of a new stream.', { unsupportedBy: ['classic', 'quorum'] }),
  'alternate-exchange': other('exchange', z.string(), 'Where messages go that match no binding.'),
  'federation-upstream': other('federation', z.string(), 'One upstream by name.'),
  'federation-upstream-set': other('federation', z.string(), 'A set of upstreams; `all` is every one of the vhost.'),
  'federation-upstream-pattern': other('federation', z.string(), 'Upstreams by a pattern over their names.'),
  'shards-per-node': other('sharding', positive, 'Queues that the sharding plugin keeps on each node.'),
  'routing-key': other('sharding', z.string(), 'The key that the plugin binds its queues with.'),
}

function ha(schema: z.ZodType, description: string): PolicyKey {
  return { scope: 'high availability', schema, unsupportedBy: ['quorum', 'stream'], until: '4.0', description }
}

function queue(schema: z.ZodType, description: string, more: Partial<PolicyKey>): PolicyKey {
  return { scope: 'queue', schema, unsupportedBy: [], description, ...more }
}

function other(scope: PolicyScope, schema: z.ZodType, description: string): PolicyKey {
  return { scope, schema, unsupportedBy: [], description }
}

/** The part of a schema that `definition` of a policy is; unknown keys are refused. */
export function definitionSchema(
  keys: Readonly<Record<string, PolicyKey>>,
): z.ZodType<Readonly<Record<string, unknown>>> {
  const shape = Object.entries(keys).map(([key, { schema, description }]) => [
    key,
    schema.exactOptional().describe(description),
  ])
  return z.strictObject(Object.fromEntries(shape) as Record<string, z.ZodType>)
}
