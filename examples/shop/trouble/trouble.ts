import { api } from '@warren/cluster/management'
import type { ManagementClient } from '@warren/cluster/management'
import type { Cluster } from '@warren/cluster/local'
import { randomBytes } from 'node:crypto'
import type { Stage, SubscriptionName } from '../prove/stage.ts'

/** A queue beside the shop's, mirrored by a policy as 3.10 has it, whose mirror has not caught up. */
export const MIRRORED = 'qu.archive'
const VHOST = '/'
const POLICY = 'mirror-archive'

/** What goes wrong in a shop, one thing at a time: for people to find on the page, and to put right there. */
export class Trouble {
  readonly #stage: Stage
  readonly #cluster: Cluster
  readonly #client: ManagementClient

  constructor(stage: Stage, cluster: Cluster) {
    this.#stage = stage
    this.#cluster = cluster
    this.#client = cluster.managementClient()
  }

  /** Somebody sends what is no JSON under the name of an event: a subscriber parks it at once. Returns its id. */
  async sendNonsense(orderId: string): Promise<string> {
    const id = newId()
    await this.#stage.onChannel(async (channel) => {
      channel.publish('ex.order.topic', 'order.payment.onPaid', Buffer.from(`{"orderId": ${orderId}`), {
        ...{ messageId: id, type: 'order.payment.onPaid', appId: 'legacy', contentType: 'application/json' },
        headers: {
          ...{ cloudEvents_specversion: '1.0', cloudEvents_id: id, cloudEvents_source: 'legacy' },
          ...{ cloudEvents_type: 'order.payment.onPaid', cloudEvents_subject: orderId },
          cloudEvents_time: new Date().toISOString(),
        },
      })
      return Promise.resolve()
    })
    return id
  }

  async purge(subscription: SubscriptionName): Promise<void> {
    await this.#stage.onChannel((channel) => channel.purgeQueue(this.#stage.queueOf(subscription)))
  }

  /** Messages wait in a queue with one replica; then a policy gives it a second, which begins empty. For RabbitMQ before 4. */
  async mirrorLate(messages: number): Promise<void> {
    await this.#client.put(api`queues/${VHOST}/${MIRRORED}`, {
      durable: true,
      arguments: { 'x-queue-type': 'classic' },
    })
    await this.#stage.onChannel(async (channel) => {
      for (let n = 0; n < messages; n++) channel.sendToQueue(MIRRORED, Buffer.alloc(1_000), { persistent: true })
      await this.#stage.until('the archive has its messages', async () => {
        return (await channel.checkQueue(MIRRORED)).messageCount === messages
      })
    })
    await this.#client.put(api`policies/${VHOST}/${POLICY}`, {
      ...{ pattern: `^${MIRRORED.replace('.', '\\.')}$`, 'apply-to': 'queues', priority: 10 },
      definition: { 'ha-mode': 'exactly', 'ha-params': 2, 'ha-sync-mode': 'manual' },
    })
  }

  get cluster(): Cluster {
    return this.#cluster
  }
}

/** A UUIDv7. */
function newId(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  const tail = randomBytes(8).toString('hex')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(0, 3)}-8${tail.slice(3, 6)}-${tail.slice(4)}`
}
