import { randomUUID } from 'node:crypto'
import { ClusterError, isClusterError } from '../../errors.ts'
import { ManagementClient, type ManagementOptions } from '../../management/client.ts'
import { restoreNetwork } from '../hosts/network.ts'
import { heal, part, sides } from '../hosts/partition.ts'
import type { Network } from '../hosts/network.ts'
import { loopback } from '../hosts/host.ts'
import { lastLines } from '../processes/command.ts'
import { stateOf } from '../processes/identity.ts'
import { releaseFromOwner } from '../processes/owner.ts'
import { removePlace } from '../processes/place.ts'
import { findServer } from '../processes/server.ts'
import { startEpmd } from './epmd.ts'
import { type ClusterNode, describeNode } from './cluster-node.ts'
import { askManagement, managementOf, type ManagementRequest } from './management.ts'
import {
  killNode,
  nodeLog,
  type NodeState,
  nodeState,
  pauseNode,
  resumeNode,
  runTool,
  startNode,
  stopNode,
} from './node.ts'
import type { ClusterRecord, Credentials, NodeRecord, UserRecord } from './record.ts'

export interface NodeStatus extends ClusterNode {
  readonly state: NodeState
  readonly pid: number | undefined
}

export interface ClusterStatus {
  readonly name: string
  readonly version: string
  readonly folder: string
  readonly createdAt: Date
  readonly kind: ClusterKind
  /** What its nodes' addresses are from: `198.18.5.0/24`, or `127.0.0.1`. */
  readonly addresses: string
  /** Set while hosts are parted from each other: who still reaches whom. */
  readonly sides: readonly (readonly string[])[] | undefined
  readonly nodes: readonly NodeStatus[]
}

/** Nodes share this machine's loopback interface, or each is a host in a network namespace. */
export type ClusterKind = 'loopback' | 'hosts'

export interface Vhost {
  readonly name: string
  /** One URL for each node, with user name and password. */
  readonly amqpUrls: readonly string[]
}

const READY_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 60_000

/**
 * A cluster of private RabbitMQ nodes on this machine. It holds no state of its own: several processes may have the same
 * cluster in hand, and each sees what the others did. Methods that take node names act on all of them when none is given,
 * and throw NODE_UNKNOWN for a name that is not in the cluster.
 */
export class Cluster {
  readonly name: string
  readonly version: string
  readonly folder: string
  readonly kind: ClusterKind
  readonly credentials: Credentials
  /** Those that were asked for, beside the administrator of `credentials`. */
  readonly users: readonly UserRecord[]
  readonly nodes: readonly ClusterNode[]
  readonly #record: ClusterRecord

  constructor(record: ClusterRecord) {
    this.#record = record
    this.name = record.name
    this.version = record.installation.version
    this.folder = record.folder
    this.kind = record.network ? 'hosts' : 'loopback'
    this.credentials = record.credentials
    this.users = record.users ?? []
    this.nodes = record.nodes.map((node) => describeNode(record, node))
  }

  /** The AMQP URL of every node, for the default vhost. */
  get amqpUrls(): readonly string[] {
    return this.nodes.map((node) => node.amqpUrl)
  }

  /** What the clients of a node see. */
  node(name: string): ClusterNode {
    return describeNode(this.#record, this.#find(name))
  }

  async state(node: string): Promise<NodeState> {
    return await nodeState(this.#record, this.#find(node))
  }

  /** The process id of a live node. */
  async pid(node: string): Promise<number | undefined> {
    const identity = await findServer(this.folder, this.#find(node).name)
    return (await stateOf(identity)) === 'ended' ? undefined : identity?.pid
  }

  /** Every node with its state and process id; what other processes did is seen, what died is `stopped`. */
  async status(): Promise<ClusterStatus> {
    const nodes = this.nodes.map(async (node) => ({
      ...node,
      state: await this.state(node.name),
      pid: await this.pid(node.name),
    }))
    return {
      name: this.name,
      version: this.version,
      folder: this.folder,
      createdAt: new Date(this.#record.createdAt),
      kind: this.kind,
      addresses: this.#record.network ? `${this.#record.network.subnet}.0/24` : loopback.address,
      sides: await this.sides(),
      nodes: await Promise.all(nodes),
    }
  }

  /** SIGKILL: the nodes are gone when it resolves, with no chance to say goodbye. Their data stays. */
  async kill(...nodes: string[]): Promise<void> {
    await this.#each(nodes, (node) => killNode(this.#record, node))
  }

  /** Ends the nodes in an orderly way, also paused ones. Throws NODE_STOP_FAILED after a minute. */
  async stop(...nodes: string[]): Promise<void> {
    await this.#each(nodes, (node) => stopNode(this.#record, node, STOP_TIMEOUT_MS))
  }

  /** Starts nodes that are not running, with the data they had, and waits until they serve. Throws NODE_START_FAILED. */
  async start(...nodes: string[]): Promise<void> {
    if (this.#record.network) await restoreNetwork(this.folder, this.#record.network)
    await startEpmd(this.#record)
    // At once, not one after the other: a node that was not the last to stop waits for the one that was.
    await this.#each(nodes, (node) => startNode(this.#record, node, READY_TIMEOUT_MS))
  }

  /** SIGSTOP: connections stay open, nothing answers. Throws NODE_STOPPED. */
  async pause(...nodes: string[]): Promise<void> {
    await this.#each(nodes, (node) => pauseNode(this.#record, node))
  }

  /** SIGCONT. Throws NODE_STOPPED. */
  async resume(...nodes: string[]): Promise<void> {
    await this.#each(nodes, (node) => resumeNode(this.#record, node))
  }

  /**
   * Parts hosts from each other: `partition(['n1', 'n2'], ['n3'])`. What one side sends to another is dropped in silence,
   * both ways, also on open connections; nodes on no side form one more. This machine still reaches all of them. Replaces an
   * earlier partition. Returns the sides. Throws HOSTS_REQUIRED, NODE_UNKNOWN, CLUSTER_INVALID, HOSTS_UNAVAILABLE.
   */
  async partition(...given: (readonly string[])[]): Promise<readonly (readonly string[])[]> {
    return await part(this.#network(), given)
  }

  /** Lets all hosts reach each other again. What nodes made of the partition is theirs to mend. Throws HOSTS_REQUIRED. */
  async heal(): Promise<void> {
    await heal(this.#network())
  }

  /** Who reaches whom while hosts are parted; undefined otherwise, and to whom may not look (that takes root). */
  async sides(): Promise<readonly (readonly string[])[] | undefined> {
    if (!this.#record.network) return undefined
    try {
      const found = await sides(this.#record.network)
      return found.length > 1 ? found : undefined
    } catch (error) {
      // The network is gone as well after a reboot, until the nodes are started again.
      if (isClusterError(error, 'COMMAND_FAILED')) return undefined
      throw error
    }
  }

  /** The last `lines` (all by default) of what a node logged; `node(name).logFile` is the file, to follow it. */
  async logs(node: string, lines: number = Number.MAX_SAFE_INTEGER): Promise<string> {
    return lastLines(await nodeLog(this.#record, this.#find(node)), lines)
  }

  /** Runs `rabbitmqctl` on a node and returns what it prints. Throws COMMAND_FAILED. */
  async ctl(node: string, ...args: string[]): Promise<string> {
    return await this.tool('rabbitmqctl', node, ...args)
  }

  /** Runs another tool of the installation, such as `rabbitmq-queues`, on a node. Throws COMMAND_FAILED. */
  async tool(tool: string, node: string, ...args: string[]): Promise<string> {
    return await runTool(this.#record, this.#find(node), tool, args)
  }

  /**
   * Asks the management API (`vhosts/%2f`) of the first running node that answers. Throws what a ManagementClient throws:
   * MANAGEMENT_UNREACHABLE when none answers.
   */
  async management<T = unknown>(path: string, request: ManagementRequest = {}): Promise<T> {
    const states = await Promise.all(this.#record.nodes.map((node) => nodeState(this.#record, node)))
    const isUp = (_: NodeRecord, index: number): boolean => states[index] === 'running' || states[index] === 'starting'
    const nodes = this.#record.nodes.filter(isUp)
    if (nodes.length > 0) return await askManagement<T>(managementOf(this.#record, nodes), path, request)
    throw new ClusterError('MANAGEMENT_UNREACHABLE', `no node of cluster "${this.name}" is running; start one`, {
      cluster: this.name,
    })
  }

  /** A client of the management API of all nodes, also of those that are down now. */
  managementClient(options: Omit<ManagementOptions, 'endpoints' | 'credentials'> = {}): ManagementClient {
    const endpoints = this.nodes.map((node) => node.managementUrl)
    return new ManagementClient({ ...options, endpoints, credentials: this.credentials })
  }

  /** Creates a vhost, by default under a name that no other has. */
  async createVhost(name: string = `test-${randomUUID().slice(0, 13)}`): Promise<Vhost> {
    await this.management(`vhosts/${encodeURIComponent(name)}`, { method: 'PUT', body: {}, timeoutMs: 30_000 })
    // The creator gets permissions by itself only from some versions on.
    const permissions = { configure: '.*', write: '.*', read: '.*' }
    await this.management(`permissions/${encodeURIComponent(name)}/${this.credentials.username}`, {
      method: 'PUT',
      body: permissions,
    })
    return { name, amqpUrls: this.nodes.map((node) => `${node.amqpUrl}/${encodeURIComponent(name)}`) }
  }

  /** Removes a vhost with all that is in it; its connections are closed. */
  async deleteVhost(name: string): Promise<void> {
    await this.management(`vhosts/${encodeURIComponent(name)}`, { method: 'DELETE', timeoutMs: 30_000 })
  }

  /** Lets the cluster outlive the process that it was bound to. */
  async release(): Promise<void> {
    await releaseFromOwner(this.folder)
  }

  /** Ends all nodes at once and removes their data. Safe to call twice. */
  async down(): Promise<void> {
    await removePlace(this.folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
  }

  #network(): Network {
    if (this.#record.network) return this.#record.network
    throw new ClusterError(
      'HOSTS_REQUIRED',
      `the nodes of cluster "${this.name}" share one loopback interface and cannot be parted; start a cluster with hosts ("warren cluster up --hosts")`,
      { cluster: this.name },
    )
  }

  #find(name: string): NodeRecord {
    const node = this.#record.nodes.find((candidate) => candidate.name === name)
    if (node) return node
    const known = this.#record.nodes.map((candidate) => candidate.name).join(', ')
    throw new ClusterError('NODE_UNKNOWN', `cluster "${this.name}" has no node "${name}"; it has ${known}`, {
      cluster: this.name,
      node: name,
    })
  }

  async #each(names: readonly string[], act: (node: NodeRecord) => Promise<void>): Promise<void> {
    const chosen = names.length === 0 ? this.#record.nodes : names.map((name) => this.#find(name))
    await Promise.all(chosen.map(act))
  }
}
