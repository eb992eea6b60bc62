import { ClusterError } from '../errors.ts'
import { labelOf, type QueuePlacement } from './queue.ts'

/** A member to be added to or removed from a quorum queue. */
export interface MemberStep {
  readonly action: 'add' | 'remove'
  readonly vhost: string
  readonly name: string
  readonly node: string
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/** How many members a queue may lose and still have a majority. */
export function survivableLosses(members: number): number {
  return Math.max(0, Math.ceil(members / 2) - 1)
}

/** A member on the node for each of the quorum queues that has none there. Pure. */
export function growSteps(queues: readonly QueuePlacement[], node: string): readonly MemberStep[] {
  return queues.flatMap(({ vhost, name, members }) => {
    const before = members.map((member) => member.node)
    if (before.includes(node)) return []
    return [{ action: 'add', vhost, name, node, before, after: [...before, node] }]
  })
}

/**
 * The node's member removed from each of the quorum queues that has one there. Throws QUEUE_SHRINK_REFUSED for a queue that
 * would be left with one member or without a majority of them online, unless forced, and for the last member always. Pure.
 */
export function shrinkSteps(
  queues: readonly QueuePlacement[],
  node: string,
  options: { readonly isForced?: boolean } = {},
): readonly MemberStep[] {
  const { isForced = false } = options
  const refused: string[] = []
  const steps = queues.flatMap((queue): readonly MemberStep[] => {
    const { vhost, name, members } = queue
    const before = members.map((member) => member.node)
    if (!before.includes(node)) return []
    const rest = members.filter((member) => member.node !== node)
    const why = reasonAgainst(rest, isForced)
    if (why !== undefined) refused.push(`${labelOf(queue)} ${why}`)
    return [{ action: 'remove', vhost, name, node, before, after: rest.map((member) => member.node) }]
  })
  if (refused.length === 0) return steps
  throw new ClusterError(
    'QUEUE_SHRINK_REFUSED',
    `nothing was changed: without its member on ${node}, queue ${refused.join('; queue ')}. Add a member on another node first ("warren queues grow"), bring members back, or say --force if they are gone for good`,
    { node, refused },
  )
}

function reasonAgainst(rest: QueuePlacement['members'], isForced: boolean): string | undefined {
  if (rest.length === 0) return 'would be gone with all its messages (not even --force does that)'
  if (isForced) return undefined
  if (rest.length === 1) return 'would have one copy alone'
  const online = rest.filter(({ isOnline }) => isOnline).length
  const needed = Math.floor(rest.length / 2) + 1
  return online < needed ? `would have ${online} of ${rest.length} members online, which is no majority` : undefined
}
