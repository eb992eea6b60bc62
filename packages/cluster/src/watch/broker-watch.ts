import { ClusterError, isClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api, type ApiPath, withQuery } from '../management/path.ts'
import { placementOf, type QueueAnswer } from '../queues/queue.ts'
import { bindingKey, queueViewOf, type QueueView, type WatchedBinding, type WatchedQueue } from './queue-view.ts'

export interface BrokerWatchOptions {
  readonly client: ManagementClient
  readonly vhost: string
}

/** What a bus takes as `reconcile.watch`. */
export interface BrokerWatch {
  look(queues: readonly WatchedQueue[]): Promise<readonly QueueView[]>
}

interface BindingAnswer {
  readonly source: string
  readonly destination: string
  readonly destination_type: 'queue' | 'exchange'
  readonly routing_key: string
  readonly arguments: Readonly<Record<string, unknown>>
}

interface NodeAnswer {
  readonly name: string
  readonly running: boolean
}

/** Requests at one time: a look must not be a load. */
const AT_ONCE = 4

/**
 * Looks at queues over the management API: whether they are there, which bindings stand, which nodes they lack. Two requests for each
 * queue, one for each exchange that others are bound to, one for the nodes. Needs the tag `management` and permissions in
 * the vhost, and `monitoring` to tell which nodes are down. A look rejects with what a ManagementClient throws, but not for what is not
 * there; and with MANAGEMENT_REFUSED when the user sees no such vhost. RabbitMQ 3.10 to 4.3.
 *
 *     createBus({ …, reconcile: { watch: brokerWatch({ client: new ManagementClient({ endpoints }), vhost: 'shop' }) } })
 */
export function brokerWatch({ client, vhost }: BrokerWatchOptions): BrokerWatch {
  return {
    look: async (queues) => {
      await requireVhost(client, vhost)
      const down = await downNodes(client)
      const targets = new Set(
        queues.flatMap(({ bindings }) =>
          bindings.flatMap(({ destinationType, destination }) => (destinationType === 'exchange' ? [destination] : [])),
        ),
      )
      const among = await mapWithin([...targets], (exchange) =>
        bindingsAt(client, api`exchanges/${vhost}/${exchange}/bindings/destination`),
      )
      const betweenExchanges = among.flat()
      return mapWithin(queues, async (watched) => {
        const { queue } = watched
        // `disable_stats`: the record that the cluster keeps. Statistics lag by seconds, and a queue that is gone stays in them.
        const answer = await client.find<QueueAnswer>(withQuery(api`queues/${vhost}/${queue}`, { disable_stats: true }))
        const atQueue = answer === undefined ? [] : await bindingsAt(client, api`queues/${vhost}/${queue}/bindings`)
        const standing = new Set([...betweenExchanges, ...atQueue].map(bindingKey))
        const placement = answer === undefined ? undefined : placementOf(answer)
        return queueViewOf(watched, placement, standing, (node) => !down.has(node))
      })
    },
  }
}

async function bindingsAt(client: ManagementClient, path: ApiPath): Promise<readonly WatchedBinding[]> {
  const answers = (await client.find<readonly BindingAnswer[]>(path)) ?? []
  return answers.map(({ source, destination, destination_type, routing_key }) => ({
    ...{ source, destination, key: routing_key },
    destinationType: destination_type,
  }))
}

/** Of a vhost that a user may not see, 3.10 and 4.3 answer as if nothing were in it. */
async function requireVhost(client: ManagementClient, vhost: string): Promise<void> {
  const vhosts = await client.get<readonly { readonly name: string }[]>(withQuery(api`vhosts`, { columns: 'name' }))
  if (vhosts.some(({ name }) => name === vhost)) return
  throw new ClusterError(
    'MANAGEMENT_REFUSED',
    `the user of the watch sees no vhost "${vhost}"; is that its name, and has the user permissions in it?`,
    { vhost },
  )
}

/** None, when the user may not ask for nodes. */
async function downNodes(client: ManagementClient): Promise<ReadonlySet<string>> {
  try {
    const nodes = await client.get<readonly NodeAnswer[]>(withQuery(api`nodes`, { columns: 'name,running' }))
    return new Set(nodes.filter(({ running }) => !running).map(({ name }) => name))
  } catch (error) {
    if (isClusterError(error, 'MANAGEMENT_REFUSED')) return new Set()
    throw error
  }
}

/** The results in order, with at most AT_ONCE under way; rejects with the first failure. */
async function mapWithin<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  for (let start = 0; start < items.length; start += AT_ONCE)
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(work))))
  return results
}
