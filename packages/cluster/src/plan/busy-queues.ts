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
/** One that is new may need two intervals and more on a busy machine. */
export const SILENCE_MS = 15_000

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
  refuse(await busyAmong(client, asked))
  await pause(STATISTICS_INTERVAL_MS)
  await untilTold(client, asked)
  refuse(await busyAmong(client, asked))
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

interface QueueState {
  readonly messages?: number
  readonly consumers?: number
}

async function busyAmong(client: ManagementClient, queues: readonly QueueName[]): Promise<readonly string[]> {
  const busy: string[] = []
  for (const { vhost, name } of queues) {
    const state = await client.find<QueueState>(api`queues/${vhost}/${name}`)
    const { messages = 0, consumers = 0 } = state ?? {}
    if (messages > 0 || consumers > 0) {
      busy.push(`"${name}" in vhost "${vhost}" (${messages} messages, ${consumers} consumers)`)
    }
  }
  return busy
}

/**
 * Waits for queues that have told nothing of themselves yet, being new. Throws PRUNE_REFUSED when one stays silent, which it does
 * while its leader is down: what it holds is unknown.
 */
async function untilTold(client: ManagementClient, queues: readonly QueueName[]): Promise<void> {
  const deadline = performance.now() + SILENCE_MS
  for (const { vhost, name } of queues) {
    for (;;) {
      const state = await client.find<QueueState>(api`queues/${vhost}/${name}`)
      if (state === undefined || state.messages !== undefined) break
      if (performance.now() >= deadline) refuse([`"${name}" in vhost "${vhost}" (it does not tell what it holds)`])
      await pause(500)
    }
  }
}

function refuse(busy: readonly string[]): void {
  if (busy.length === 0) return
  throw new ClusterError(
    'PRUNE_REFUSED',
    `nothing was changed: queues to be removed are in use: ${busy.join(', ')}. Drain them and stop their consumers, or name each with --remove-queue`,
    { queues: busy },
  )
}
