import { type Host, loopback, namespaceHost } from '../hosts/host.ts'
import { namespaceOf } from '../hosts/layout.ts'
import { type ClusterRecord, clusterPaths, nodePaths, type NodeRecord } from './record.ts'

/** Where a node lives, and how its processes and tools get there. */
export function hostOf(cluster: ClusterRecord, node: NodeRecord): Host {
  if (!cluster.network || !node.host) return loopback
  return namespaceHost({
    ...node.host,
    namespace: namespaceOf(cluster.network, node.name),
    hostsFile: nodePaths(cluster, node).hosts,
  })
}

/** Every host of a cluster once. */
export function hostsOf(cluster: ClusterRecord): Host[] {
  return cluster.network ? cluster.nodes.map((node) => hostOf(cluster, node)) : [loopback]
}

/** The HOME of a node and of its tools, where Erlang looks for the cookie: hosts have a copy each. */
export function homeOf(cluster: ClusterRecord, node: NodeRecord): string {
  return node.host ? nodePaths(cluster, node).home : clusterPaths(cluster.folder).home
}

/** The text of a host's /etc/hosts: nodes find each other by name, and a name must mean the same on all of them. */
export function hostsFile(cluster: ClusterRecord): string {
  const others = cluster.nodes.map(({ host }) => host && `${host.address} ${host.name}`)
  return ['127.0.0.1 localhost', '::1 localhost', ...others.filter((line) => line !== undefined), ''].join('\n')
}
