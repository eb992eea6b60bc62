import type { QueuePlacement } from '../queues/queue.ts'

export interface WatchedBinding {
  /** An exchange. */
  readonly source: string
  readonly destination: string
  readonly destinationType: 'queue' | 'exchange'
  readonly key: string
}

export interface WatchedQueue {
  readonly queue: string
  /** Those that should stand. */
  readonly bindings: readonly WatchedBinding[]
}

export interface QueueView {
  readonly queue: string
  readonly exists: boolean
  /** Those of the bindings asked after that do not stand. */
  readonly absent: readonly WatchedBinding[]
  /** Nodes without which the queue has no leader or no majority; empty while it can be used. */
  readonly downNodes: readonly string[]
}

/** A queue that does not exist has no placement. `isUp` says of a node whether it runs. */
export function queueViewOf(
  { queue, bindings }: WatchedQueue,
  placement: QueuePlacement | undefined,
  standing: ReadonlySet<string>,
  isUp: (node: string) => boolean,
): QueueView {
  return {
    queue,
    exists: placement !== undefined,
    absent: bindings.filter((binding) => !standing.has(bindingKey(binding))),
    downNodes: placement === undefined ? [] : neededAndDown(placement, isUp),
  }
}

/** The same binding has the same key. */
export function bindingKey({ source, destination, destinationType, key }: WatchedBinding): string {
  return JSON.stringify([source, destinationType, destination, key])
}

/** A quorum queue lives on a majority of its members, any other one on its leader. */
function neededAndDown({ leader, members }: QueuePlacement, isUp: (node: string) => boolean): readonly string[] {
  if (members.length === 0) return leader === undefined || isUp(leader) ? [] : [leader]
  const down = members.map(({ node }) => node).filter((node) => !isUp(node))
  return (members.length - down.length) * 2 > members.length ? [] : down
}
