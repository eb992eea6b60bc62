import { diffDefinitions, exportDefinitions, importDefinitions } from '@warren/cluster'
import { api, type ManagementClient, type ObservedRequest } from '@warren/cluster/management'
import type { Cluster } from '@warren/cluster/local'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { privateCluster } from '../../../test/support/broker.ts'

let cluster: Cluster
let client: ManagementClient
const seen: ObservedRequest[] = []
const posts = (): number => seen.filter(({ method }) => method === 'POST').length

beforeAll(async () => {
  cluster = await privateCluster({ nodes: 1 })
  client = cluster.managementClient({ onRequest: (request) => void seen.push(request) })
  await client.put(api`vhosts/${'shop'}`)
  await client.put(api`users/${'canary'}`, { password: 'canary-password', tags: 'monitoring' })
  await client.put(api`permissions/${'shop'}/${'canary'}`, { configure: '', write: '', read: '.*' })
  await client.put(api`exchanges/${'shop'}/${'ex'}`, { type: 'topic', durable: true })
  await client.put(api`queues/${'shop'}/${'qu'}`, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await client.post(api`bindings/${'shop'}/e/${'ex'}/q/${'qu'}`, { routing_key: 'a.#' })
  await client.put(api`policies/${'shop'}/${'p'}`, { pattern: '^qu', definition: { 'max-length': 5 } })
}, 120_000)
afterAll(() => cluster.down(), 60_000)

test('what was exported with secrets comes back whole after it was removed', async () => {
  const before = await exportDefinitions(client, { withSecrets: true })
  await client.delete(api`vhosts/${'shop'}`)
  await client.delete(api`users/${'canary'}`)
  expect(diffDefinitions(before, await exportDefinitions(client, { withSecrets: true }))).not.toEqual([])
  const { steps } = await importDefinitions(client, before)
  expect(steps.map(({ action }) => action)).toContain('create')
  expect(diffDefinitions(before, await exportDefinitions(client, { withSecrets: true }))).toEqual([])
  const count = posts()
  expect((await importDefinitions(client, before)).steps).toEqual([])
  expect(posts()).toBe(count)
})

test('a masked export has no secret, equals what it was made from, and is refused', async () => {
  const masked = await exportDefinitions(client)
  const whole = await exportDefinitions(client, { withSecrets: true })
  const hashes = (whole['users'] as { password_hash: string }[]).map((user) => user.password_hash)
  for (const hash of hashes) expect(JSON.stringify(masked)).not.toContain(hash)
  expect(diffDefinitions(masked, whole)).toEqual([])
  await expect(importDefinitions(client, masked)).rejects.toMatchObject({ code: 'IMPORT_BLOCKED' })
})

test('a queue that is there otherwise is refused; the broker itself answers that all is well', async () => {
  const file = {
    queues: [
      { name: 'qu', vhost: 'shop', durable: true, auto_delete: false, arguments: { 'x-queue-type': 'classic' } },
    ],
  }
  const count = posts()
  await expect(importDefinitions(client, file)).rejects.toMatchObject({
    code: 'IMPORT_BLOCKED',
    message: expect.stringMatching(/"qu".*arguments.x-queue-type/) as string,
  })
  expect(posts()).toBe(count)
  await client.post(api`definitions`, file)
  const { arguments: args } = await client.get<{ arguments: object }>(api`queues/${'shop'}/${'qu'}`)
  expect(args).toMatchObject({ 'x-queue-type': 'quorum' })
})

test('the file of one vhost goes into another', async () => {
  const file = await exportDefinitions(client, { vhost: 'shop' })
  await client.put(api`vhosts/${'other'}`)
  await importDefinitions(client, file, { vhost: 'other' })
  expect((await importDefinitions(client, file, { vhost: 'other' })).steps).toEqual([])
  expect(await client.find(api`queues/${'other'}/${'qu'}`)).toBeDefined()
  const policies = await client.get<{ vhost: string; name: string }[]>(api`policies`)
  expect(policies.map(({ vhost, name }) => `${vhost}/${name}`).toSorted()).toEqual(['other/p', 'shop/p'])
})
