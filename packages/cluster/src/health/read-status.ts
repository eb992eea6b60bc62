import { type Broker, brokerOf } from '../management/broker.ts'
import type { ManagementClient } from '../management/client.ts'
import { notToldBy, Parts } from './parts.ts'
import { readFederationLinks, readShovels } from './read-links.ts'
import { readNodes } from './read-nodes.ts'
import type { LinkReading, NodeReading, NotRead } from './reading.ts'

/** Nodes and links of a cluster; what could not be read is undefined and told in `notRead`. */
export interface StatusReading {
  readonly endpoint: string
  readonly broker: Broker
  readonly nodes: readonly NodeReading[] | undefined
  readonly links: readonly LinkReading[] | undefined
  readonly notRead: readonly NotRead[]
}

/** The part of `readHealth` that is cheap on any cluster: no queue is looked at. Throws what a ManagementClient throws. */
export async function readStatus(client: ManagementClient): Promise<StatusReading> {
  const parts = new Parts()
  const [broker, nodes, federation, shovels] = await Promise.all([
    brokerOf(client),
    parts.read('nodes', readNodes(client)),
    parts.read('federation links', readFederationLinks(client)),
    parts.read('shovels', readShovels(client)),
  ])
  const links =
    federation === undefined && shovels === undefined ? undefined : [...(federation ?? []), ...(shovels ?? [])]
  return {
    endpoint: client.endpoint,
    broker,
    nodes,
    links,
    notRead: [...notToldBy(broker), ...parts.notRead],
  }
}
