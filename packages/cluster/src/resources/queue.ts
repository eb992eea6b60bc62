import * as z from 'zod'
import { api, withQuery } from '../management/path.ts'
import type { Arguments, DefinedQueue } from '../snapshot/definitions.ts'
import { partitionsSchema, type PartitionsSpec } from '../spec/partitions.ts'
import type { PutContext, ResourceKind } from './kind.ts'
import { orderMember } from '../queues/member-order.ts'
import { surplusMembers } from '../queues/member-steps.ts'
import { placementOf, type QueueAnswer } from '../queues/queue.ts'
import { isReserved } from './reserved.ts'
import type { Change } from './value.ts'
import { changesBetween } from './value.ts'
import { queueType, type QueueType } from './vhost.ts'

export interface QueueSpec {
  /** Default: what `replication` says for its name, else the vhost's default. */
  readonly type?: QueueType
  readonly isDurable?: boolean
  readonly isAutoDelete?: boolean
  /** With the broker's own names, such as `x-dead-letter-exchange`. What can be a policy is better one: it can be changed. */
  readonly arguments?: Arguments
  /**
   * Cuts the queue into so many quorum queues with one active consumer each, `<name>.p0` and so on, behind an exchange of
   * its name: the same entity always lands in the same one.
   */
  readonly partitions?: PartitionsSpec
}

export interface QueueSection {
  readonly queues?: Readonly<Record<string, QueueSpec>>
}

export interface QueueValue {
  readonly type: string | undefined
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly arguments: Arguments
  /** How many members a quorum queue has; undefined where the spec leaves that to the broker. */
  readonly replicas: number | undefined
  /** Their nodes; only of queues that were found. */
  readonly members?: readonly string[]
}

const schema: z.ZodType<QueueSpec> = z.strictObject({
  type: queueType
    .exactOptional()
    .describe('Default: what `replication` says for its name, else the default of the vhost.'),
  isDurable: z.boolean().exactOptional().describe('Survives a restart of the broker. Default true.'),
  isAutoDelete: z.boolean().exactOptional().describe('Goes with its last consumer. Default false.'),
  arguments: z
    .record(
      z.string().refine((key) => key !== 'x-queue-type', { error: 'is written as "type", beside "arguments"' }),
      z.unknown(),
    )
    .exactOptional()
    .describe('With the names of the broker, such as `x-dead-letter-exchange`; fixed once the queue is there.'),
  partitions: partitionsSchema.exactOptional(),
})

export const queueKind: ResourceKind<QueueValue> = {
  kind: 'queue',
  section: { at: 'vhost', name: 'queues', schema: z.record(z.string().min(1), schema).describe('Queues by name.') },
  immutable: ['type', 'isDurable', 'isAutoDelete', 'arguments'],
  wayOut,
  *wanted({ vhosts, intentOf, broker }) {
    const { canGrowQuorumQueues } = broker.capabilities
    for (const [vhost, { queues = {} }] of vhosts) {
      for (const [name, spec] of Object.entries(queues)) {
        const { isDurable = true, isAutoDelete = false, arguments: args = {} } = spec
        const intent = isDurable && !isAutoDelete ? intentOf(vhost, name) : undefined
        const type = spec.type ?? intent?.type
        // Before 3.11 members can only be added by the tools on the nodes: a new queue has three, or one on each node.
        const replicas = canGrowQuorumQueues && type === 'quorum' ? intent?.replicas : undefined
        yield { vhost, name, value: { type, isDurable, isAutoDelete, arguments: args, replicas } }
      }
    }
  },
  *found({ definitions, members }) {
    for (const queue of definitions.queues) {
      const { vhost, name } = queue
      if (!isReserved(name)) yield { vhost, name, value: foundValue(queue, members.get(vhost)?.get(name)) }
    }
  },
  changes: (found, { members: _, ...wanted }) => changesBetween(found, wanted),
  async put(context, { vhost = '', name, value }, found) {
    const { type, isDurable, isAutoDelete, arguments: args, replicas } = value
    if (found === undefined) {
      await context.client.put(api`queues/${vhost}/${name}`, {
        durable: isDurable,
        auto_delete: isAutoDelete,
        arguments: { ...args, ...(type === undefined ? {} : { 'x-queue-type': type }) },
      })
    }
    if (replicas !== undefined) await resize(context, vhost, name, replicas)
  },
  async remove({ client, isForced }, { vhost = '', name, value }) {
    const path = api`queues/${vhost}/${name}`
    // The broker looks and deletes in one step, for classic queues; quorum queues and streams answer 540 to these flags.
    const isCareful = !isForced && value.type === 'classic'
    await client.delete(isCareful ? withQuery(path, { 'if-empty': true, 'if-unused': true }) : path)
  },
}

function foundValue(queue: DefinedQueue, members: readonly string[] | undefined): QueueValue {
  const { 'x-queue-type': type, ...args } = queue.arguments
  return {
    // Only the argument counts. Without it a queue is classic, or was declared before its vhost had a default.
    type: typeof type === 'string' ? type : 'classic',
    isDurable: queue.durable,
    isAutoDelete: queue.auto_delete,
    arguments: args,
    replicas: members?.length,
    ...(members === undefined ? {} : { members }),
  }
}

/**
 * Adds members on nodes that have none, or takes surplus ones away: first those that are offline, never that of the leader, and
 * none where the rest would have no majority online (QUEUE_SHRINK_REFUSED). The group size
 * is no argument here (`x-quorum-initial-group-size`): a service that declares the queue without it would be refused.
 */
async function resize({ client, broker }: PutContext, vhost: string, name: string, wanted: number): Promise<void> {
  const placement = placementOf(await client.get<QueueAnswer>(api`queues/${vhost}/${name}?disable_stats=true`))
  const members = placement.members.map(({ node }) => node)
  const running = broker.nodes.filter(({ isRunning }) => isRunning).map((node) => node.name)
  const additions = running.filter((node) => !members.includes(node)).slice(0, Math.max(0, wanted - members.length))
  for (const node of additions) await orderMember(client, { action: 'add', vhost, name, node })
  for (const node of surplusMembers(placement, wanted)) {
    await orderMember(client, { action: 'remove', vhost, name, node })
  }
}

function wayOut({ vhost = '', name }: { vhost?: string; name: string }, changes: readonly Change[]): string {
  const policyKeys = changes
    .map(({ path }) => /^arguments\.x-(.+)$/.exec(path)?.[1])
    .filter((key) => key !== undefined && canBePolicy.has(key))
  const byPolicy =
    policyKeys.length === changes.length
      ? `; or leave ${policyKeys.join(', ')} out of the arguments and set it by a policy, which can be changed at any time`
      : ''
  return `a queue cannot be changed: drain it, delete "${name}" in vhost "${vhost}" and apply again (messages in it are lost otherwise)${byPolicy}`
}

const canBePolicy: ReadonlySet<string> = new Set([
  'message-ttl',
  'expires',
  'max-length',
  'max-length-bytes',
  'overflow',
  'dead-letter-exchange',
  'dead-letter-routing-key',
  'dead-letter-strategy',
  'delivery-limit',
  'queue-leader-locator',
])
