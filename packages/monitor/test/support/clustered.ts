import type { NamedStore } from '@warren/bus/operate'
import type { ManagementClient } from '@warren/cluster/management'
import { onTestFinished } from 'vitest'
import { testVhost } from '../../../../test/support/broker.ts'
import { storePlaces } from '../../../cli/test/support/stores.ts'
import type { NamedCluster } from '../../src/index.ts'

export interface Clustered {
  readonly vhost: string
  readonly amqpUrl: string
  readonly client: ManagementClient
  /** As the page is told of it: `main`. */
  readonly named: NamedCluster
  readonly password: string
}

/** A vhost of its own on the shared cluster. */
export async function clustered(name = 'main'): Promise<Clustered> {
  const { vhost, amqpUrls, cluster, drop } = await testVhost()
  onTestFinished(drop)
  const management = { endpoints: cluster.nodes.map((node) => node.managementUrl), credentials: cluster.credentials }
  return {
    ...{ vhost, amqpUrl: amqpUrls[0] ?? '', client: cluster.managementClient() },
    named: { name, vhost, management },
    password: cluster.credentials.password,
  }
}

/** A store with nothing in it, which takes the notes of what is done to a cluster. */
export async function emptyStore(label = 'orders'): Promise<NamedStore> {
  const places = await storePlaces('sqlite')
  onTestFinished(() => places.drop())
  return { label, store: await places.open('orders') }
}
