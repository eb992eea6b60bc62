import type { ManagementClient } from '../management/client.ts'
import { listAll } from '../management/pages.ts'
import { api, type ApiPath, withQuery } from '../management/path.ts'
import type { QueueName } from '../queues/queue.ts'
import { pointsOf, type SampleDetails, type SamplePoint, type SampleWindow } from './points.ts'
import type { Sampling } from './sampling.ts'

/** What goes through a vhost, and what waits in it. */
export interface VhostSamples {
  /** Counts messages that channels have published, one each, however many queues took it. */
  readonly published: readonly SamplePoint[]
  /** Counts messages that consumers have acknowledged. */
  readonly acknowledged: readonly SamplePoint[]
  /** Messages in all queues, those in the hands of consumers included. */
  readonly messages: readonly SamplePoint[]
}

export interface QueueSamples {
  /** Messages that no consumer has been given. */
  readonly ready: readonly SamplePoint[]
  /** Messages that consumers have been given and have not acknowledged. */
  readonly unacknowledged: readonly SamplePoint[]
  /** Counts messages that consumers have acknowledged. */
  readonly acknowledged: readonly SamplePoint[]
}

interface Answer {
  readonly message_stats?: { readonly publish_details?: SampleDetails; readonly ack_details?: SampleDetails }
  readonly messages_details?: SampleDetails
  readonly messages_ready_details?: SampleDetails
  readonly messages_unacknowledged_details?: SampleDetails
}

/** One request for each window, the finest first. Points are up to 5 s late, and as far apart as the broker keeps them. */
export async function readVhostSamples(
  client: ManagementClient,
  vhost: string,
  windows: readonly SampleWindow[],
  { vhostsSinceMs }: Sampling,
): Promise<VhostSamples> {
  const columns = [
    ...['publish', 'ack'].map((name) => `message_stats.${name}_details.samples`),
    'messages_details.samples',
  ]
  const answers = await ask(client, api`vhosts/${vhost}`, columns, windows)
  const line = (of: (answer: Answer) => SampleDetails | undefined) => pointsOf(answers.map(of), vhostsSinceMs)
  return {
    published: line(({ message_stats }) => message_stats?.publish_details),
    acknowledged: line(({ message_stats }) => message_stats?.ack_details),
    messages: line(({ messages_details }) => messages_details),
  }
}

/** The same of one queue. Throws MANAGEMENT_NOT_FOUND when it is not there. */
export async function readQueueSamples(
  client: ManagementClient,
  { vhost, name }: QueueName,
  windows: readonly SampleWindow[],
  { queuesSinceMs }: Sampling,
): Promise<QueueSamples> {
  const columns = ['message_stats.ack', 'messages_ready', 'messages_unacknowledged'].map(
    (of) => `${of}_details.samples`,
  )
  const answers = await ask(client, api`queues/${vhost}/${name}`, columns, windows)
  const line = (of: (answer: Answer) => SampleDetails | undefined) => pointsOf(answers.map(of), queuesSinceMs)
  return {
    ready: line(({ messages_ready_details }) => messages_ready_details),
    unacknowledged: line(({ messages_unacknowledged_details }) => messages_unacknowledged_details),
    acknowledged: line(({ message_stats }) => message_stats?.ack_details),
  }
}

function ask(
  client: ManagementClient,
  path: ApiPath,
  columns: readonly string[],
  windows: readonly SampleWindow[],
): Promise<readonly Answer[]> {
  const answers = windows.map(({ ageSeconds: age, stepSeconds: incr }) =>
    client.get<Answer>(
      withQuery(path, {
        ...{ lengths_age: age, lengths_incr: incr, msg_rates_age: age, msg_rates_incr: incr },
        columns: columns.join(','),
      }),
    ),
  )
  return Promise.all(answers)
}

/** What a queue holds now. */
export interface QueueTotals extends QueueName {
  /** Undefined where the broker does not tell it, of a queue whose leader is down for instance. */
  readonly ready: number | undefined
  readonly unacknowledged: number | undefined
}

/** Of all queues of a vhost, page by page, without statistics: cheap, and told also where those are switched off. */
export async function readQueueTotals(client: ManagementClient, vhost: string): Promise<readonly QueueTotals[]> {
  const columns = ['name', 'messages_ready', 'messages_unacknowledged']
  const queues = await listAll<{ name: string; messages_ready?: number; messages_unacknowledged?: number }>(
    client,
    api`queues/${vhost}`,
    { columns, withTotals: true },
  )
  return queues.map(({ name, messages_ready: ready, messages_unacknowledged: unacknowledged }) => ({
    ...{ vhost, name, ready, unacknowledged },
  }))
}
