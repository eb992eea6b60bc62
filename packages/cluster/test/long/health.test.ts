import * as amqp from 'amqplib'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { diagnose, type FindingCode, type HealthOptions, isAtLeastAsBad, readHealth, readStatus } from '@warren/cluster'
import { type Cluster, isClusterError } from '@warren/cluster/local'
import { api, isAtLeast, type ManagementClient } from '@warren/cluster/management'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { privateCluster } from '../../../../test/support/broker.ts'

let cluster: Cluster
let client: ManagementClient
let isMnesia: boolean

beforeAll(async () => {
  cluster = await privateCluster({
    nodes: 3,
    // Tools have the commands of plugins that are enabled by name.
    plugins: ['federation', 'shovel'].flatMap((name) => [`rabbitmq_${name}`, `rabbitmq_${name}_management`]),
    // With `ignore` a node goes on alone, also on 3.x.
    config: { 'disk_free_limit.absolute': '1GB', cluster_partition_handling: 'ignore' },
  })
  client = cluster.managementClient()
  isMnesia = !isAtLeast(cluster.version, '4.2')
  for (const name of ['q1', 'q2', 'q3']) {
    // With no dead letter exchange a queue of 4.x drops what has been delivered 20 times.
    const args = { 'x-queue-type': 'quorum', 'x-dead-letter-exchange': 'amq.fanout' }
    await client.put(api`queues/${'/'}/${name}`, { durable: true, arguments: args })
  }
}, 300_000)
afterAll(() => cluster.down())

/** Codes of warnings and errors; that the series is old is left out. */
async function codes(options: HealthOptions = {}): Promise<readonly FindingCode[]> {
  const findings = diagnose(await readHealth(client, options))
  return findings
    .filter((finding) => isAtLeastAsBad(finding, 'warning') && finding.code !== 'version-unsupported')
    .map(({ code }) => code)
}

const now = () => codes()
const wait = { timeout: 90_000, interval: 500 }

// The steps of one story, in this order.
test('a healthy cluster has no finding', async () => {
  await expect.poll(now, wait).toEqual([])
  const ignoring = await codes({ partitionHandling: 'ignore' })
  expect(ignoring).toEqual(isMnesia ? ['partition-handling-ignore'] : [])
})

test('guest is found, and whether it may come in is known only when it is tried', async () => {
  expect(await codes({ probeGuest: true })).toEqual([])
  await client.put(api`users/guest`, { password: 'other', tags: 'administrator' })
  expect(await codes({ probeGuest: true })).toEqual(['guest-present'])
  await client.put(api`users/guest`, { password: 'guest', tags: 'administrator' })
  expect(await codes()).toEqual(['guest-default-password'])
  expect(await codes({ probeGuest: true })).toEqual(['guest-logs-in'])
  await client.delete(api`users/guest`)
})

test('links that do not run are found, and their passwords are not shown', async () => {
  // A step that fails leaves nothing that the next ones find.
  onTestFinished(() => removeLinks())
  const uri = 'amqp://link:topsecret@127.0.0.1:1'
  await client.put(api`parameters/federation-upstream/${'/'}/up`, { value: { uri } })
  const federated = { pattern: '^fed', definition: { 'federation-upstream': 'up' }, 'apply-to': 'exchanges' }
  await client.put(api`policies/${'/'}/fed`, federated)
  await client.put(api`exchanges/${'/'}/fed.x`, { type: 'topic', durable: true })
  const shovel = { 'src-uri': uri, 'src-queue': 'q1', 'dest-uri': 'amqp://', 'dest-queue': 'q2' }
  await client.put(api`parameters/shovel/${'/'}/move`, { value: shovel })
  await expect.poll(now, wait).toEqual(['federation-link-down', 'shovel-down'])
  // 4.0 does not list a shovel that cannot connect, or only now and then.
  const [reading, status] = await Promise.all([readHealth(client), readStatus(client)])
  expect(reading.links.map(({ kind }) => kind).toSorted()).toEqual(['federation link', 'shovel'])
  expect(status.links?.map(({ kind }) => kind).toSorted()).toEqual(['federation link', 'shovel'])
  expect(JSON.stringify([reading.links, diagnose(reading), status])).not.toContain('topsecret')
  await removeLinks()
  await expect.poll(now, wait).toEqual([])
}, 180_000)

/** Also those that are gone already. */
async function removeLinks(): Promise<void> {
  const paths = [
    api`parameters/shovel/${'/'}/move`,
    api`parameters/federation-upstream/${'/'}/up`,
    api`policies/${'/'}/fed`,
  ]
  for (const path of paths) {
    await client.delete(path).catch((error: unknown) => {
      if (!isClusterError(error, 'MANAGEMENT_NOT_FOUND')) throw error
    })
  }
}

test('a shovel that is not listed is not taken for broken where nobody may see it', async () => {
  await client.put(api`vhosts/apart`, {})
  onTestFinished(() => client.delete(api`vhosts/apart`))
  const { username } = cluster.credentials
  const value = { 'src-uri': 'amqp://127.0.0.1:1', 'src-queue': 'q1', 'dest-uri': 'amqp://', 'dest-queue': 'q2' }
  await client.put(api`parameters/shovel/apart/move`, { value })
  await client.put(api`permissions/apart/${username}`, { configure: '', write: '', read: '' })
  await expect.poll(now, wait).toContain('shovel-down')
  await client.delete(api`permissions/apart/${username}`)
  await expect.poll(now, wait).not.toContain('shovel-down')
}, 180_000)

test('a mirror that has not all messages is found until it is synchronised', async ({ skip }) => {
  if (isAtLeast(cluster.version, '4')) skip('4.x has no mirrors')
  const queue = api`queues/${'/'}/mirrored`
  await client.put(queue, { durable: true })
  const message = {
    properties: { delivery_mode: 2 },
    routing_key: 'mirrored',
    payload: 'x',
    payload_encoding: 'string',
  }
  await client.post(api`exchanges/${'/'}/${'amq.default'}/publish`, message)
  const ha = { pattern: '^mirrored$', definition: { 'ha-mode': 'all' }, 'apply-to': 'queues' }
  await client.put(api`policies/${'/'}/ha`, ha)
  const unsynchronised = ['node-mirror-critical', 'queue-without-consumers', 'mirror-unsynchronised']
  await expect.poll(now, wait).toEqual(unsynchronised)
  await client.post(api`queues/${'/'}/mirrored/actions`, { action: 'sync' })
  await expect.poll(now, wait).toEqual(['queue-without-consumers'])
  await client.delete(queue)
  await client.delete(api`policies/${'/'}/ha`)
  await expect.poll(now, wait).toEqual([])
}, 180_000)

test('an alarm is found, and whom it blocks', async () => {
  const connection = await amqp.connect(cluster.node('n2').amqpUrl)
  onTestFinished(() => connection.close())
  const channel = await connection.createChannel()
  const reset = () => cluster.ctl('n1', 'set_vm_memory_high_watermark', '0.4')
  onTestFinished(async () => {
    await reset()
  })
  await cluster.ctl('n1', 'set_vm_memory_high_watermark', 'absolute', '1MB')
  const isAlarmed = expect.poll(
    async () => {
      // A connection is blocked when it publishes.
      channel.publish('amq.fanout', '', Buffer.from('x'))
      return await codes()
    },
    { ...wait, interval: 2000 },
  )
  await isAlarmed.toEqual(['memory-alarm', 'memory-limit-low', 'connections-blocked'])
  await reset()
  await expect.poll(now, wait).toEqual([])
}, 300_000)

test('a node that is down is found, with what it takes along', async () => {
  await cluster.kill('n3')
  await expect
    .poll(now, wait)
    .toEqual(['node-down', 'node-quorum-critical', 'node-quorum-critical', 'members-offline', 'refused-to-read'])
  const findings = diagnose(await readHealth(client))
  expect(findings.find(({ code }) => code === 'node-down')?.subjects).toEqual([cluster.node('n3').erlangName])
  expect(findings.find(({ code }) => code === 'members-offline')?.subjects).toEqual(['q1', 'q2', 'q3'])
}, 180_000)

test('a majority that is lost is found', async () => {
  await cluster.kill('n2')
  await expect.poll(now, wait).toContain('majority-lost')
  expect(await codes()).not.toContain('members-offline')
  await cluster.start()
  await expect.poll(now, { ...wait, timeout: 120_000 }).toEqual([])
}, 300_000)

test('every command of a tool that findings name is one that its version has', async () => {
  const folder = join(import.meta.dirname, '../../src/health/rules')
  const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))
  const matches = sources.flatMap((source) => [
    ...source.matchAll(/(rabbitmqctl|rabbitmq-(?:diagnostics|upgrade|queues|plugins)) (?:-n \$\{\w+\} )?([a-z_]+)/g),
  ])
  const named = new Set(matches.map(([, tool = '', command = '']) => `${tool} ${command}`))
  expect(named.size).toBeGreaterThan(15)
  const since: Readonly<Record<string, string>> = {
    'rabbitmqctl list_deprecated_features': '3.13',
    'rabbitmq-diagnostics metadata_store_status': '4.0',
    'rabbitmq-diagnostics check_for_quorum_queues_without_an_elected_leader': '4.1',
  }
  // RAM nodes are gone from 4.3 on, and so is the finding.
  if (isAtLeast(cluster.version, '4.3')) named.delete('rabbitmqctl change_cluster_node_type')
  const tools = new Set([...named].map((line) => line.split(' ')[0] ?? ''))
  const help = new Map<string, string>()
  for (const tool of tools) help.set(tool, await cluster.tool(tool, 'n1', 'help'))
  const unknown = [...named].filter((line) => {
    const [tool = '', command = ''] = line.split(' ')
    const first = since[line]
    const isExpected = first === undefined || isAtLeast(cluster.version, first)
    return isExpected && !new RegExp(`\\b${command}\\b`).test(help.get(tool) ?? '')
  })
  expect(unknown).toEqual([])
}, 120_000)
