import { brokerOf } from '../management/broker.ts'
import type { ManagementClient } from '../management/client.ts'
import { isManagementError } from '../errors.ts'
import { api } from '../management/path.ts'
import type { ImportTarget } from './check-import.ts'

/** What a node has last told of itself, which it does every 5 s. */
export interface NodeAnswer {
  readonly running: boolean
  /** Milliseconds. */
  readonly uptime?: number
  readonly applications?: readonly { readonly name: string }[]
}

/** A node tells of itself while its plugins are still being started, one after the other. */
const STARTING_MS = 15_000

/** What the broker is, as far as an import depends on it. Requests that change nothing. */
export async function importTargetOf(client: ManagementClient): Promise<ImportTarget & { readonly nodes: number }> {
  const [broker, whoami, nodes] = await Promise.all([
    brokerOf(client),
    client.get<{ readonly name: string }>(api`whoami`),
    orUnknown(client.get<readonly NodeAnswer[]>(api`nodes?columns=running,uptime,applications`)),
  ])
  const { version, exchangeTypes } = broker
  const plugins = pluginsOf(nodes ?? [])
  return {
    version,
    exchangeTypes,
    user: whoami.name,
    nodes: broker.nodes.length,
    ...(plugins === undefined ? {} : { plugins }),
    denied: broker.deniedFeatures,
  }
}

/** Those of all nodes; undefined as long as it is not known: before the first of them has told, and while one is starting. */
export function pluginsOf(nodes: readonly NodeAnswer[]): ReadonlySet<string> | undefined {
  const plugins = new Set(nodes.flatMap(({ applications = [] }) => applications.map(({ name }) => name)))
  const isStarting = nodes.some(({ running, uptime = 0 }) => running && uptime < STARTING_MS)
  return plugins.has('rabbit') && !isStarting ? plugins : undefined
}

/** Undefined for any answer that is an error: a user may not be let see nodes, and an import can do without. */
async function orUnknown<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isManagementError(error) && error.code !== 'MANAGEMENT_UNREACHABLE') return undefined
    throw error
  }
}
