import { startCluster } from '@warren/cluster/local'
import type { Cluster, Progress } from '@warren/cluster/local'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where the events go, and a folder that lives as long. */
export interface Broker {
  readonly endpoints: readonly string[]
  /** Null: the nodes are somebody else's. */
  readonly cluster: Cluster | null
  readonly folder: string
  /** Lets it outlive this process. */
  keep(): Promise<void>
  remove(): Promise<void>
}

/** The nodes in `endpoints` (separated by commas), else a private cluster, which ends when this process does. */
export async function openBroker(options: {
  readonly home: string
  readonly nodes: number
  readonly endpoints: string | undefined
  readonly onProgress: Progress
}): Promise<Broker> {
  const { home, nodes, endpoints, onProgress } = options
  if (endpoints !== undefined && endpoints !== '') {
    const folder = await mkdtemp(join(tmpdir(), 'warren-shop-'))
    return {
      endpoints: endpoints.split(','),
      cluster: null,
      folder,
      keep: () => Promise.resolve(),
      remove: () => rm(folder, { recursive: true, force: true }),
    }
  }
  // Named by itself, so that demos may run side by side.
  const cluster = await startCluster({ home, nodes, onProgress })
  // Inside the cluster's folder, which goes with this process even when it is killed.
  const folder = join(cluster.folder, 'shop')
  await mkdir(folder)
  return {
    endpoints: cluster.amqpUrls,
    cluster,
    folder,
    keep: () => cluster.release(),
    remove: () => cluster.down(),
  }
}
