import { ClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { listAll } from '../management/pages.ts'
import { api, type ApiPath } from '../management/path.ts'
import { redact } from '../redaction/redact.ts'
import { keyOf, placementOf, type QueueAnswer, type QueuePlacement } from './queue.ts'

export interface QueueFilter {
  /** All vhosts that the user may see by default. */
  readonly vhost?: string
  /** Queues of these names, in whichever vhost; all by default. */
  readonly names?: readonly string[]
  /** Queues whose name it matches, anywhere in it. */
  readonly pattern?: RegExp
}

/** A queue with what it holds and what holds for it. */
export interface Queue extends QueuePlacement {
  /** `running`, `syncing`, `down`, … as the broker says it. Up to 5 s old, like the counts. */
  readonly state: string | undefined
  /** Undefined where the broker does not tell it, of a queue whose leader is down for instance. */
  readonly messages: number | undefined
  readonly consumers: number | undefined
  readonly policy: string | undefined
  readonly operatorPolicy: string | undefined
  /** What both policies make of it. */
  readonly effectivePolicy: Readonly<Record<string, unknown>>
}

/** What the statistics of a queue tell beside where it is. */
export interface Statistics {
  readonly vhost: string
  readonly name: string
  readonly state?: string
  readonly messages?: number
  readonly consumers?: number
  readonly policy?: string | null
  readonly operator_policy?: string | null
  readonly effective_policy_definition?: Readonly<Record<string, unknown>> | null
  readonly members?: readonly string[]
  readonly online?: readonly string[]
}

const placementColumns = [
  ...['vhost', 'name', 'type', 'node', 'leader', 'members', 'online'],
  ...['slave_nodes', 'synchronised_slave_nodes'],
]
const statisticsColumns = [
  ...['vhost', 'name', 'state', 'messages', 'consumers'],
  ...['policy', 'operator_policy', 'effective_policy_definition', 'members', 'online'],
]

/**
 * Tells where queues are: their leaders, and which mirrors or members are well. Cheap, and true at the moment of asking.
 * Throws QUEUE_UNKNOWN when one that is named is not there.
 */
export async function placementsOf(client: ManagementClient, filter: QueueFilter = {}): Promise<QueuePlacement[]> {
  // `enable_queue_totals` would add the counts for little, but 3.10 then leaves mirrors out that are not synchronised; and with
  // statistics members and mirrors are those of some seconds ago.
  const answers = await listAll<QueueAnswer>(client, queuesPath(filter), { columns: placementColumns })
  const chosen = answers.map(placementOf).filter(({ name }) => isChosen(name, filter))
  const missing = (filter.names ?? []).filter((wanted) => !chosen.some(({ name }) => name === wanted))
  if (missing.length > 0) {
    const where = filter.vhost === undefined ? 'in no vhost that this user sees' : `not in vhost "${filter.vhost}"`
    throw new ClusterError(
      'QUEUE_UNKNOWN',
      `there is no queue ${missing.map((name) => `"${name}"`).join(', ')}: ${where}; see "warren queues list"`,
      { queues: missing, vhost: filter.vhost },
    )
  }
  return chosen
}

/** The same with counts and policies, which are up to 5 s old. */
export async function listQueues(client: ManagementClient, filter: QueueFilter = {}): Promise<Queue[]> {
  const placements = await placementsOf(client, filter)
  const options = { columns: statisticsColumns, disableStats: false }
  const statistics = await listAll<Statistics>(client, queuesPath(filter), options)
  const byKey = new Map(statistics.map((queue) => [keyOf(queue), queue]))
  return placements.map((placement) => queueOf(placement, byKey.get(keyOf(placement))))
}

/** Pure. */
export function queueOf(placement: QueuePlacement, told: Statistics | undefined): Queue {
  // The record tells the members of a quorum queue; those of a stream only from 4.0 on.
  const members = placement.members.length > 0 || told === undefined ? placement.members : placementOf(told).members
  return {
    ...placement,
    members,
    state: told?.state,
    messages: told?.messages,
    consumers: told?.consumers,
    policy: told?.policy ?? undefined,
    operatorPolicy: told?.operator_policy ?? undefined,
    effectivePolicy: redact(told?.effective_policy_definition ?? {}) as Queue['effectivePolicy'],
  }
}

function queuesPath({ vhost }: QueueFilter): ApiPath {
  return vhost === undefined ? api`queues` : api`queues/${vhost}`
}

function isChosen(name: string, { names, pattern }: QueueFilter): boolean {
  return (names === undefined || names.length === 0 || names.includes(name)) && (pattern?.test(name) ?? true)
}
