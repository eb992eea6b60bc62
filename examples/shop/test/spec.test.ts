import { subscriptionTopology, publisherTopology } from '@warren/bus'
import { apply, loadSpec, makePlan } from '@warren/cluster'
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
  onTestFinished(drop)
  const env = { VHOST: vhost }
  const { spec: whole } = await loadSpec(import.meta.dirname, '../warren.yaml', { env })
  // Users are of the whole cluster, which other tests use, too.
  const { users: _, ...rest } = whole
  const { permissions: __, ...sections } = whole.vhosts?.[vhost] ?? {}
  const spec = { ...rest, name: vhost, vhosts: { [vhost]: sections } }
  const planned = async () => (await makePlan(client, spec, new Map())).plan

  await apply(client, await planned())
  expect((await planned()).steps).toEqual([])
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
