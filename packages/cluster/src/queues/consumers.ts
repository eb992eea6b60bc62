import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import type { QueueName } from './queue.ts'

/** Who consumes a queue, up to 5 s old. */
export interface Consumer {
  readonly tag: string
  /** `127.0.0.1:47804 -> 10.0.0.1:5672 (1)` */
  readonly channel: string
  /** The name that the client gave its connection, or where it comes from. */
  readonly connection: string
  readonly user: string | undefined
  /** The node that it is connected to. */
  readonly node: string | undefined
  /** How many messages it is given before it has acknowledged any; 0 for any number. */
  readonly prefetch: number
  /** False: a message is gone as soon as it is sent to it. */
  readonly acknowledges: boolean
  /** False for one that waits until the one of a single active consumer goes. */
  readonly isActive: boolean
}

interface ConsumerAnswer {
  readonly consumer_tag: string
  readonly ack_required: boolean
  readonly prefetch_count?: number
  readonly active?: boolean
  /** An empty list for a consumer whose channel has just gone. */
  readonly channel_details?: {
    readonly name?: string
    readonly connection_name?: string
    readonly node?: string
    readonly user?: string
  }
}

/**
 * Of one queue, by their connection. Undefined where statistics are switched off, which tell it. Throws MANAGEMENT_NOT_FOUND when the
 * queue is not there.
 */
export async function readConsumers(
  client: ManagementClient,
  { vhost, name }: QueueName,
): Promise<readonly Consumer[] | undefined> {
  const answer = await client.get<{ readonly consumer_details?: readonly ConsumerAnswer[] }>(
    api`queues/${vhost}/${name}?columns=consumer_details`,
  )
  return answer.consumer_details?.map(consumerOf).toSorted((a, b) => (a.channel < b.channel ? -1 : 1))
}

function consumerOf(answer: ConsumerAnswer): Consumer {
  const { name = '', connection_name: connection = '', node, user } = answer.channel_details ?? {}
  return {
    ...{ tag: answer.consumer_tag, channel: name, connection, node, user },
    prefetch: answer.prefetch_count ?? 0,
    acknowledges: answer.ack_required,
    isActive: answer.active ?? true,
  }
}
