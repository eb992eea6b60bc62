import { subscriptionTopology, publisherTopology } from '@warren/bus'
import { apply, fetchPasswords, loadSpec, makePlan } from '@warren/cluster'
import { api, type ObservedRequest } from '@warren/cluster/management'
import amqp from 'amqplib'
import { expect, onTestFinished, test } from 'vitest'
import { ensureTopology } from '../../../packages/bus/src/amqp/topology.ts'
import { silentLogger } from '../../../packages/bus/src/logger.ts'
import { testVhost } from '../../../test/support/broker.ts'
import { shop } from '../catalog.ts'
import { subscriptions } from '../subscriptions.ts'

const topologies = [
  publisherTopology(shop.entities),
  ...Object.values(subscriptions).map(({ name, patterns }) => subscriptionTopology({ name, patterns })),
]

test('what the spec makes is what the services declare: neither has anything to add', async () => {
  const { vhost, amqpUrls, cluster, drop } = await testVhost()
  const client = cluster.managementClient()
  const writes: ObservedRequest[] = []
  const observed = cluster.managementClient({
    onRequest: (request) => {
      if (request.method !== 'GET') writes.push(request)
    },
  })
  const env = { VHOST: vhost, SHOP_PASSWORD: 'of the shop' }
  onTestFinished(async () => {
    await drop()
    for (const path of [api`users/${vhost}`, api`global-parameters/${`warren.owned.${vhost}`}`])
      await client.delete(path)
  })
  const { spec: whole, folder } = await loadSpec(import.meta.dirname, '../warren.yaml', { env })
  // The user is of the whole cluster, which other tests use, too: here it has a name of its own.
  const { permissions = {}, ...sections } = whole.vhosts?.[vhost] ?? {}
  const renamed = <T>({ shop: of }: Readonly<Record<string, T>>) => ({ [vhost]: of! })
  const spec = {
    ...whole,
    name: vhost,
    users: renamed(whole.users ?? {}),
    vhosts: { [vhost]: { ...sections, permissions: renamed(permissions) } },
  }
  const passwords = await fetchPasswords(spec, { env, folder })
  const planned = async () => (await makePlan(observed, spec, passwords)).plan

  const { results } = await apply(observed, await planned())
  expect(results.filter(({ kind }) => kind !== 'done')).toEqual([])
  const made = writes.length
  const second = await planned()
  expect(second.steps).toEqual([])
  await apply(observed, second)
  expect(writes).toHaveLength(made)
  const before = await definitionsOf()

  const connection = await amqp.connect(amqpUrls[0] ?? '')
  onTestFinished(() => connection.close())
  for (const topology of topologies) await ensureTopology(connection, topology, silentLogger)
  expect(await definitionsOf()).toEqual(before)

  async function definitionsOf(): Promise<unknown> {
    const { exchanges, queues, bindings } = await cluster.management<Record<string, object[]>>(`definitions/${vhost}`)
    return [exchanges, queues, bindings].map((all = []) => all.map((each) => JSON.stringify(each)).toSorted())
  }
})
