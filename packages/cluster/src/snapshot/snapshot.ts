import { type Broker, brokerOf } from '../management/broker.ts'
import type { ManagementClient } from '../management/client.ts'
import { listAll } from '../management/pages.ts'
import { api } from '../management/path.ts'
import { type DefinedExchange, type Definitions, DEFINITIONS_TIMEOUT_MS } from './definitions.ts'

export interface FoundVhost {
  readonly name: string
  readonly description?: string
  readonly tags?: readonly string[] | string
  readonly default_queue_type?: string
  readonly protected_from_deletion?: boolean
}

/** All that a plan is made from, read at one time. */
export interface Snapshot {
  readonly broker: Broker
  /** The user that reads, who must not be locked out. */
  readonly user: string
  readonly definitions: Definitions
  readonly vhosts: readonly FoundVhost[]
  /** Internal exchanges that some brokers do not export, by vhost and name. */
  readonly internalExchanges: readonly DefinedExchange[]
  /** Members of quorum queues by vhost and name, of the vhosts where they were asked for. */
  readonly members: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>
}

export interface ReadOptions {
  /** Vhosts whose queues' members matter. */
  readonly membersOf?: readonly string[]
}

/** Reads the broker as it is. Requests only, nothing is changed. */
export async function readSnapshot(client: ManagementClient, options: ReadOptions = {}): Promise<Snapshot> {
  const [broker, whoami, definitions, vhosts] = await Promise.all([
    brokerOf(client),
    client.get<{ readonly name: string }>(api`whoami`),
    client.get<Definitions>(api`definitions`, { timeoutMs: DEFINITIONS_TIMEOUT_MS }),
    client.get<readonly FoundVhost[]>(
      api`vhosts?columns=name,description,tags,default_queue_type,protected_from_deletion&disable_stats=true`,
    ),
  ])
  const names = new Set(vhosts.map(({ name }) => name))
  const members = new Map<string, ReadonlyMap<string, readonly string[]>>()
  for (const vhost of options.membersOf ?? []) {
    if (names.has(vhost)) members.set(vhost, await readMembers(client, vhost))
  }
  const internalExchanges = await readInternalExchanges(client, definitions)
  return { broker, user: whoami.name, definitions, vhosts, internalExchanges, members }
}

async function readMembers(client: ManagementClient, vhost: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const columns = ['name', 'members']
  const queues = await listAll<{ name: string; members?: string[] }>(client, api`queues/${vhost}`, { columns })
  return new Map(queues.flatMap(({ name, members }) => (members === undefined ? [] : [[name, members] as const])))
}

/** Exports leave internal exchanges out on some versions. */
async function readInternalExchanges(
  client: ManagementClient,
  definitions: Definitions,
): Promise<readonly DefinedExchange[]> {
  const columns = ['name', 'vhost', 'type', 'durable', 'auto_delete', 'internal', 'arguments']
  const all = await listAll<DefinedExchange>(client, api`exchanges`, { columns })
  const exported = new Set(definitions.exchanges.map(({ vhost, name }) => JSON.stringify([vhost, name])))
  return all.filter(({ vhost, name, internal }) => internal && !exported.has(JSON.stringify([vhost, name])))
}
