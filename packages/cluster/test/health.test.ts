import { diagnose, type FindingCode, type HealthFinding, readHealth, readStatus } from '@warren/cluster'
import type { Cluster } from '@warren/cluster/local'
import { api, ManagementClient, type ObservedRequest } from '@warren/cluster/management'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { testVhost } from '../../../test/support/broker.ts'

let cluster: Cluster
let vhost: string
let client: ManagementClient
let drop: () => Promise<void>

beforeAll(async () => {
  const made = await testVhost()
  cluster = made.cluster
  vhost = made.vhost
  drop = made.drop
  client = cluster.managementClient()
}, 120_000)
afterAll(() => drop())

/** What is found in this vhost: the cluster is shared. */
async function found(): Promise<readonly HealthFinding[]> {
  return diagnose(await readHealth(client)).filter((finding) => finding.vhost === vhost)
}

async function codes(): Promise<readonly FindingCode[]> {
  return (await found()).map(({ code }) => code)
}

test('finds a queue that nobody consumes, and no more once it is empty', async () => {
  await client.put(api`queues/${vhost}/idle`, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-dead-letter-exchange': 'amq.fanout' },
  })
  expect(await codes()).not.toContain('queue-without-consumers')
  const message = { properties: {}, routing_key: 'idle', payload: 'x', payload_encoding: 'string' }
  await client.post(api`exchanges/${vhost}/${'amq.default'}/publish`, message)
  await expect.poll(codes, { timeout: 30_000 }).toContain('queue-without-consumers')
  expect((await found()).find(({ code }) => code === 'queue-without-consumers')).toMatchObject({
    subjects: ['idle'],
    what: 'queue "idle" with 1 message and no consumer',
    command: expect.stringMatching(/^warren queues list --url http:\S+ --vhost test-/) as string,
  })
  await client.delete(api`queues/${vhost}/idle/contents`)
  await expect.poll(codes, { timeout: 30_000 }).not.toContain('queue-without-consumers')
})

test('finds dead letters that go nowhere, policies of equal priority, and what is on one node alone', async () => {
  const policy = { pattern: '^orders$', definition: { 'dead-letter-exchange': 'gone' }, 'apply-to': 'queues' }
  await client.put(api`queues/${vhost}/orders`, { durable: true, arguments: { 'x-queue-type': 'classic' } })
  expect(await codes()).toEqual(['queue-not-replicated'])
  await client.put(api`policies/${vhost}/dead`, policy)
  await client.put(api`policies/${vhost}/other`, { ...policy, pattern: '^order' })
  expect(await codes()).toEqual(['dead-letter-exchange-missing', 'equal-priority', 'queue-not-replicated'])
  await client.put(api`exchanges/${vhost}/gone`, { type: 'fanout', durable: true })
  await client.delete(api`policies/${vhost}/other`)
  expect(await codes()).toEqual(['queue-not-replicated'])
})

test.each([
  ['management', ['nodes', 'users', 'definitions']],
  ['monitoring', ['users', 'definitions']],
])('does not take for healthy what a user with the tag %s may not read', async (tag, always) => {
  const username = `doctor-${randomUUID().slice(0, 8)}`
  await client.put(api`users/${username}`, { password: 'secret', tags: tag })
  onTestFinished(() => client.delete(api`users/${username}`))
  await client.put(api`permissions/${vhost}/${username}`, { configure: '', write: '', read: '' })
  const lesser = client.as({ username, password: 'secret' })
  // 3.10 shows them to administrators alone, 4.0 to everybody.
  const flags = await lesser.get(api`feature-flags`).then(
    () => [],
    () => ['feature flags'],
  )
  const refused = [...always, ...flags]
  const reading = await readHealth(lesser)
  const parts = reading.notRead.filter(({ kind }) => kind === 'refused').map(({ part }) => part)
  expect(parts).toEqual(expect.arrayContaining(refused))
  expect(parts).not.toContain('queues')
  const refusal = diagnose(reading).find(({ code }) => code === 'refused-to-read')
  expect(refusal).toMatchObject({ severity: 'warning', subjects: expect.arrayContaining(refused) as string[] })
  expect(JSON.stringify(reading)).not.toContain('secret')
})

test('changes nothing, and asks every endpoint for its own health', async () => {
  const requests: ObservedRequest[] = []
  await readHealth(cluster.managementClient({ onRequest: (request) => requests.push(request) }))
  expect(new Set(requests.map(({ method }) => method))).toEqual(new Set(['GET']))
  const checked = requests.filter(({ path }) => path === 'health/checks/node-is-quorum-critical')
  expect(new Set(checked.map(({ endpoint }) => endpoint))).toEqual(new Set(client.endpoints))
})

test('tells of an endpoint that does not answer beside others that do', async () => {
  const endpoints = [client.endpoints[0]!, 'http://127.0.0.1:1']
  const reading = await readHealth(new ManagementClient({ endpoints, credentials: cluster.credentials }))
  expect(reading.notRead).toContainEqual(
    expect.objectContaining({ part: 'the health checks of http://127.0.0.1:1', kind: 'failed' }),
  )
  expect(diagnose(reading).map(({ code }) => code)).toContain('refused-to-read')
})

test.each([
  ['a user that is let in by nobody', { username: 'nobody', password: 'wrong' }, 'MANAGEMENT_REFUSED'],
  ['no broker', undefined, 'MANAGEMENT_UNREACHABLE'],
])('reads nothing with %s', async (_, credentials, code) => {
  const asked =
    credentials === undefined
      ? new ManagementClient({ endpoints: ['http://127.0.0.1:1'], credentials: cluster.credentials })
      : client.as(credentials)
  await expect(readHealth(asked)).rejects.toMatchObject({ code })
  await expect(readStatus(asked)).rejects.toMatchObject({ code })
})

test('status tells the nodes with their versions', async () => {
  const { nodes, broker } = await readStatus(client)
  expect(nodes?.map(({ name, isRunning, type }) => [name, isRunning, type])).toEqual(
    cluster.nodes.map(({ erlangName }) => [erlangName, true, 'disc']),
  )
  expect(broker.nodes.map(({ version }) => version)).toEqual(cluster.nodes.map(() => cluster.version))
})
