import { ClusterError } from '../errors.ts'
import { brokerOf } from '../management/broker.ts'
import type { ManagementClient } from '../management/client.ts'
import { listAll } from '../management/pages.ts'
import { api } from '../management/path.ts'
import { isPasswordOf } from '../resources/password-hash.ts'
import { readSnapshot } from '../snapshot/snapshot.ts'
import { notToldBy, Parts } from './parts.ts'
import { readFederationLinks, readShovels } from './read-links.ts'
import { readChecks, readNodes } from './read-nodes.ts'
import { readQueues } from './read-queues.ts'
import type { ConnectionReading, NotRead, Reading, UserReading } from './reading.ts'

export interface HealthOptions {
  /** Tries to log in as guest with the password that everybody knows, once. Default false. */
  readonly probeGuest?: boolean
  /** `cluster_partition_handling`, where the caller knows it: the management API does not tell. */
  readonly partitionHandling?: string
}

const GUEST = { username: 'guest', password: 'guest' }

/**
 * Reads how a cluster is, of any version and with any user; requests only, nothing is changed. What the version, its plugins
 * or the user's tags do not give is told in `notRead`. Health checks are those of the nodes at the client's endpoints. Throws
 * what a ManagementClient throws when the broker as such cannot be read.
 */
export async function readHealth(client: ManagementClient, options: HealthOptions = {}): Promise<Reading> {
  const broker = await brokerOf(client)
  const parts = new Parts()
  const [nodes, failedChecks, users, queues, connections, snapshot, features, federation, shovels, doesGuestLogIn] =
    await Promise.all([
      parts.read('nodes', readNodes(client)),
      readChecks(client, parts),
      parts.read('users', readUsers(client)),
      parts.read('queues', readQueues(client)),
      parts.read('connections', readConnections(client)),
      parts.read('definitions', readSnapshot(client)),
      parts.read('deprecated features', readDeprecatedFeatures(client)),
      parts.read('federation links', readFederationLinks(client)),
      parts.read('shovels', readShovels(client)),
      options.probeGuest === true ? parts.read('the login of guest', logsIn(client.as(GUEST))) : undefined,
    ])
  const partitionHandling = broker.metadataStore === 'khepri' ? undefined : options.partitionHandling
  const isUntold = broker.metadataStore !== 'khepri' && broker.nodes.length > 1 && partitionHandling === undefined
  return {
    endpoint: client.endpoint,
    broker,
    nodes,
    failedChecks,
    partitionHandling,
    deprecatedFeaturesUsed: features,
    users,
    doesGuestLogIn,
    queues,
    connections,
    links: [...(federation ?? []), ...(shovels ?? [])],
    snapshot,
    notRead: [...notToldBy(broker), ...parts.notRead, ...(isUntold ? [untoldPartitionHandling] : [])],
  }
}

const untoldPartitionHandling: NotRead = {
  part: 'partition handling',
  kind: 'unreadable',
  reason: 'no management API tells cluster_partition_handling',
}

interface UserAnswer {
  readonly name: string
  readonly password_hash?: string
  readonly hashing_algorithm?: string
  /** A comma-separated text on older brokers. */
  readonly tags: readonly string[] | string
}

async function readUsers(client: ManagementClient): Promise<readonly UserReading[]> {
  const users = await client.get<readonly UserAnswer[]>(api`users`)
  return users.map(({ name, password_hash: hash = '', hashing_algorithm: algorithm, tags }) => ({
    name,
    tags: typeof tags === 'string' ? tags.split(',').filter((tag) => tag !== '') : tags,
    hasPassword: hash !== '',
    hasDefaultPassword: isPasswordOf(hash, GUEST.password, algorithm ?? 'rabbit_password_hashing_sha256'),
  }))
}

async function readConnections(client: ManagementClient): Promise<readonly ConnectionReading[]> {
  const columns = ['name', 'user', 'state']
  const all = await listAll<Partial<ConnectionReading>>(client, api`connections`, { columns, disableStats: false })
  return all.map(({ name = '', user = '', state }) => ({ name, user, state }))
}

async function readDeprecatedFeatures(client: ManagementClient): Promise<readonly string[]> {
  const features = await client.get<readonly { readonly name: string }[]>(api`deprecated-features/used`)
  return features.map(({ name }) => name)
}

async function logsIn(client: ManagementClient): Promise<boolean> {
  try {
    await client.get(api`whoami`)
    return true
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'MANAGEMENT_REFUSED') return false
    throw error
  }
}
