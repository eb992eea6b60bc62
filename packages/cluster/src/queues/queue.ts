/** What names a queue. */
export interface QueueName {
  readonly vhost: string
  readonly name: string
}

/** A follower of a classic mirrored queue. One that is not synchronised has only what was published since it joined. */
export interface Mirror {
  readonly node: string
  readonly isSynchronised: boolean
}

/** A replica of a quorum queue or a stream; the leader is one of them. */
export interface Member {
  readonly node: string
  readonly isOnline: boolean
}

/** Where a queue is, by the record that the cluster keeps: no statistics, which lag. */
export interface QueuePlacement extends QueueName {
  readonly type: string
  /** The node that publishers and consumers are served by; undefined when none leads. */
  readonly leader: string | undefined
  /** Of a classic queue; empty when it is not mirrored. */
  readonly mirrors: readonly Mirror[]
  /** Of a quorum queue or a stream; empty for a classic one. */
  readonly members: readonly Member[]
}

/** What the management API answers with. Which fields there are depends on the type, the version, and on `disable_stats`. */
export interface QueueAnswer extends QueueName {
  readonly type?: string
  readonly node?: string
  readonly leader?: string
  readonly slave_nodes?: readonly string[] | null
  readonly synchronised_slave_nodes?: readonly string[] | null
  readonly members?: readonly string[] | null
  readonly online?: readonly string[] | null
}

/** Reads an answer of `queues?disable_stats=true`. Pure. */
export function placementOf(answer: QueueAnswer): QueuePlacement {
  const { vhost, name, type = 'classic' } = answer
  const leader = answer.leader ?? answer.node
  const synchronised = new Set(answer.synchronised_slave_nodes ?? [])
  const online = new Set(answer.online ?? [])
  return {
    vhost,
    name,
    type,
    // An election that is going on is answered with an empty text.
    leader: leader === '' ? undefined : leader,
    mirrors: (answer.slave_nodes ?? []).map((node) => ({ node, isSynchronised: synchronised.has(node) })),
    members: (answer.members ?? []).map((node) => ({ node, isOnline: online.has(node) })),
  }
}

/** Nodes whose mirror has not caught up; they would be of no use if the leader went. */
export function unsynchronisedMirrors({ mirrors }: Pick<QueuePlacement, 'mirrors'>): readonly string[] {
  return mirrors.flatMap(({ node, isSynchronised }) => (isSynchronised ? [] : [node]))
}

/** For messages and progress: `"qu.order.crm" in vhost "shop"`. */
export function labelOf({ vhost, name }: QueueName): string {
  return `"${name}" in vhost "${vhost}"`
}

/** The same queue has the same key. */
export function keyOf({ vhost, name }: QueueName): string {
  return JSON.stringify([vhost, name])
}
