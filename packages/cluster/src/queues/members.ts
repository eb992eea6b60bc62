import { setTimeout as pause } from 'node:timers/promises'
import { ClusterError, isClusterError } from '../errors.ts'
import { type Broker, brokerOf } from '../management/broker.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import { unlessForbidden } from './forbidden.ts'
import { placementsOf, type QueueFilter } from './list.ts'
import { orderMember } from './member-order.ts'
import { growSteps, type MemberStep, reasonAgainst, shrinkSteps } from './member-steps.ts'
import { labelOf, placementOf, type QueueAnswer, type QueuePlacement } from './queue.ts'

export type MemberResult =
  | { readonly kind: 'done'; readonly step: MemberStep }
  | { readonly kind: 'failed'; readonly step: MemberStep; readonly error: ClusterError }

export interface MemberOptions {
  /** How long a queue may take to list the member, or to list it no more. Default 60,000. */
  readonly timeoutMs?: number
  /** Between two looks at a queue. Default 500. */
  readonly pollMs?: number
  /** Removes members although one copy or no majority is left; the last one never. Default false. */
  readonly isForced?: boolean
  readonly onResult?: (result: MemberResult, index: number) => void
}

/**
 * Tells which quorum queues would get a member on a node (`n2`, or in full `rabbit@n2`). Throws QUEUE_MEMBERS_UNSUPPORTED before
 * 3.11, NODE_UNKNOWN, NODE_STOPPED, QUEUE_UNKNOWN, and QUEUE_UNSUITABLE for a queue that is named and no quorum queue.
 */
export async function planGrow(
  client: ManagementClient,
  node: string,
  filter: QueueFilter = {},
): Promise<readonly MemberStep[]> {
  const { name, isRunning } = await nodeOf(client, node, 'grow')
  if (!isRunning) {
    throw new ClusterError('NODE_STOPPED', `node ${name} is not running, and takes no member; start it`, { node: name })
  }
  return growSteps(await quorumQueues(client, filter), name)
}

/** Tells which quorum queues would lose their member on a node, running or not. Throws QUEUE_SHRINK_REFUSED as well. */
export async function planShrink(
  client: ManagementClient,
  node: string,
  filter: QueueFilter = {},
  options: { readonly isForced?: boolean } = {},
): Promise<readonly MemberStep[]> {
  const { name } = await nodeOf(client, node, 'shrink')
  return shrinkSteps(await quorumQueues(client, filter), name, options)
}

/**
 * Adds and removes members, queue by queue, and reads each queue again until it is so: an answer that all is well is not
 * believed. A queue that fails does not keep the others from being tried. Throws MANAGEMENT_FORBIDDEN_OPERATION when the
 * operator has switched it off. Before a member is removed its queue is looked at again, because nodes go while others are
 * being removed: a result fails with QUEUE_SHRINK_REFUSED.
 */
export async function changeMembers(
  client: ManagementClient,
  steps: readonly MemberStep[],
  options: MemberOptions = {},
): Promise<readonly MemberResult[]> {
  const results: MemberResult[] = []
  for (const [index, step] of steps.entries()) {
    const result = await changeOne(client, step, options)
    results.push(result)
    options.onResult?.(result, index)
  }
  return results
}

async function changeOne(client: ManagementClient, step: MemberStep, options: MemberOptions): Promise<MemberResult> {
  const { timeoutMs = 60_000, pollMs = 500, isForced = false } = options
  const { vhost, name, node, action } = step
  const tool = action === 'add' ? 'rabbitmq-queues add_member' : 'rabbitmq-queues delete_member'
  try {
    await unlessForbidden(
      action === 'add' ? 'add members' : 'remove members',
      `Ask the provider, who places members by itself, or run "${tool} -p ${vhost} ${name} ${node}" where you can`,
      async () => {
        const check = action === 'remove' ? () => refuseUnsafe(client, step, isForced) : undefined
        await orderMember(client, step, { timeoutMs, pollMs, check })
      },
    )
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const { members } = placementOf(await client.get<QueueAnswer>(api`queues/${vhost}/${name}?disable_stats=true`))
      const member = members.find((candidate) => candidate.node === node)
      if (action === 'add' ? member?.isOnline === true : member === undefined) return { kind: 'done', step }
      if (performance.now() >= deadline) break
      await pause(pollMs)
    }
    throw new ClusterError(
      'QUEUE_MEMBERS_FAILED',
      `the broker took the order to ${action} the member of queue ${labelOf(step)} on ${node}, and ${timeoutMs / 1000} s later it is not so; look at the log of the queue's leader`,
      { vhost, queue: name, node },
    )
  } catch (error) {
    if (isClusterError(error, 'MANAGEMENT_FORBIDDEN_OPERATION') || !(error instanceof ClusterError)) throw error
    return { kind: 'failed', step, error }
  }
}

async function refuseUnsafe(client: ManagementClient, step: MemberStep, isForced: boolean): Promise<void> {
  const { vhost, name, node } = step
  const { members } = placementOf(await client.get<QueueAnswer>(api`queues/${vhost}/${name}?disable_stats=true`))
  const rest = members.filter((member) => member.node !== node)
  const why = rest.length === members.length ? undefined : reasonAgainst(rest, isForced)
  if (why === undefined) return
  throw new ClusterError('QUEUE_SHRINK_REFUSED', `without its member on ${node}, queue ${labelOf(step)} ${why}`, {
    vhost,
    queue: name,
    node,
  })
}

async function quorumQueues(client: ManagementClient, filter: QueueFilter): Promise<readonly QueuePlacement[]> {
  const queues = await placementsOf(client, filter)
  const named = filter.names ?? []
  const others = queues.filter(({ name, type }) => type !== 'quorum' && named.includes(name))
  if (others.length > 0) {
    const told = others.map((queue) => `${labelOf(queue)} is a ${queue.type} queue`).join(', ')
    throw new ClusterError('QUEUE_UNSUITABLE', `${told}; only quorum queues are given members`, { queues: others })
  }
  return queues.filter(({ type }) => type === 'quorum')
}

interface NamedNode {
  readonly name: string
  readonly isRunning: boolean
}

async function nodeOf(client: ManagementClient, wanted: string, tool: 'grow' | 'shrink'): Promise<NamedNode> {
  const broker = await brokerOf(client)
  if (!broker.capabilities.canGrowQuorumQueues) throw unsupported(broker, wanted, tool)
  // A user without the tag `monitoring` sees no nodes; the broker itself refuses one that is not there.
  if (broker.nodes.length === 0) return { name: wanted, isRunning: true }
  const found = broker.nodes.filter(
    ({ name }) => name === wanted || name.startsWith(`${wanted}@`) || isHost(name, wanted),
  )
  const [node] = found
  if (node !== undefined && found.length === 1) return node
  throw new ClusterError(
    'NODE_UNKNOWN',
    `${found.length === 0 ? 'no node' : 'more than one node'} of the cluster is called "${wanted}"; they are ${broker.nodes.map(({ name }) => name).join(', ')}`,
    { node: wanted },
  )
}

const isHost = (name: string, wanted: string): boolean => name.endsWith(`@${wanted}`)

function unsupported({ version }: Broker, node: string, tool: 'grow' | 'shrink'): ClusterError {
  const command = tool === 'grow' ? `rabbitmq-queues grow ${node} all` : `rabbitmq-queues shrink ${node}`
  return new ClusterError(
    'QUEUE_MEMBERS_UNSUPPORTED',
    `RabbitMQ ${version} adds and removes members over HTTP only from 3.11 on; run "${command}" on one of its hosts (--vhost-pattern and --queue-pattern choose queues)`,
    { version, node },
  )
}
