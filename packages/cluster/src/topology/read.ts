import type { ManagementClient } from '../management/client.ts'
import { listAll } from '../management/pages.ts'
import { api } from '../management/path.ts'

export interface TopologyBinding {
  /** An exchange; never the default one, which every queue is bound to. */
  readonly from: string
  readonly to: string
  readonly toKind: 'queue' | 'exchange'
  readonly key: string
}

/** What messages of a vhost can go through. */
export interface VhostTopology {
  readonly exchanges: readonly { readonly name: string; readonly type: string }[]
  readonly queues: readonly { readonly name: string; readonly type: string }[]
  readonly bindings: readonly TopologyBinding[]
}

interface BindingAnswer {
  readonly source: string
  readonly destination: string
  readonly destination_type: 'queue' | 'exchange'
  readonly routing_key: string
}

/** Names alone, no statistics: three requests, and pages where the broker has them. */
export async function readTopology(client: ManagementClient, vhost: string): Promise<VhostTopology> {
  const columns = ['name', 'type']
  const [exchanges, queues, bindings] = await Promise.all([
    listAll<{ name: string; type: string }>(client, api`exchanges/${vhost}`, { columns }),
    listAll<{ name: string; type?: string }>(client, api`queues/${vhost}`, { columns }),
    client.get<readonly BindingAnswer[]>(
      api`bindings/${vhost}?columns=source,destination,destination_type,routing_key`,
    ),
  ])
  return {
    exchanges: exchanges.filter(({ name }) => name !== ''),
    queues: queues.map(({ name, type = 'classic' }) => ({ name, type })),
    bindings: bindings
      .filter(({ source }) => source !== '')
      .map(({ source, destination, destination_type: toKind, routing_key: key }) => ({
        ...{ from: source, to: destination, toKind, key },
      })),
  }
}
