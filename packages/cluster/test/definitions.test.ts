import { diffDefinitions, exportDefinitions, importDefinitions, planSync } from '@warren/cluster'
import { api, ManagementClient, type ObservedRequest } from '@warren/cluster/management'
import type { Cluster } from '@warren/cluster/local'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { privateCluster } from '../../../test/support/broker.ts'
import { deafManagement } from './support/deaf-management.ts'

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

test('what a file does not say of a vhost stays as it is', async () => {
  const described = {
    description: 'of the shop',
    tags: 'a,b',
    default_queue_type: 'quorum',
    defaultqueuetype: 'quorum',
  }
  await client.put(api`vhosts/${'described'}`, described)
  const read = () => client.get(api`vhosts/${'described'}?columns=description,tags,default_queue_type`)
  const before = await read()
  const policy = { vhost: 'described', name: 'p', pattern: 'a', definition: { expires: 5 }, priority: 0 }
  await importDefinitions(client, { vhosts: [{ name: 'described' }], policies: [policy] })
  expect(await read()).toEqual(before)
  const file = { vhosts: [{ name: 'described', metadata: { description: 'another' } }] }
  expect((await importDefinitions(client, file)).steps.map(({ difference }) => difference.changes)).toEqual([
    [{ path: 'metadata.description', before: 'of the shop', after: 'another' }],
  ])
})

test('an answer that all is well is not believed', async () => {
  await using proxy = await deafManagement(cluster.nodes[0]!.managementUrl)
  const through = new ManagementClient({ endpoints: [proxy.url], credentials: cluster.credentials })
  const file = { policies: [{ vhost: 'shop', name: 'lost', pattern: 'a', definition: { expires: 5 }, priority: 0 }] }
  await expect(importDefinitions(through, file)).rejects.toMatchObject({
    code: 'IMPORT_INCOMPLETE',
    message: expect.stringContaining('"lost"') as string,
  })
  expect(proxy.swallowed()).toBe(1)
})

test('the name and the id of another cluster stay out, unless they are asked for', async () => {
  const name = async (): Promise<string> => (await client.get<{ name: string }>(api`cluster-name`)).name
  const before = await name()
  const file = { vhosts: [{ name: 'shop' }], global_parameters: [{ name: 'cluster_name', value: 'another' }] }
  await importDefinitions(client, file)
  expect(await name()).toBe(before)
  await importDefinitions(client, file, { withClusterIdentity: true })
  expect(await name()).toBe('another')
})

test('what would be dropped in silence, or stopped at half-way, is known before anything is changed', async () => {
  const queue = { name: 'new', vhost: 'shop', durable: true, auto_delete: false }
  const bound = { source: 'ex', vhost: 'shop', destination_type: 'queue', routing_key: 'a', arguments: {} }
  const file = {
    queues: [{ ...queue, auto_delete: true, arguments: { 'x-queue-type': 'quorum' } }],
    bindings: [{ ...bound, destination: 'none' }],
  }
  const count = posts()
  await expect(importDefinitions(client, file)).rejects.toMatchObject({
    code: 'IMPORT_BLOCKED',
    message: expect.stringMatching(/auto-delete.*"none"/) as string,
  })
  expect(posts()).toBe(count)
})

test('sections of one vhost are brought into another, which keeps what it has', async () => {
  await client.put(api`vhosts/${'prod'}`)
  await client.put(api`policies/${'prod'}/${'own'}`, { pattern: 'x', definition: { expires: 5000 } })
  const source = await exportDefinitions(client, { withSecrets: true })
  const wanted = { only: ['policies', 'bindings'], vhost: 'shop', transforms: { renameVhosts: { shop: 'prod' } } }
  const lacking = await planSync(source, client, wanted)
  expect(lacking.check.problems).toEqual([
    expect.objectContaining({ message: expect.stringContaining('add exchanges to --only') as string }),
  ])
  const plan = await planSync(source, client, { ...wanted, only: [...wanted.only, 'exchanges', 'queues'] })
  expect(plan.check.problems).toEqual([])
  expect(plan.surplus).toBe(1)
  await importDefinitions(client, plan.document)
  const policies = await client.get<{ name: string }[]>(api`policies/${'prod'}`)
  expect(policies.map(({ name }) => name).toSorted()).toEqual(['own', 'p'])
  expect(await client.find(api`queues/${'prod'}/${'qu'}`)).toBeDefined()
  expect((await planSync(source, client, wanted)).check.steps).toEqual([])
})
