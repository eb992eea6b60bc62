import { brokerOf } from '../management/broker.ts'
import type { ManagementClient } from '../management/client.ts'
import { isManagementError } from '../errors.ts'
import { api } from '../management/path.ts'
import type { ImportTarget } from './check-import.ts'

interface NodeAnswer {
  readonly running: boolean
  readonly applications?: readonly { readonly name: string }[]
}

/** What the broker is, as far as an import depends on it. Requests that change nothing. */
export async function importTargetOf(client: ManagementClient): Promise<ImportTarget & { readonly nodes: number }> {
  const [broker, whoami, nodes] = await Promise.all([
    brokerOf(client),
    client.get<{ readonly name: string }>(api`whoami`),
    orUnknown(client.get<readonly NodeAnswer[]>(api`nodes?columns=running,applications`)),
  ])
  const { version, exchangeTypes } = broker
  const plugins = (nodes ?? []).flatMap(({ applications = [] }) => applications.map(({ name }) => name))
  return {
    version,
    exchangeTypes,
    user: whoami.name,
    nodes: broker.nodes.length,
    // Nodes tell of their applications once every 5 s; a node that was asked before has none.
    ...(plugins.includes('rabbit') ? { plugins: new Set(plugins) } : {}),
    denied: broker.deniedFeatures,
  }
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
