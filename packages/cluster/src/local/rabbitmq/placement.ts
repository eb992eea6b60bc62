import { createNetwork } from '../hosts/network.ts'
import { freePorts } from '../processes/ports.ts'
import type { Progress } from '../progress.ts'
import { readRecords } from './find.ts'
import { HOST_PORTS, type HostsOptions, nodesOnHosts } from './hosts.ts'
import type { ClusterRecord } from './record.ts'

export interface PlacementOptions {
  readonly home: string
  readonly folder: string
  readonly names: readonly string[]
  readonly hosts?: HostsOptions
  readonly hasTls: boolean
  readonly onProgress: Progress
}

/** Where the nodes of a cluster live, and how they are to find each other. */
export type PlacedNodes = Pick<ClusterRecord, 'epmdPort' | 'nodes' | 'network' | 'joining'>

/** Finds ports for the nodes, or makes a network of hosts for them. Throws PORTS_EXHAUSTED, or what `createNetwork` throws. */
export async function placeNodes(options: PlacementOptions): Promise<PlacedNodes> {
  return options.hosts ? await onHosts(options, options.hosts) : await onLoopback(options)
}

async function onHosts(options: PlacementOptions, hosts: HostsOptions): Promise<PlacedNodes> {
  const { names, hasTls } = options
  const network = await createNetwork({ ...options, hosts: names })
  return {
    network,
    joining: hosts.joining ?? 'join-cluster',
    epmdPort: HOST_PORTS.epmd,
    nodes: nodesOnHosts(network.subnet, names, hosts, hasTls),
  }
}

async function onLoopback({ home, names, hasTls }: PlacementOptions): Promise<PlacedNodes> {
  const portsPerNode = hasTls ? 4 : 3
  const [epmdPort = 0, ...ports] = await freePorts(1 + names.length * portsPerNode, await portsInUse(home))
  return {
    epmdPort,
    nodes: names.map((name, index) => {
      const [amqpPort = 0, managementPort = 0, distributionPort = 0, tlsPort] = ports.slice(index * portsPerNode)
      return { name, amqpPort, managementPort, distributionPort, tlsPort: hasTls ? tlsPort : undefined }
    }),
  }
}

/** Ports of stopped nodes too: they will want them back. */
async function portsInUse(home: string): Promise<Set<number>> {
  const records = await readRecords(home)
  return new Set(
    records.flatMap((record) => [
      record.epmdPort,
      ...record.nodes.flatMap((node) => [
        node.amqpPort,
        node.managementPort,
        node.distributionPort,
        ...(node.tlsPort === undefined ? [] : [node.tlsPort]),
      ]),
    ]),
  )
}
