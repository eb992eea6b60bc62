import { placementsOf, type QueuePlacement, unsynchronisedMirrors } from '@warren/cluster'
import { api, type ManagementClient } from '@warren/cluster/management'
import { connect } from 'amqplib'
import { expect, vi } from 'vitest'

/** Messages of a few bytes, kept in memory: how many there are is all that counts. */
export async function fill(amqpUrl: string, queues: readonly string[], count: number): Promise<void> {
  const connection = await connect(amqpUrl)
  const channel = await connection.createConfirmChannel()
  for (const queue of queues) {
    for (let sent = 0; sent < count; sent++) {
      channel.sendToQueue(queue, Buffer.from(String(sent)), { persistent: true })
      if (sent % 2000 === 1999) await channel.waitForConfirms()
    }
  }
  await channel.waitForConfirms()
  await connection.close()
}

export async function declare(client: ManagementClient, vhost: string, name: string, body: object = {}): Promise<void> {
  await client.put(api`queues/${vhost}/${name}`, { durable: true, ...body })
}

/** What a policy begins to mirror is there already: its new mirrors have nothing of it until they are synchronised. */
export async function mirror(
  client: ManagementClient,
  vhost: string,
  pattern: string,
  mirrors: number,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await client.put(api`policies/${vhost}/mirrored`, {
    pattern,
    'apply-to': 'queues',
    definition: { 'ha-mode': 'all', 'ha-sync-mode': 'manual', ...more },
  })
  const filter = { vhost, pattern: new RegExp(pattern) }
  await vi.waitFor(
    async () => {
      const queues = await placementsOf(client, filter)
      expect(queues.map((queue) => queue.mirrors.length)).toEqual(queues.map(() => mirrors))
    },
    { timeout: 30_000 },
  )
}

export async function placementOf(client: ManagementClient, vhost: string, name: string): Promise<QueuePlacement> {
  const [queue] = await placementsOf(client, { vhost, names: [name] })
  if (queue === undefined) throw new Error(`no queue ${name}`)
  return queue
}

export async function behind(client: ManagementClient, vhost: string, name: string): Promise<number> {
  return unsynchronisedMirrors(await placementOf(client, vhost, name)).length
}
