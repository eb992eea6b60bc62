import { isClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api, withQuery } from '../management/path.ts'
import { redactText } from '../redaction/redact.ts'

/** A client of any protocol. What clients tell of themselves is left out but for a name, which is masked where it has a secret. */
export interface Connection {
  /** As the broker calls it: `10.0.0.7:51234 -> 10.0.0.1:5672`. */
  readonly name: string
  /** As its client calls itself; undefined where it does not. */
  readonly ownName: string | undefined
  readonly user: string | undefined
  readonly vhost: string | undefined
  /** `10.0.0.7:51234`; undefined where the broker does not tell it. */
  readonly peer: string | undefined
  readonly node: string | undefined
  readonly channels: number | undefined
  /** `running`, `blocked`, `flow`, … */
  readonly state: string | undefined
  readonly protocol: string | undefined
  readonly isTls: boolean
  readonly connectedAtMs: number | undefined
}

export interface ConnectionPage {
  readonly connections: readonly Connection[]
  /** From 1. Another than was asked for where there are no longer so many. */
  readonly page: number
  readonly pages: number
  /** How many there are, with this text in their name. */
  readonly count: number
}

export interface ConnectionFilter {
  /** From 1. */
  readonly page: number
  /** At most 500. */
  readonly pageSize: number
  /** A text in the name that the broker gives it. */
  readonly name?: string
}

interface Answer {
  readonly name: string
  readonly user_provided_name?: string
  readonly user?: string
  readonly vhost?: string
  readonly peer_host?: string
  readonly peer_port?: number
  readonly node?: string
  readonly channels?: number
  readonly state?: string
  readonly protocol?: string
  readonly ssl?: boolean
  readonly connected_at?: number
}

interface PageAnswer {
  readonly items: readonly Answer[]
  readonly page: number
  readonly page_count: number
  readonly filtered_count: number
}

const columns = [
  ...['name', 'user_provided_name', 'user', 'vhost', 'peer_host', 'peer_port', 'node', 'channels', 'state'],
  ...['protocol', 'ssl', 'connected_at'],
].join(',')

/** One page of the connections of all vhosts: a broker pages no list of one vhost alone (3.10). Up to 5 s old. */
export async function listConnections(client: ManagementClient, filter: ConnectionFilter): Promise<ConnectionPage> {
  const { page, pageSize, name } = filter
  const query = { page, page_size: pageSize, pagination: true, name: name === '' ? undefined : name, columns }
  try {
    const answer = await client.get<PageAnswer>(withQuery(api`connections`, query))
    return {
      connections: answer.items.map(connectionOf),
      page: answer.page,
      pages: answer.page_count,
      count: answer.filtered_count,
    }
  } catch (error) {
    // A page beyond the last is an error to the broker: connections have gone since the one before was read.
    if (page > 1 && isClusterError(error, 'MANAGEMENT_FAILED') && error.details['status'] === 400)
      return await listConnections(client, { ...filter, page: 1 })
    throw error
  }
}

function connectionOf(answer: Answer): Connection {
  const { name, user_provided_name: ownName, peer_host: host, peer_port: port } = answer
  return {
    name: redactText(name),
    ownName: ownName === undefined ? undefined : redactText(ownName),
    user: answer.user,
    vhost: answer.vhost,
    peer: host === undefined ? undefined : port === undefined ? host : `${host}:${port}`,
    node: answer.node,
    channels: answer.channels,
    state: answer.state,
    protocol: answer.protocol,
    isTls: answer.ssl === true,
    connectedAtMs: answer.connected_at,
  }
}
