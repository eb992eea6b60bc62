import { setTimeout as pause } from 'node:timers/promises'
import { brokerOf } from '../management/broker.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import { unlessForbidden } from './forbidden.ts'
import { placementsOf } from './list.ts'
import { keyOf, type QueuePlacement } from './queue.ts'

export interface NodeLeaders {
  readonly node: string
  readonly leaders: number
}

export interface Rebalanced {
  /** Leaders of replicated queues on each node, by its name. */
  readonly before: readonly NodeLeaders[]
  readonly after: readonly NodeLeaders[]
  /** Queues that another node leads now. */
  readonly moved: number
  /** False when leaders were still moving at the end of the time, or `signal` has ended it. */
  readonly isSettled: boolean
}

export interface RebalanceOptions {
  /** How long to wait for leaders to stand still. Default 300,000. */
  readonly timeoutMs?: number
  /** Leaders that have not moved for so long stand still. Default 10,000. */
  readonly settleMs?: number
  /** Between two looks at all queues. Default 2,000. */
  readonly pollMs?: number
  readonly onMove?: (moved: number, leaders: readonly NodeLeaders[]) => void
  /** Ends the waiting, not what the broker is doing. */
  readonly signal?: AbortSignal
}

/** How many replicated queues each node leads, nodes that lead none included. */
export async function leadersOf(client: ManagementClient): Promise<readonly NodeLeaders[]> {
  const { nodes } = await brokerOf(client)
  return countLeaders(
    await replicated(client),
    nodes.map(({ name }) => name),
  )
}

/** A broker that has moved what it could is not asked for more. */
const MAX_ORDERS = 3

/**
 * Lets the broker spread the leaders of replicated queues over its nodes, and returns when they stand still. The broker takes
 * the order, moves one queue after the other, and says of nothing when it is done. It plans by what it knows at that moment: where
 * an election came in between, a node still leads more than its share, and the order is given again, three times at most. Leaders
 * move to mirrors that have caught up and members that are online alone; publishers and consumers of a queue that moves are
 * interrupted for a moment. Throws MANAGEMENT_FORBIDDEN_OPERATION when the operator has switched it off.
 */
export async function rebalanceQueues(client: ManagementClient, options: RebalanceOptions = {}): Promise<Rebalanced> {
  const { timeoutMs = 300_000, pollMs = 2000, onMove, signal } = options
  // In a short time nothing could ever be seen to stand still.
  const settleMs = Math.min(options.settleMs ?? 10_000, timeoutMs / 2)
  const { nodes: all } = await brokerOf(client)
  const nodes = all.map(({ name }) => name)
  const running = all.flatMap(({ name, isRunning }) => (isRunning ? [name] : []))
  const first = await replicated(client)
  const deadline = performance.now() + timeoutMs
  let last = first
  let isSettled = false
  const isOver = (): boolean => performance.now() >= deadline || signal?.aborted === true
  for (let order = 0; order < MAX_ORDERS && !isOver(); order++) {
    if (order > 0 && !isSpreadable(last, running)) break
    await unlessForbidden(
      'rebalance leaders',
      'Ask the provider, or run "rabbitmq-queues rebalance all" where you can',
      async () => await client.post(api`rebalance/queues`),
    )
    let stillSince = performance.now()
    isSettled = false
    while (!isSettled && !isOver()) {
      await pause(pollMs, undefined, { signal }).catch(() => undefined)
      const now = await replicated(client)
      if (countMoved(last, now) > 0) {
        stillSince = performance.now()
        onMove?.(countMoved(first, now), countLeaders(now, nodes))
      }
      last = now
      isSettled = performance.now() - stillSince >= settleMs
    }
  }
  return {
    before: countLeaders(first, nodes),
    after: countLeaders(last, nodes),
    moved: countMoved(first, last),
    isSettled,
  }
}

async function replicated(client: ManagementClient): Promise<readonly QueuePlacement[]> {
  return (await placementsOf(client)).filter(
    ({ type, mirrors, members }) => mirrors.length > 0 || members.length > 1 || type === 'stream',
  )
}

/** Pure. */
export function countLeaders(queues: readonly QueuePlacement[], nodes: readonly string[]): readonly NodeLeaders[] {
  const counts = new Map(nodes.map((node) => [node, 0]))
  for (const { leader } of queues) if (leader !== undefined) counts.set(leader, (counts.get(leader) ?? 0) + 1)
  return [...counts]
    .map(([node, leaders]) => ({ node, leaders }))
    .toSorted((left, right) => (left.node < right.node ? -1 : 1))
}

/**
 * Whether the broker could still move a leader: its own measure is the number of queues over that of running nodes, rounded up, and it
 * takes from a node that leads more. Pure.
 */
export function isSpreadable(queues: readonly QueuePlacement[], running: readonly string[]): boolean {
  const share = Math.ceil(queues.length / running.length)
  const led = new Map(countLeaders(queues, running).map(({ node, leaders }) => [node, leaders]))
  const leadsLess = (node: string) => (led.get(node) ?? 0) < share
  return queues.some(({ leader, members, mirrors }) => {
    if (leader === undefined || (led.get(leader) ?? 0) <= share) return false
    return (
      members.some(({ node, isOnline }) => isOnline && leadsLess(node)) ||
      mirrors.some(({ node, isSynchronised }) => isSynchronised && leadsLess(node))
    )
  })
}

/** Queues that were there before and have another leader now, one that has none meanwhile included. Pure. */
export function countMoved(before: readonly QueuePlacement[], now: readonly QueuePlacement[]): number {
  const leaders = new Map(before.map((queue) => [keyOf(queue), queue.leader]))
  return now.filter((queue) => {
    const key = keyOf(queue)
    return leaders.has(key) && leaders.get(key) !== queue.leader
  }).length
}
