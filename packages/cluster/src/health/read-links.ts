import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import { redactText } from '../redaction/redact.ts'
import type { LinkReading } from './reading.ts'
import { readUntoldShovels } from './untold-shovels.ts'

interface FederationLink {
  readonly vhost: string
  readonly upstream: string
  readonly id?: string
  readonly node?: string
  readonly exchange?: string
  readonly queue?: string
  readonly status: string
  readonly error?: unknown
}

interface Shovel {
  readonly vhost?: string
  readonly name: string
  readonly node?: string
  readonly state: string
  readonly reason?: unknown
}

/** Throws MANAGEMENT_NOT_FOUND unless rabbitmq_federation_management is enabled. */
export async function readFederationLinks(client: ManagementClient): Promise<readonly LinkReading[]> {
  const links = await client.get<readonly FederationLink[]>(api`federation-links`)
  return links.map(({ vhost, upstream, id, node, exchange, queue, status, error }) => ({
    kind: 'federation link',
    vhost,
    name: `${upstream} → ${exchange ?? queue ?? ''}`,
    upstream,
    id,
    node,
    state: status,
    reason: reasonText(error),
  }))
}

/**
 * Those that nodes tell of, and those that are defined and no node tells of. Throws MANAGEMENT_NOT_FOUND unless
 * rabbitmq_shovel_management is enabled.
 */
export async function readShovels(client: ManagementClient): Promise<readonly LinkReading[]> {
  const shovels = await client.get<readonly Shovel[]>(api`shovels`)
  const told = shovels.map(({ vhost = '/', name, node, state, reason }): LinkReading => ({
    kind: 'shovel',
    vhost,
    name,
    upstream: undefined,
    id: undefined,
    node,
    state,
    reason: reasonText(reason),
  }))
  return [...told, ...(await readUntoldShovels(client, told))]
}

/** Plugins print Erlang terms, with whatever is in them. */
function reasonText(reason: unknown): string | undefined {
  if (reason === undefined || reason === null) return undefined
  const text = typeof reason === 'string' ? reason : JSON.stringify(reason)
  return redactText(text).replace(/\s+/g, ' ').slice(0, 300)
}
