import { beforeAll, expect, test } from 'vitest'
import { sharedCluster, testVhost } from '../../../test/support/broker.ts'
import { api } from '../src/management/path.ts'
import { brokerWatch } from '../src/watch/broker-watch.ts'
import type { WatchedBinding } from '../src/watch/queue-view.ts'

beforeAll(() => sharedCluster())

const toQueue: WatchedBinding = {
  ...{ source: 'ex.order.topic', destination: 'qu.crm/1', destinationType: 'queue', key: 'order.#' },
}
const toExchange: WatchedBinding = {
  ...{ source: 'ex.order.topic', destination: 'ex.events.topic', destinationType: 'exchange', key: '#' },
}

test('sees which queues and bindings stand, whoever looks', async () => {
  const { vhost, cluster } = await testVhost()
  const client = cluster.managementClient()
  const watch = brokerWatch({ client, vhost })
  const wanted = [
    { queue: toQueue.destination, bindings: [toQueue, toExchange] },
    { queue: 'qu.other', bindings: [] },
  ]
  const gone = { exists: false, downNodes: [] }
  expect(await watch.look(wanted)).toEqual([
    { queue: 'qu.crm/1', absent: [toQueue, toExchange], ...gone },
    { queue: 'qu.other', absent: [], ...gone },
  ])
  expect(await watch.look([])).toEqual([])

  await client.put(api`queues/${vhost}/${'qu.crm/1'}`, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  for (const exchange of ['ex.order.topic', 'ex.events.topic'])
    await client.put(api`exchanges/${vhost}/${exchange}`, { type: 'topic', durable: true })
  const bindings = api`bindings/${vhost}/e/${'ex.order.topic'}/q/${'qu.crm/1'}`
  await client.post(bindings, { routing_key: 'order.*' })
  const [other] = await watch.look(wanted)
  expect(other).toEqual({ queue: 'qu.crm/1', exists: true, absent: [toQueue, toExchange], downNodes: [] })

  await client.post(bindings, { routing_key: toQueue.key })
  await client.post(api`bindings/${vhost}/e/${'ex.order.topic'}/e/${'ex.events.topic'}`, { routing_key: '#' })
  const standing = { queue: 'qu.crm/1', exists: true, absent: [], downNodes: [] }
  expect((await watch.look(wanted))[0]).toEqual(standing)

  // A user who may not see the nodes, and one who may not see the vhost.
  const credentials = { username: `watch-${vhost}`, password: 'a password for one test' }
  await client.put(api`users/${credentials.username}`, { password: credentials.password, tags: 'management' })
  const restricted = brokerWatch({ client: client.as(credentials), vhost })
  await expect(restricted.look(wanted)).rejects.toMatchObject({ code: 'MANAGEMENT_REFUSED' })
  await client.put(api`permissions/${vhost}/${credentials.username}`, { configure: '^$', write: '^$', read: '.*' })
  expect((await restricted.look(wanted))[0]).toEqual(standing)
  await client.delete(api`users/${credentials.username}`)
})
