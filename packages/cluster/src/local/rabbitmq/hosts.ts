import { ClusterError } from '../../errors.ts'
import { addressIn, type Subnet } from '../hosts/addresses.ts'
import type { Joining, NodeRecord } from './record.ts'

/** Nodes as hosts of their own, and how they are to become a cluster. */
export interface HostsOptions {
  /** `join-cluster` by default. */
  readonly joining?: Joining
  /** Nodes that keep metadata in memory alone; not the first, and only up to RabbitMQ 4.1. */
  readonly ram?: readonly string[]
}

/** Ports as in a real installation: every host has all of them to itself. */
export const HOST_PORTS = { epmd: 4369, amqp: 5672, amqps: 5671, management: 15672, distribution: 25672 } as const

export function nodeNames(size: number): string[] {
  return Array.from({ length: size }, (_, index) => `n${index + 1}`)
}

export function nodesOnHosts(
  subnet: Subnet,
  names: readonly string[],
  options: HostsOptions,
  hasTls: boolean,
): NodeRecord[] {
  return names.map((name, index) => ({
    name,
    host: { name, address: addressIn(subnet, index + 1) },
    isRam: options.ram?.includes(name) ?? false,
    amqpPort: HOST_PORTS.amqp,
    managementPort: HOST_PORTS.management,
    distributionPort: HOST_PORTS.distribution,
    tlsPort: hasTls ? HOST_PORTS.amqps : undefined,
  }))
}

/** Throws CLUSTER_INVALID or NODE_UNKNOWN for RAM nodes that this cluster cannot have. */
export function checkRam({ ram = [] }: HostsOptions, names: readonly string[], version: string): void {
  const unknown = ram.find((node) => !names.includes(node))
  if (unknown !== undefined) {
    throw new ClusterError('NODE_UNKNOWN', `there will be no node "${unknown}"; there will be ${names.join(', ')}`, {
      node: unknown,
    })
  }
  if (ram.length === 0) return
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 4 || (major === 4 && minor >= 2)) {
    throw new ClusterError(
      'CLUSTER_INVALID',
      `RabbitMQ ${version} keeps its metadata in Khepri, which has no RAM nodes; leave "ram" out`,
    )
  }
  if (names[0] !== undefined && ram.includes(names[0])) {
    throw new ClusterError(
      'CLUSTER_INVALID',
      `${names[0]} founds the cluster and keeps its metadata on disc; only nodes that join can be RAM nodes`,
      { node: names[0] },
    )
  }
}
