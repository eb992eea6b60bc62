import { ClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'

/** Whether the broker measures, and since when what it answers with is measured. */
export interface Sampling {
  /**
   * False when its operator has switched statistics off (`management_agent.disable_metrics_collector`,
   * `management.disable_stats`): lengths of queues can be asked for still, and nothing of before.
   */
  readonly isOn: boolean
  /** Samples of a vhost, and of a queue, are there from then on: nodes keep them in memory, queues' for a shorter time. */
  readonly vhostsSinceMs: number
  readonly queuesSinceMs: number
}

interface Overview {
  readonly disable_stats?: boolean
  readonly sample_retention_policies?: { readonly global?: readonly number[]; readonly basic?: readonly number[] }
}

/** What RabbitMQ keeps unless `management.sample_retention_policies` says otherwise. */
const GLOBAL_SECONDS = [86_400]
const BASIC_SECONDS = [3_600]

/** Two small requests. */
export async function readSampling(client: ManagementClient, nowMs: number = Date.now()): Promise<Sampling> {
  const [{ disable_stats: isOff = false, sample_retention_policies: kept }, uptimeMs] = await Promise.all([
    client.get<Overview>(api`overview?columns=disable_stats,sample_retention_policies`),
    longestUptimeMs(client),
  ])
  const since = (seconds: readonly number[]): number => nowMs - Math.min(Math.max(...seconds) * 1_000, uptimeMs)
  return {
    isOn: !isOff,
    vhostsSinceMs: since(kept?.global ?? GLOBAL_SECONDS),
    queuesSinceMs: since(kept?.basic ?? BASIC_SECONDS),
  }
}

/** Infinity for a user who may not look at nodes (it lacks the tag `monitoring`). */
async function longestUptimeMs(client: ManagementClient): Promise<number> {
  try {
    const nodes = await client.get<readonly { readonly uptime?: number }[]>(api`nodes?columns=uptime`)
    const uptimes = nodes.flatMap(({ uptime }) => (uptime === undefined ? [] : [uptime]))
    return uptimes.length === 0 ? Infinity : Math.max(...uptimes)
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'MANAGEMENT_REFUSED') return Infinity
    throw error
  }
}
