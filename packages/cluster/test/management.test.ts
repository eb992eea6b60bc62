import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  api,
  brokerOf,
  listAll,
  ManagementClient,
  type ManagementOptions,
  type ObservedRequest,
} from '@warren/cluster/management'
import type { Cluster } from '@warren/cluster/local'
import { sharedCluster, testVhost } from '../../../test/support/broker.ts'
import { startProxy } from '../../../test/support/proxy.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster()
})

function clientOf(options: Partial<ManagementOptions> = {}): ManagementClient {
  const endpoints = [cluster.nodes[0]!.managementUrl]
  return new ManagementClient({ endpoints, credentials: cluster.credentials, ...options })
}

test('creates, reads, and removes what has a name that must be encoded', async () => {
  const { vhost, drop } = await testVhost()
  onTestFinished(drop)
  const client = clientOf()
  const name = 'a/b c%2f?#ü'
  await client.put(api`queues/${vhost}/${name}`, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  expect(await client.get(api`queues/${vhost}/${name}`)).toMatchObject({ name, vhost, type: 'quorum' })
  await client.delete(api`queues/${vhost}/${name}`)
  expect(await client.find(api`queues/${vhost}/${name}`)).toBeUndefined()
})

test('tells an observer of each request, without bodies and passwords', async () => {
  const { vhost, drop } = await testVhost()
  onTestFinished(drop)
  const seen: ObservedRequest[] = []
  const client = clientOf({ onRequest: (request) => void seen.push(request) })
  await client.put(api`exchanges/${vhost}/ex`, { type: 'topic', durable: true })
  await client.find(api`exchanges/${vhost}/none`)
  expect(seen.map(({ method, path, status }) => [method, path, status])).toEqual([
    ['PUT', `exchanges/${vhost}/ex`, 201],
    ['GET', `exchanges/${vhost}/none`, 404],
  ])
  expect(JSON.stringify(seen)).not.toContain(cluster.credentials.password)
})

test.each([
  [
    'a wrong password',
    401,
    'MANAGEMENT_REFUSED',
    (client: ManagementClient) => client.get(api`whoami`),
    'wrong-secret',
  ],
  ['what is not there', 404, 'MANAGEMENT_NOT_FOUND', (client: ManagementClient) => client.get(api`vhosts/${'no'}`)],
  [
    'what is switched off',
    405,
    'MANAGEMENT_FORBIDDEN_OPERATION',
    (client: ManagementClient) => client.delete(api`overview`),
  ],
  [
    'what is wrong',
    400,
    'MANAGEMENT_FAILED',
    (client: ManagementClient) => client.put(api`policies/${'/'}/${'p'}`, { pattern: '(' }),
  ],
] as const)('answers %s with %i and a code', async (_, status, code, request, password?: string) => {
  const credentials = password === undefined ? cluster.credentials : { username: 'warren', password }
  const error: unknown = await request(clientOf({ credentials })).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code, details: { status } })
  expect(JSON.stringify(error) + String(error)).not.toContain(credentials.password)
})

test('goes to the next endpoint when one does not listen, and stays there', async () => {
  const seen: ObservedRequest[] = []
  const live = cluster.nodes[0]!.managementUrl
  const dead = `http://127.0.0.1:${await closedPort()}`
  const client = clientOf({ endpoints: [dead, live], onRequest: (request) => void seen.push(request) })
  await client.get(api`whoami`)
  await client.get(api`whoami`)
  expect(seen.map(({ endpoint, status }) => [endpoint, status])).toEqual([
    [dead, undefined],
    [live, 200],
    [live, 200],
  ])
})

test('passes over a frozen endpoint when its time is up, and sends no POST twice', async () => {
  const proxy = await startProxy({ port: Number(new URL(cluster.nodes[0]!.managementUrl).port) })
  onTestFinished(() => proxy.close())
  proxy.freeze()
  const endpoints = [`http://127.0.0.1:${proxy.port}`, cluster.nodes[0]!.managementUrl]
  const client = (): ManagementClient => clientOf({ endpoints, timeoutMs: 300 })
  expect(await client().get(api`whoami`)).toMatchObject({ name: 'warren' })
  await expect(client().post(api`rebalance/queues`)).rejects.toMatchObject({
    code: 'MANAGEMENT_UNREACHABLE',
    details: { tried: [{ endpoint: endpoints[0], reason: expect.stringContaining('0.3 s') as string }] },
  })
})

test('says which endpoints it tried when none answers, without the password in their URLs', async () => {
  const endpoints = [`http://admin:topsecret@127.0.0.1:${await closedPort()}`]
  const error: unknown = await clientOf({ endpoints })
    .get(api`whoami`)
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'MANAGEMENT_UNREACHABLE' })
  expect(String(error)).toMatch(/127\.0\.0\.1:\d+: .*ECONNREFUSED/)
  expect(JSON.stringify(error) + String(error)).not.toContain('topsecret')
})

test.each([[[]], [['n1:15672']], [['amqp://n1']]])('refuses the endpoints %j', (endpoints) => {
  expect(() => clientOf({ endpoints })).toThrow(expect.objectContaining({ code: 'MANAGEMENT_INVALID' }))
})

test('reads lists in pages', async () => {
  const { vhost, drop } = await testVhost()
  onTestFinished(drop)
  const seen: ObservedRequest[] = []
  const client = clientOf({ onRequest: (request) => void seen.push(request) })
  const names = Array.from({ length: 25 }, (_, index) => `qu.${String(index).padStart(2, '0')}`)
  await Promise.all(names.map((name) => client.put(api`queues/${vhost}/${name}`, { durable: true })))
  seen.length = 0
  const queues = await listAll<{ name: string }>(client, api`queues/${vhost}`, { pageSize: 10, columns: ['name'] })
  expect(queues.map(({ name }) => name).toSorted()).toEqual(names)
  expect(seen).toHaveLength(3)
})

test('tells what the broker is and what it can do', async () => {
  const broker = await brokerOf(clientOf())
  expect(broker.version).toBe(cluster.version)
  expect(broker.nodes.map(({ name }) => name).toSorted()).toEqual(
    cluster.nodes.map(({ erlangName }) => erlangName).toSorted(),
  )
  expect(broker.nodes.every(({ isRunning }) => isRunning)).toBe(true)
  expect(broker.featureFlags?.get('quorum_queue')).toMatchObject({ state: 'enabled' })
  expect(broker.exchangeTypes).toContain('topic')
  const isThree = cluster.version.startsWith('3.')
  expect(broker.capabilities).toMatchObject({ hasMirroring: isThree, hasDefaultDeliveryLimit: !isThree })
})

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
