import { ManagementClient, type ManagementMethod } from '../../management/client.ts'
import { rawPath } from '../../management/path.ts'
import { addressOf, type ClusterRecord, type NodeRecord } from './record.ts'

export interface ManagementRequest {
  readonly method?: ManagementMethod
  /** Sent as JSON. */
  readonly body?: unknown
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 5000

export function managementUrl(node: NodeRecord): string {
  return `http://${addressOf(node)}:${node.managementPort}`
}

/** A client of the management API of these nodes; the first that answers serves. */
export function managementOf(cluster: ClusterRecord, nodes: readonly NodeRecord[]): ManagementClient {
  const { credentials } = cluster
  return new ManagementClient({ endpoints: nodes.map(managementUrl), credentials, timeoutMs: TIMEOUT_MS })
}

/** Asks for a path that is encoded already; undefined when the answer has no body. */
export async function askManagement<T>(
  client: ManagementClient,
  path: string,
  request: ManagementRequest = {},
): Promise<T> {
  const { method = 'GET', body, timeoutMs = TIMEOUT_MS } = request
  return (await client.request(method, rawPath(path), body, { timeoutMs })) as T
}
