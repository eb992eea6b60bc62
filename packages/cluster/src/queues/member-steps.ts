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

/**
 * The members to remove so that so many are left: offline ones first, never the leader. Throws QUEUE_SHRINK_REFUSED when none
 * leads, and when the rest would be one alone of several that are wanted, or have no majority online. Pure.
 */
export function surplusMembers(queue: QueuePlacement, wanted: number): readonly string[] {
  const { members, leader } = queue
  const count = members.length - wanted
  if (count <= 0) return []
  const candidates = members
    .filter(({ node }) => node !== leader)
    .toSorted((left, right) => Number(left.isOnline) - Number(right.isOnline))
  const surplus = new Set(candidates.slice(0, count).map(({ node }) => node))
  // A single copy is what was asked for.
  const why =
    leader === undefined
      ? 'has no leader, and may have lost its majority'
      : reasonAgainst(
          members.filter(({ node }) => !surplus.has(node)),
          wanted === 1,
        )
  if (why === undefined) return [...surplus]
  throw new ClusterError(
    'QUEUE_SHRINK_REFUSED',
    `with ${wanted} of its ${members.length} members, queue ${labelOf(queue)} ${why}; bring the others back first`,
    { queue: queue.name, vhost: queue.vhost },
  )
}

/** Why these members may not be all that is left of a quorum queue; undefined when they may. Pure. */
export function reasonAgainst(rest: QueuePlacement['members'], isForced: boolean): string | undefined {
  if (rest.length === 0) return 'would be gone with all its messages (not even --force does that)'
  if (isForced) return undefined
  if (rest.length === 1) return 'would have one copy alone'
  const online = rest.filter(({ isOnline }) => isOnline).length
  const needed = Math.floor(rest.length / 2) + 1
  return online < needed ? `would have ${online} of ${rest.length} members online, which is no majority` : undefined
}
