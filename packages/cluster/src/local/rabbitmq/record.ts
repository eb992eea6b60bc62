import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account } from '../account.ts'
import { loopback } from '../hosts/host.ts'
import type { Network } from '../hosts/network.ts'
import type { RabbitmqInstallation } from '../install/rabbitmq.ts'
import { writeAtomically } from '../processes/server.ts'

/** What stays the same while a cluster lives, in `cluster.json` of its folder. Processes are recorded beside it. */
export interface ClusterRecord {
  readonly name: string
  readonly folder: string
  readonly createdAt: string
  readonly installation: RabbitmqInstallation
  readonly account: Account | undefined
  readonly credentials: Credentials
  readonly epmdPort: number
  readonly plugins: readonly string[]
  /** Lines for rabbitmq.conf that the caller asked for. */
  readonly config: readonly string[]
  readonly isPeerVerified: boolean | undefined
  /** Set when nodes are hosts of their own. */
  readonly network?: Network | undefined
  readonly joining?: Joining | undefined
  /** Beside the administrator of `credentials`. */
  readonly users?: readonly UserRecord[]
  readonly nodes: readonly NodeRecord[]
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/**
 * How nodes become a cluster. `peer-discovery`: each looks for the others when it first starts. `join-cluster`: each is
 * founded alone, and all but the first are told to give that up and join (`stop_app`, `reset`, `join_cluster`, `start_app`).
 */
export type Joining = 'join-cluster' | 'peer-discovery'

export interface UserRecord extends Credentials {
  readonly tags: readonly string[]
}

export interface NodeRecord {
  readonly name: string
  /** Where it lives and what that is called, when nodes are hosts of their own. */
  readonly host?: { readonly name: string; readonly address: string }
  readonly isRam?: boolean
  readonly amqpPort: number
  readonly managementPort: number
  readonly distributionPort: number
  /** Set when the cluster was started with `tls`. */
  readonly tlsPort: number | undefined
}

export async function writeClusterRecord(record: ClusterRecord): Promise<void> {
  await writeAtomically(join(record.folder, 'cluster.json'), JSON.stringify(record, null, 2))
}

export async function readClusterRecord(folder: string): Promise<ClusterRecord | undefined> {
  const text = await readFile(join(folder, 'cluster.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ClusterRecord)
}

/** The Erlang name; every cluster has an epmd of its own, so that clusters may use the same names. */
export function erlangName(node: Pick<NodeRecord, 'name' | 'host'>): string {
  return node.host ? `rabbit@${node.host.name}` : `${node.name}@localhost`
}

/** Where clients find the node. */
export function addressOf(node: Pick<NodeRecord, 'host'>): string {
  return node.host?.address ?? loopback.address
}

/** Where things of a node are. */
export interface NodePaths {
  readonly folder: string
  readonly data: string
  readonly logs: string
  readonly logFile: string
  /** What the node prints before it can open its log. */
  readonly outputFile: string
  readonly config: string
  readonly plugins: string
  /** HOME of the node and its tools when it is a host of its own, with its copy of the cookie. */
  readonly home: string
  /** What it has for /etc/hosts then. */
  readonly hosts: string
}

export function nodePaths(record: Pick<ClusterRecord, 'folder'>, node: Pick<NodeRecord, 'name'>): NodePaths {
  const folder = join(record.folder, node.name)
  return {
    folder,
    data: join(folder, 'data'),
    logs: join(folder, 'log'),
    logFile: join(folder, 'log', 'rabbit.log'),
    outputFile: join(folder, 'output.log'),
    config: join(folder, 'rabbitmq.conf'),
    plugins: join(folder, 'enabled_plugins'),
    home: join(folder, 'home'),
    hosts: join(folder, 'hosts'),
  }
}

/** Where things of the whole cluster are. */
export interface ClusterPaths {
  /** HOME of every node and tool that share this machine: the cookie is in it. */
  readonly home: string
  readonly temporary: string
  readonly tls: string
}

export function clusterPaths(folder: string): ClusterPaths {
  return {
    home: join(folder, 'home'),
    temporary: join(folder, 'tmp'),
    tls: join(folder, 'tls'),
  }
}
