import { ManagementClient } from '@warren/cluster/management'
import { MonitorError } from '../errors.ts'
import type { NamedCluster } from '../options.ts'

/** A cluster that is looked at, with the account that is configured for it. */
export interface KnownCluster {
  readonly name: string
  readonly vhost: string
  readonly client: ManagementClient
}

export class Clusters {
  readonly all: readonly KnownCluster[]

  constructor(clusters: readonly NamedCluster[]) {
    this.all = clusters.map(({ name, vhost = '/', management }) => ({
      name,
      vhost,
      client: new ManagementClient(management),
    }))
  }

  /** Throws NOT_FOUND. */
  find(name: string): KnownCluster {
    const cluster = this.all.find((each) => each.name === name)
    if (cluster === undefined) throw new MonitorError('NOT_FOUND', 404, `there is no cluster "${name}"`)
    return cluster
  }
}
