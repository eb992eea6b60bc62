import { setTimeout as pause } from 'node:timers/promises'
import { ClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import type { Plan } from './plan.ts'

interface QueueName {
  readonly vhost: string
  readonly name: string
}

/** Queues tell the management API of their messages and consumers every 5 s. */
export const STATISTICS_INTERVAL_MS = 6_000

/**
 * Throws PRUNE_REFUSED when a queue that a plan removes, by itself or with its vhost, has messages or consumers: both are
 * lost with it, so a person has to name it. Looks twice, an interval of the broker's statistics apart.
 */
export async function refuseBusyQueues(
  client: ManagementClient,
  plan: Plan,
  allowed: readonly string[],
): Promise<void> {
  const queues = await queuesThatGo(client, plan)
  const asked = queues.filter((queue) => !isNamed(queue, allowed))
  if (asked.length === 0) return
  refuse(await busyAmong(client, asked, 'known'))
  await pause(STATISTICS_INTERVAL_MS)
  refuse(await busyAmong(client, asked, 'known or not'))
}

export function isNamed({ vhost, name }: QueueName, allowed: readonly string[]): boolean {
  return allowed.includes(name) || allowed.includes(`${vhost}/${name}`)
}

async function queuesThatGo(client: ManagementClient, { steps }: Plan): Promise<readonly QueueName[]> {
  const going: QueueName[] = []
  for (const { action, kind, vhost = '', name } of steps) {
    if (action !== 'delete') continue
    if (kind === 'queue') going.push({ vhost, name })
    if (kind === 'vhost')
      going.push(...(await client.get<QueueName[]>(api`queues/${name}?columns=vhost,name&disable_stats=true`)))
  }
  return going
}

/** A queue that has told nothing of itself is new at the first look; at the second its leader is down, and what it holds unknown. */
async function busyAmong(
  client: ManagementClient,
  queues: readonly QueueName[],
  counts: 'known' | 'known or not',
): Promise<readonly string[]> {
  const busy: string[] = []
  for (const { vhost, name } of queues) {
    const state = await client.find<{ messages?: number; consumers?: number }>(api`queues/${vhost}/${name}`)
    if (state === undefined) continue
    if (state.messages === undefined && counts === 'known or not') {
      busy.push(`"${name}" in vhost "${vhost}" (it does not tell what it holds)`)
    }
    const { messages = 0, consumers = 0 } = state
    if (messages > 0 || consumers > 0) {
      busy.push(`"${name}" in vhost "${vhost}" (${messages} messages, ${consumers} consumers)`)
    }
  }
  return busy
}

function refuse(busy: readonly string[]): void {
  if (busy.length === 0) return
  throw new ClusterError(
    'PRUNE_REFUSED',
    `nothing was changed: queues to be removed are in use: ${busy.join(', ')}. Drain them and stop their consumers, or name each with --remove-queue`,
    { queues: busy },
  )
}
