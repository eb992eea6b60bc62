import type { BrokerNode } from '../../management/broker.ts'
import { commandLine } from '../command-line.ts'
import type { QueueReading } from '../reading.ts'

interface Few {
  readonly vhost: string
  /** Those with fewer than three members, or an even number. */
  readonly few: readonly QueueReading[]
  /** All queues with members. */
  readonly replicated: readonly QueueReading[]
  readonly nodes: readonly BrokerNode[]
  readonly endpoint: string
}

/** One step towards an odd number of members, from three up: only a running node takes one. */
export function memberCommand(found: Few): { readonly command: string; readonly on?: string } {
  const { few, replicated, nodes } = found
  const running = nodes.filter(({ isRunning }) => isRunning).map(({ name }) => name)
  const lacking = (node: string) => few.filter((queue) => !has(queue, node))
  const taker = running.toSorted((left, right) => lacking(right).length - lacking(left).length)[0]
  if (taker !== undefined && lacking(taker).length > 0) {
    const isTouched = (queue: QueueReading) => !has(queue, taker)
    return { command: commandOf(commandLine`warren queues grow ${taker}`, found, isTouched) }
  }
  // No running node is left to take one: an even number becomes odd by one less.
  const even = few.filter(({ members = [] }) => members.length > 3)
  const holding = (node: string) => even.filter((queue) => has(queue, node)).length
  const leading = (node: string) => replicated.filter((queue) => queue.node === node).length
  const giver = nodes
    .map(({ name }) => name)
    .toSorted((left, right) => holding(right) - holding(left) || leading(left) - leading(right))[0]
  if (giver !== undefined && holding(giver) > 0) {
    const isTouched = (queue: QueueReading) => has(queue, giver)
    return { command: commandOf(commandLine`warren queues shrink ${giver}`, { ...found, few: even }, isTouched) }
  }
  const stopped = nodes.filter(({ isRunning }) => !isRunning).map(({ name }) => name)
  return { command: 'systemctl start rabbitmq-server', on: stopped.join(', ') }
}

/** Names the queues only where the command would touch others, too, which have as many members as they should. */
function commandOf(
  verb: string,
  { vhost, few, replicated, endpoint }: Few,
  isTouched: (queue: QueueReading) => boolean,
): string {
  const meant = few.filter(isTouched)
  const touched = replicated.filter(
    (queue) => queue.vhost === vhost && queue.type === 'quorum' && isTouched(queue),
  ).length
  const names = touched === meant.length ? [] : meant.map(({ name }) => commandLine`${name}`)
  return [verb, ...names, commandLine`--url ${endpoint} --vhost ${vhost}`].join(' ')
}

function has({ members = [] }: QueueReading, node: string): boolean {
  return members.includes(node)
}
