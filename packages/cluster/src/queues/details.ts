import { ClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import { redact, redactText } from '../redaction/redact.ts'
import { type Queue, queueOf, type Statistics } from './list.ts'
import { labelOf, placementOf, type QueueAnswer, type QueueName } from './queue.ts'
import { STATISTICS_TIMEOUT_MS, unlessSilent } from './unless-silent.ts'

export interface QueueConsumer {
  readonly tag: string
  /** Its connection by name: `10.0.0.7:51234 -> 10.0.0.1:5672`. */
  readonly connection: string
  readonly user: string
  /** How many messages it may have unacknowledged; 0 for any number. */
  readonly prefetch: number
  /** False for one that waits while another is the single active consumer. */
  readonly isActive: boolean
  readonly isExclusive: boolean
}

export interface QueueBinding {
  readonly exchange: string
  readonly key: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** One queue with all that a person asks of it. What could hold a secret is masked. */
export interface QueueDetails extends Queue {
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly isExclusive: boolean
  readonly arguments: Readonly<Record<string, unknown>>
  /** Of `messages`, those that wait and those that consumers have in hand. Undefined where the broker does not tell it. */
  readonly ready: number | undefined
  readonly unacknowledged: number | undefined
  /** Up to 5 s old, like the counts. Undefined where the broker does not tell them. */
  readonly consumerList: readonly QueueConsumer[] | undefined
  /** Without the one of the default exchange, which every queue has. */
  readonly bindings: readonly QueueBinding[]
}

interface RecordAnswer extends QueueAnswer {
  readonly durable: boolean
  readonly auto_delete: boolean
  readonly exclusive?: boolean | null
  readonly arguments: Readonly<Record<string, unknown>>
}

interface StatisticsAnswer extends Statistics {
  readonly messages_ready?: number
  readonly messages_unacknowledged?: number
  readonly consumer_details?: readonly ConsumerAnswer[]
}

interface ConsumerAnswer {
  readonly consumer_tag: string
  readonly channel_details?: { readonly connection_name?: string; readonly user?: string }
  readonly prefetch_count?: number
  readonly active?: boolean
  readonly exclusive?: boolean
}

interface BindingAnswer {
  readonly source: string
  readonly routing_key: string
  readonly arguments: Readonly<Record<string, unknown>>
}

const statisticsColumns = [
  ...['state', 'messages', 'messages_ready', 'messages_unacknowledged', 'consumers', 'consumer_details'],
  ...['policy', 'operator_policy', 'effective_policy_definition', 'members', 'online'],
].join(',')

/**
 * Reads one queue. Who leads it and which mirrors have caught up is of this moment, the rest up to 5 s old; while no statistics
 * come in time, as of a queue that synchronises, they are left out. Throws QUEUE_UNKNOWN.
 */
export async function readQueue(client: ManagementClient, queue: QueueName): Promise<QueueDetails> {
  const { vhost, name } = queue
  const [record, told, bindings] = await Promise.all([
    client.find<RecordAnswer>(api`queues/${vhost}/${name}?disable_stats=true`),
    unlessSilent(
      client.find<StatisticsAnswer>(api`queues/${vhost}/${name}?columns=${statisticsColumns}`, {
        timeoutMs: STATISTICS_TIMEOUT_MS,
      }),
    ),
    client.find<readonly BindingAnswer[]>(api`queues/${vhost}/${name}/bindings`),
  ])
  if (record === undefined) throw new ClusterError('QUEUE_UNKNOWN', `there is no queue ${labelOf(queue)}`, { ...queue })
  return {
    ...queueOf(placementOf(record), told),
    isDurable: record.durable,
    isAutoDelete: record.auto_delete,
    isExclusive: record.exclusive === true,
    arguments: redact(record.arguments) as QueueDetails['arguments'],
    ready: told?.messages_ready,
    unacknowledged: told?.messages_unacknowledged,
    consumerList: told?.consumer_details?.map(consumerOf),
    bindings: (bindings ?? [])
      .filter(({ source }) => source !== '')
      .map(({ source, routing_key: key, arguments: args }) => ({
        exchange: source,
        key,
        arguments: redact(args) as QueueBinding['arguments'],
      })),
  }
}

function consumerOf(answer: ConsumerAnswer): QueueConsumer {
  return {
    tag: redactText(answer.consumer_tag),
    connection: redactText(answer.channel_details?.connection_name ?? ''),
    user: answer.channel_details?.user ?? '',
    prefetch: answer.prefetch_count ?? 0,
    isActive: answer.active ?? true,
    isExclusive: answer.exclusive ?? false,
  }
}
