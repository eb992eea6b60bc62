import { ClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api, rawPath } from '../management/path.ts'
import { redactText } from '../redaction/redact.ts'
import type { Parts } from './parts.ts'
import type { FailedCheck, NodeReading, Usage } from './reading.ts'

interface NodeAnswer {
  readonly name: string
  readonly running: boolean
  readonly type?: 'disc' | 'ram'
  /** From 3.11. */
  readonly being_drained?: boolean
  readonly partitions?: readonly string[]
  readonly mem_alarm?: boolean
  readonly disk_free_alarm?: boolean
  readonly mem_used?: number
  readonly mem_limit?: number
  readonly disk_free?: number | string
  readonly disk_free_limit?: number | string
  readonly fd_used?: number
  readonly fd_total?: number
  readonly sockets_used?: number
  readonly sockets_total?: number
  readonly proc_used?: number
  readonly proc_total?: number
  readonly net_ticktime?: number
}

const columns = [
  'name,running,type,being_drained,partitions,mem_alarm,disk_free_alarm,mem_used,mem_limit,disk_free,disk_free_limit',
  'fd_used,fd_total,sockets_used,sockets_total,proc_used,proc_total,net_ticktime',
].join()

export async function readNodes(client: ManagementClient): Promise<readonly NodeReading[]> {
  const nodes = await client.get<readonly NodeAnswer[]>(rawPath(`nodes?columns=${columns}`))
  return nodes.map(nodeReading)
}

function nodeReading(node: NodeAnswer): NodeReading {
  const { disk_free: freeBytes, disk_free_limit: limitBytes } = node
  return {
    name: node.name,
    isRunning: node.running,
    type: node.type,
    isInMaintenance: node.being_drained === true,
    hasMemoryAlarm: node.mem_alarm === true,
    hasDiskAlarm: node.disk_free_alarm === true,
    partitions: node.partitions ?? [],
    memory: usage(node.mem_used, node.mem_limit),
    // A node that cannot find out tells a word in the place of a number.
    disk: typeof freeBytes === 'number' && typeof limitBytes === 'number' ? { freeBytes, limitBytes } : undefined,
    descriptors: usage(node.fd_used, node.fd_total),
    sockets: usage(node.sockets_used, node.sockets_total),
    processes: usage(node.proc_used, node.proc_total),
    netTicktimeSeconds: typeof node.net_ticktime === 'number' ? node.net_ticktime : undefined,
  }
}

/** Newer versions count no sockets: their limit is 0. */
function usage(used: number | undefined, limit: number | undefined): Usage | undefined {
  return typeof used === 'number' && typeof limit === 'number' && limit > 0 ? { used, limit } : undefined
}

/** Checks that tell something beside what `/nodes` tells. Which ones there are differs by version. */
const checks = [
  'virtual-hosts',
  'node-is-quorum-critical',
  'node-is-mirror-sync-critical',
  'quorum-queues-without-elected-leaders/all-vhosts',
  'is-in-service',
  'metadata-store/initialized',
  'certificate-expiration/1/months',
] as const

/** What the nodes at the client's endpoints say of themselves; of other nodes nothing is asked. */
export async function readChecks(client: ManagementClient, parts: Parts): Promise<readonly FailedCheck[]> {
  const failed = client.each().map(async (endpoint) => {
    const where = endpoint.endpoints[0] ?? ''
    const part = `the health checks of ${where}`
    const overview = endpoint.get<{ readonly node: string }>(api`overview?disable_stats=true&columns=node`)
    const node = (await parts.read(part, overview))?.node
    if (node === undefined) return []
    const answers = checks.map((check) => parts.read(`${part} (${check})`, reasonOf(endpoint, check)))
    const reasons = await Promise.all(answers)
    return checks.flatMap((check, index) => {
      const reason = reasons[index]
      return reason === undefined || reason === null ? [] : [{ check, node, reason }]
    })
  })
  return (await Promise.all(failed)).flat()
}

/** Why the check has failed; null when it has not. */
async function reasonOf(client: ManagementClient, check: string): Promise<string | null> {
  try {
    await client.get(rawPath(`health/checks/${check}`))
    return null
  } catch (error) {
    if (!(error instanceof ClusterError) || error.details['status'] !== 503) throw error
    return redactText(String(error.details['reason']))
  }
}
