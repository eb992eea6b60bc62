import { setTimeout as pause } from 'node:timers/promises'
import { ClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import { isNamed, SILENCE_MS, STATISTICS_INTERVAL_MS } from './busy-queues.ts'
import type { Repartition } from './repartition.ts'

/**
 * Throws PARTITIONS_NOT_DRAINED when a queue gets other partitions while messages wait in those that it has, or still come:
 * one could overtake an older one of its entity. Looks twice, an interval of the broker's statistics apart.
 */
export async function refuseUndrained(
  client: ManagementClient,
  repartitions: readonly Repartition[],
  allowed: readonly string[],
): Promise<void> {
  const asked = repartitions.filter(({ vhost, queue }) => !isNamed({ vhost, name: queue }, allowed))
  if (asked.length === 0) return
  const first = await look(client, asked)
  refuse(first.filter(({ messages }) => messages > 0))
  await pause(STATISTICS_INTERVAL_MS)
  const second = await lookUntilTold(client, asked)
  refuse(
    second.filter((seen, index) => seen.messages > 0 || !seen.isTold || seen.published !== first[index]?.published),
  )
}

interface Seen {
  readonly told: string
  readonly messages: number
  /** False for a queue whose leader is down, for instance: what it holds is unknown. */
  readonly isTold: boolean
  /** Ever; a broker that collects no statistics says nothing of it. */
  readonly published: number | undefined
}

/** A partition that is new tells nothing of itself yet; one whose leader is down stays silent. */
async function lookUntilTold(client: ManagementClient, repartitions: readonly Repartition[]): Promise<readonly Seen[]> {
  const deadline = performance.now() + SILENCE_MS
  for (;;) {
    const seen = await look(client, repartitions)
    if (seen.every(({ isTold }) => isTold) || performance.now() >= deadline) return seen
    await pause(500)
  }
}

async function look(client: ManagementClient, repartitions: readonly Repartition[]): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  for (const { vhost, before } of repartitions) {
    for (const name of before) {
      const path = api`queues/${vhost}/${name}`
      const state = await client.find<{ messages?: number; message_stats?: { publish?: number } }>(path)
      const { messages = 0, message_stats: { publish: published } = {} } = state ?? {}
      const isTold = state === undefined || state.messages !== undefined
      seen.push({ isTold, told: `"${name}" in vhost "${vhost}" (${messages} messages)`, messages, published })
    }
  }
  return seen
}

function refuse(undrained: readonly Seen[]): void {
  if (undrained.length === 0) return
  const told = undrained.map((each) => each.told)
  throw new ClusterError(
    'PARTITIONS_NOT_DRAINED',
    `nothing was changed: messages wait in partitions, or still come: ${told.join(', ')}. Entities would move to other partitions and overtake them (counts lag by some seconds): follow the drain order of the plan, or name the queue with --repartition`,
    { queues: told },
  )
}
