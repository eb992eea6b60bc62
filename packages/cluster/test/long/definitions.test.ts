import {
  diffDefinitions,
  exportDefinitions,
  importDefinitions,
  planImport,
  transformDefinitions,
} from '@warren/cluster'
import type { Cluster } from '@warren/cluster/local'
import { api, type ManagementClient } from '@warren/cluster/management'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { privateCluster } from '../../../../test/support/broker.ts'

interface Queue {
  readonly name: string
  readonly type: string
  readonly members?: readonly string[]
}

const clusters: Cluster[] = []
let from: ManagementClient
let to: ManagementClient

beforeAll(async () => {
  const started = await Promise.all([
    privateCluster({ nodes: 2, version: '3.10' }),
    privateCluster({ nodes: 3, version: '4.3' }),
  ])
  clusters.push(...started)
  ;[from, to] = [started[0].managementClient(), started[1].managementClient()]
  await from.put(api`vhosts/${'shop'}`)
  await from.put(api`exchanges/${'shop'}/${'ex.order.topic'}`, { type: 'topic', durable: true })
  const queues = {
    'qu.order.crm': { arguments: { 'x-max-priority': 5, 'x-queue-mode': 'lazy' } },
    'qu.order.mail': { arguments: {} },
    'qu.order.reply': { auto_delete: true, arguments: {} },
  }
  for (const [name, queue] of Object.entries(queues)) {
    await from.put(api`queues/${'shop'}/${name}`, { durable: true, ...queue })
    await from.post(api`bindings/${'shop'}/e/${'ex.order.topic'}/q/${name}`, { routing_key: 'order.#' })
  }
  const mirrored = { 'ha-mode': 'exactly', 'ha-params': 2, 'ha-sync-mode': 'automatic' }
  await from.put(api`policies/${'shop'}/${'ha'}`, { pattern: String.raw`\.order\.`, definition: mirrored, priority: 1 })
  await from.put(api`policies/${'shop'}/${'limits'}`, { pattern: '^qu', definition: { 'max-length': 1000 } })
}, 300_000)
afterAll(() => Promise.all(clusters.map((cluster) => cluster.down())), 120_000)

test('mirrored queues of 3.10 are quorum queues of three members on 4.3, and messages flow', async () => {
  const file = await exportDefinitions(from, { withSecrets: true })
  const { problems } = await planImport(to, file)
  expect(problems).toContainEqual(expect.objectContaining({ section: 'policies', name: 'ha' }))

  const transforms = { dropUsers: 'all', toQuorum: { nodes: 3 }, forVersion: '4.3' } as const
  const { document, notes } = transformDefinitions(file, transforms)
  expect(notes.map(({ rule }) => rule)).toEqual(
    expect.arrayContaining(['queues-to-quorum', 'stays-classic', 'argument-dropped', 'policy-comes-alive']),
  )
  const before = await exportDefinitions(to, { withSecrets: true })
  await importDefinitions(to, document)

  const queues = await to.get<Queue[]>(api`queues/${'shop'}`)
  const found = queues.map(({ name, type, members = [] }) => [name, type, members.length])
  expect(found.toSorted()).toEqual([
    ['qu.order.crm', 'quorum', 3],
    ['qu.order.mail', 'quorum', 3],
    ['qu.order.reply', 'classic', 0],
  ])
  const message = { properties: {}, routing_key: 'order.created', payload: 'hello', payload_encoding: 'string' }
  expect(await to.post(api`exchanges/${'shop'}/${'ex.order.topic'}/publish`, message)).toEqual({ routed: true })
  for (const { name } of queues) {
    const get = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
    const messages = await to.post(api`queues/${'shop'}/${name}/get`, get)
    expect(messages).toEqual([expect.objectContaining({ payload: 'hello' })])
  }

  // What the target had is as it was: its name, its id, its users.
  const after = await exportDefinitions(to, { withSecrets: true })
  const changed = diffDefinitions(before, after).filter(({ kind }) => kind !== 'added')
  expect(changed).toEqual([])
  expect((await importDefinitions(to, document)).steps).toEqual([])
})
