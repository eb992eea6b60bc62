import { setTimeout as pause } from 'node:timers/promises'
import { ClusterError, isClusterError } from '../errors.ts'
import { brokerOf } from '../management/broker.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import { unlessForbidden } from './forbidden.ts'
import { labelOf, placementOf, type QueueAnswer, type QueueName, unsynchronisedMirrors } from './queue.ts'
import { judge, startWatch, type SyncVerdict } from './sync-progress.ts'
import { STATISTICS_TIMEOUT_MS, unlessSilent } from './unless-silent.ts'

export type SyncEvent =
  | { readonly kind: 'started'; readonly queue: QueueName }
  /**
   * `copied` of `messages`, the same for all mirrors of the queue. Told as often as nodes collect statistics, every 5 s
   * (`collect_statistics_interval`): of a copy that takes less there may be none.
   */
  | { readonly kind: 'progress'; readonly queue: QueueName; readonly copied: number; readonly messages: number }
  | { readonly kind: 'ended'; readonly result: SyncResult }

export type SyncResult =
  | { readonly kind: 'synchronised'; readonly queue: QueueName; readonly durationMs: number }
  | { readonly kind: 'failed'; readonly queue: QueueName; readonly error: ClusterError }
  /** `signal` was aborted while the broker was at it: it goes on, and the queue stays blocked until it is done. */
  | { readonly kind: 'left'; readonly queue: QueueName }
  /** `signal` was aborted before it was asked for. */
  | { readonly kind: 'skipped'; readonly queue: QueueName }

export interface SyncOptions {
  /** How many queues at a time. Each is blocked while it is at it, and the copies share the nodes' memory. Default 1. */
  readonly batch?: number
  /** How long a queue may show no progress. Default 120,000. */
  readonly timeoutMs?: number
  /** Between two looks at a queue. Default 500. */
  readonly pollMs?: number
  readonly onEvent?: (event: SyncEvent) => void
  /** Ends the waiting, not what the broker is doing. */
  readonly signal?: AbortSignal
}

/**
 * Synchronises the mirrors of classic mirrored queues and returns when each queue's every mirror has caught up, or is known
 * not to: one result for each queue, in their order. A queue is blocked for publishers and consumers while it synchronises.
 *
 * A result that failed has QUEUE_SYNC_STOPPED, QUEUE_SYNC_STALLED, QUEUE_SYNC_MIRROR_LOST, QUEUE_UNSUITABLE (not mirrored),
 * QUEUE_UNKNOWN or what the management API answered; the other queues go on. Throws QUEUE_SYNC_UNSUPPORTED from 4.0 on, and
 * MANAGEMENT_FORBIDDEN_OPERATION when the operator has switched it off.
 */
export async function syncQueues(
  client: ManagementClient,
  queues: readonly QueueName[],
  options: SyncOptions = {},
): Promise<SyncResult[]> {
  await requireMirroring(client)
  const { batch = 1, onEvent, signal } = options
  const results: SyncResult[] = []
  let next = 0
  let isForbidden = false
  const work = async (): Promise<void> => {
    for (let index = next++; index < queues.length && !isForbidden; index = next++) {
      const queue = queues[index]
      if (queue === undefined) return
      const result: SyncResult =
        signal?.aborted === true ? { kind: 'skipped', queue } : await syncOne(client, queue, options)
      results[index] = result
      onEvent?.({ kind: 'ended', result })
    }
  }
  const workers = Array.from({ length: Math.min(batch, queues.length) }, async () => {
    try {
      await work()
    } catch (error) {
      isForbidden = true
      throw error
    }
  })
  for (const outcome of await Promise.allSettled(workers)) if (outcome.status === 'rejected') throw outcome.reason
  return results
}

/** Throws QUEUE_SYNC_UNSUPPORTED where there are no mirrored queues. */
export async function requireMirroring(client: ManagementClient): Promise<void> {
  const { version, capabilities } = await brokerOf(client)
  if (capabilities.hasMirroring) return
  throw new ClusterError(
    'QUEUE_SYNC_UNSUPPORTED',
    `RabbitMQ ${version} has no mirrored queues and nothing to synchronise: members of quorum queues catch up by themselves. "warren queues list" shows them, "warren queues grow" adds some; queues that are still classic have one copy alone and are to be declared as quorum queues ("warren definitions export --to-quorum" writes a file of them)`,
    { version },
  )
}

/** Throws only what concerns all queues alike. */
async function syncOne(client: ManagementClient, queue: QueueName, options: SyncOptions): Promise<SyncResult> {
  const { timeoutMs = 120_000, pollMs = 500, onEvent, signal } = options
  const startedAt = performance.now()
  try {
    const placement = placementOf(await client.get<QueueAnswer>(recordPath(queue)))
    if (placement.mirrors.length === 0) throw notMirrored(queue, placement.type)
    if (unsynchronisedMirrors(placement).length > 0) {
      await askFor(client, queue, 'sync')
      onEvent?.({ kind: 'started', queue })
    }
    let watch = startWatch(
      placement.mirrors.map(({ node }) => node),
      performance.now(),
    )
    for (;;) {
      const sight = await look(client, queue)
      if (sight !== undefined) {
        const judged = judge(watch, { ...sight, atMs: performance.now() }, timeoutMs)
        if (judged.watch.copied !== watch.copied) {
          onEvent?.({ kind: 'progress', queue, copied: judged.watch.copied, messages: sight.messages })
        }
        watch = judged.watch
        const { verdict } = judged
        if (verdict.kind === 'synchronised') {
          return { kind: 'synchronised', queue, durationMs: performance.now() - startedAt }
        }
        if (verdict.kind !== 'waiting') throw errorOf(queue, verdict, timeoutMs)
      } else if (performance.now() - watch.progressAtMs >= timeoutMs) {
        throw errorOf(queue, { kind: 'stalled', nodes: [] }, timeoutMs)
      }
      // Nothing announces the end: the queue is asked, never the whole list.
      await pause(pollMs, undefined, { signal }).catch(() => undefined)
      if (signal?.aborted === true) return { kind: 'left', queue }
    }
  } catch (error) {
    if (isClusterError(error, 'MANAGEMENT_FORBIDDEN_OPERATION') || !(error instanceof ClusterError)) throw error
    return { kind: 'failed', queue, error: isClusterError(error, 'MANAGEMENT_NOT_FOUND') ? gone(queue, error) : error }
  }
}

/**
 * Ends the synchronisation of queues that are at it; mirrors that have not caught up stay so, and what was copied to them is
 * dropped. Does nothing to the others. The broker says nothing of what it did. Throws QUEUE_SYNC_UNSUPPORTED,
 * MANAGEMENT_FORBIDDEN_OPERATION, and what the management API answers.
 */
export async function cancelSync(client: ManagementClient, queues: readonly QueueName[]): Promise<void> {
  await requireMirroring(client)
  for (const queue of queues) await askFor(client, queue, 'cancel_sync')
}

/** 204 comes before anything is done, and whatever the queue is. */
async function askFor(client: ManagementClient, queue: QueueName, action: 'sync' | 'cancel_sync'): Promise<void> {
  const command = `rabbitmqctl ${action === 'sync' ? 'sync_queue' : 'cancel_sync_queue'} -p VHOST QUEUE`
  await unlessForbidden(
    'synchronise mirrors',
    `Ask the provider, or run "${command}" where you can`,
    async () => await client.post(api`queues/${queue.vhost}/${queue.name}/actions`, { action }),
  )
}

interface Look {
  readonly mirrors: readonly string[]
  readonly synchronised: readonly string[]
  readonly isSyncing: boolean | undefined
  readonly copied: number | undefined
  readonly messages: number
}

/** Undefined when no node answered this time. */
async function look(client: ManagementClient, queue: QueueName): Promise<Look | undefined> {
  // Statistics answer late while a queue is blocked, and list mirrors as they were: who has caught up is in the record alone.
  const [record, statistics] = await Promise.all([
    unlessSilent(client.get<QueueAnswer>(recordPath(queue))),
    unlessSilent(
      client.get<{ state?: string; sync_messages?: number; messages?: number }>(statisticsPath(queue), {
        timeoutMs: STATISTICS_TIMEOUT_MS,
      }),
    ),
  ])
  if (record === undefined) return undefined
  return {
    mirrors: record.slave_nodes ?? [],
    synchronised: record.synchronised_slave_nodes ?? [],
    isSyncing: statistics === undefined ? undefined : statistics.state === 'syncing',
    copied: statistics?.sync_messages,
    messages: statistics?.messages ?? 0,
  }
}

const recordPath = ({ vhost, name }: QueueName) => api`queues/${vhost}/${name}?disable_stats=true`
const statisticsPath = ({ vhost, name }: QueueName) => api`queues/${vhost}/${name}?columns=state,sync_messages,messages`

function errorOf(
  queue: QueueName,
  verdict: Exclude<SyncVerdict, { kind: 'waiting' | 'synchronised' }>,
  timeoutMs: number,
): ClusterError {
  const { vhost, name } = queue
  const nodes = verdict.nodes.join(', ')
  const details = { vhost, queue: name, nodes: verdict.nodes }
  const seconds = Math.round(timeoutMs / 1000)
  switch (verdict.kind) {
    case 'mirror-lost':
      return new ClusterError(
        'QUEUE_SYNC_MIRROR_LOST',
        `queue ${labelOf(queue)}: its mirror on ${nodes} went while it synchronised; bring the node back, or look at the queue's policy, and synchronise again`,
        details,
      )
    case 'stopped':
      return new ClusterError(
        'QUEUE_SYNC_STOPPED',
        `queue ${labelOf(queue)}: the broker ended the synchronisation, and for ${seconds} s its mirror on ${nodes} has not caught up; somebody cancelled it, or the node's log says why`,
        details,
      )
    case 'stalled':
      return new ClusterError(
        'QUEUE_SYNC_STALLED',
        `queue ${labelOf(queue)}: nothing moved for ${seconds} s, and its mirror on ${nodes} has not caught up; the broker may still be at it: look at alarms and at the node's log, "warren queues cancel-sync" ends it`,
        details,
      )
  }
}

function notMirrored(queue: QueueName, type: string): ClusterError {
  const why =
    type === 'classic' ? 'no policy mirrors it' : `it is a ${type} queue, whose members catch up by themselves`
  return new ClusterError('QUEUE_UNSUITABLE', `queue ${labelOf(queue)} has no mirrors: ${why}`, {
    vhost: queue.vhost,
    queue: queue.name,
  })
}

function gone(queue: QueueName, cause: ClusterError): ClusterError {
  return new ClusterError('QUEUE_UNKNOWN', `there is no queue ${labelOf(queue)} any more`, { ...queue }, cause)
}
