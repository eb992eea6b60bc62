import { attachCluster, type Cluster, listClusters } from '@warren/cluster/local'
import { api } from '@warren/cluster/management'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { whyNoHosts } from '../../../cluster/test/support/hosts.ts'
import { type Finished, warren } from '../support/run.ts'

const why = await whyNoHosts()
if (why !== undefined) process.stderr.write(`skipped: the classic set-up: ${why}\n`)

const home = inject('warrenRun').home
const named = (which: string): string => `classic-${which}-${process.pid}`

/** The same file for the cluster of mirrored queues and for that of quorum queues. */
const file = String.raw`
name: classic
variables: { COPIES: 2 }
environments: { single: { COPIES: 1 } }
users:
  crm: { tags: [monitoring, policymaker], password: { env: CRM_PASSWORD } }
  shop: { password: { env: SHOP_PASSWORD } }
vhosts:
  common:
    permissions:
      crm: { configure: '^qu\.', write: '^(ex|qu)\.', read: '.*' }
      shop: { configure: '', write: '^ex\.', read: '' }
    exchanges:
      ex.order.topic: { type: topic }
      ex.product.topic: { type: topic }
    queues:
      qu.order.crm: {}
      qu.product.search: {}
    bindings:
      - { from: ex.order.topic, toQueue: qu.order.crm, keys: ['order.#'] }
      - { from: ex.product.topic, toQueue: qu.product.search, keys: ['product.#'] }
    replication:
      exchange_queue_ha: { pattern: '\.order\.', mirrored: { exactly: '${'${COPIES}'}' } }
`

interface Queue {
  readonly name: string
  readonly type: string
  readonly policy?: string | null
  readonly node: string
  readonly slave_nodes?: readonly string[]
  readonly synchronised_slave_nodes?: readonly string[]
  readonly members?: readonly string[]
  readonly messages?: number
}

/** That a mirror lacks. */
const messages = 50

let folder: string
let cluster: Cluster

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-classic-'))
  await writeFile(join(folder, 'warren.yaml'), file)
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  for (const each of await listClusters({ home })) {
    if ([named('3'), named('copy'), named('4')].includes(each.name)) await each.down()
  }
})

/** A command that speaks to this cluster; its passwords come from the environment. */
async function on(target: Cluster, ...args: string[]): Promise<Finished> {
  const { username, password } = target.credentials
  return warren(args, {
    cwd: folder,
    env: {
      WARREN_HOME: home,
      WARREN_MANAGEMENT_USER: username,
      WARREN_MANAGEMENT_PASSWORD: password,
      CRM_PASSWORD: 'the-crm-password',
      SHOP_PASSWORD: 'the-shop-password',
    },
  })
}

async function up(name: string, ...flags: string[]): Promise<Cluster> {
  const started = await warren(['cluster', 'up', '--name', name, ...flags], { env: { WARREN_HOME: home } })
  expect(started.stderr).toContain(`cluster "${name}" is up`)
  return attachCluster({ home, name })
}

const url = (target: Cluster): string => target.nodes[0]!.managementUrl
const queuesOf = (target: Cluster) => target.management<Queue[]>('queues/common')
const queue = (name: string) => cluster.managementClient().get<Queue>(api`queues/common/${name}`)
const applied = (target: Cluster, ...flags: string[]) => on(target, 'apply', '--yes', '--url', url(target), ...flags)

// The steps of one story, in this order: an installation as it stands in many shops, made and cared for by commands.
describe.skipIf(why !== undefined)(
  `the classic set-up${why === undefined ? '' : ` (${why})`}`,
  { timeout: 180_000 },
  () => {
    test('is two hosts that joined, one of them a RAM node', async () => {
      cluster = await up(named('3'), '--hosts', '-n', '2', '--ram', 'n2', '--version', '3.10')
      const cookies = await Promise.all(
        ['n1', 'n2'].map((node) => readFile(join(cluster.folder, node, 'home/.erlang.cookie'), 'utf8')),
      )
      expect(new Set(cookies).size).toBe(1)
      const hosts = await readFile(`/proc/${(await cluster.pid('n2'))!}/root/etc/hosts`, 'utf8')
      for (const { name, address } of cluster.nodes) expect(hosts).toContain(`${address} ${name}\n`)
      const nodes = await cluster.management<{ name: string; type: string }[]>('nodes')
      expect(nodes.map(({ name, type }) => [name, type])).toEqual([
        ['rabbit@n1', 'disc'],
        ['rabbit@n2', 'ram'],
      ])
    })

    test('gets users, vhost, topology and mirrors from the file, which is then what is there', async () => {
      const { code, stderr } = await applied(cluster)
      expect(stderr).toMatch(/warning ram-node: node "rabbit@n2"/)
      expect(code).toBe(0)
      const plan = await on(cluster, 'plan', '--url', url(cluster))
      expect(plan.stdout).toContain('nothing to change')
      expect(plan.code).toBe(0)
      const users = await cluster.management<{ name: string; tags: string[] }[]>('users')
      expect(users.map(({ name, tags }) => [name, [tags].flat().join(',')])).toEqual([
        ['crm', 'monitoring,policymaker'],
        ['shop', ''],
        ['warren', 'administrator'],
      ])
    })

    test('mirrors what the policy names on the other host, and nothing else', async () => {
      // The policy's name is of the statistics, which nodes publish every 5 s.
      await expect.poll(async () => (await queue('qu.order.crm')).policy, { timeout: 20_000 }).toBe('exchange_queue_ha')
      const queues = await queuesOf(cluster)
      expect(
        queues.map(({ name, type, policy, slave_nodes = [] }) => [name, type, policy ?? null, slave_nodes.length]),
      ).toEqual([
        ['qu.order.crm', 'classic', 'exchange_queue_ha', 1],
        ['qu.product.search', 'classic', null, 0],
      ])
      const exchanges = await cluster.management<{ name: string; policy?: string | null }[]>('exchanges/common')
      expect(exchanges.flatMap(({ name, policy }) => (typeof policy === 'string' ? [[name, policy]] : []))).toEqual([
        ['ex.order.topic', 'exchange_queue_ha'],
      ])
    })
    test('keeps as many copies as ha-params says', async () => {
      expect((await applied(cluster, '--env', 'single')).code).toBe(0)
      await expect.poll(async () => (await queue('qu.order.crm')).slave_nodes ?? [], { timeout: 20_000 }).toEqual([])
      expect((await applied(cluster)).code).toBe(0)
      await expect.poll(async () => (await queue('qu.order.crm')).slave_nodes?.length, { timeout: 20_000 }).toBe(1)
    })

    test('brings back a mirror that fell behind', async () => {
      const { node } = await queue('qu.order.crm')
      const other = cluster.nodes.find(({ erlangName }) => erlangName !== node)!
      await cluster.stop(other.name)
      const client = cluster.managementClient()
      for (let id = 1; id <= messages; id++) {
        const body = { routing_key: 'order.created', payload: String(id), payload_encoding: 'string' }
        await client.post(api`exchanges/common/ex.order.topic/publish`, { ...body, properties: { delivery_mode: 2 } })
      }
      await cluster.start(other.name)
      await expect
        .poll(async () => (await queue('qu.order.crm')).slave_nodes, { timeout: 20_000 })
        .toEqual([other.erlangName])
      expect((await queue('qu.order.crm')).synchronised_slave_nodes).toEqual([])

      const { code, stdout } = await on(cluster, 'queues', 'sync', '--yes', '--url', url(cluster))
      expect(stdout).toBe('1 of 1 queue synchronised\n')
      expect(code).toBe(0)
      expect((await queue('qu.order.crm')).synchronised_slave_nodes).toEqual([other.erlangName])
    })

    test('moves its definitions into a second cluster', async () => {
      const out = join(folder, 'definitions.json')
      const exported = await on(
        cluster,
        'definitions',
        'export',
        '--from',
        url(cluster),
        '--with-secrets',
        '--out',
        out,
      )
      expect(exported.code).toBe(0)
      const copy = await up(named('copy'), '-n', '1', '--version', '3.10')
      // The administrator of each cluster has a password of its own, which stays.
      const imported = await on(copy, 'definitions', 'import', out, '--to', url(copy), '--drop-user', 'warren', '--yes')
      expect(imported.stderr + imported.stdout).toContain('qu.order.crm')
      expect(imported.code).toBe(0)
      expect((await queuesOf(copy)).map(({ name }) => name)).toEqual(['qu.order.crm', 'qu.product.search'])
      // The file of the spec says the same: only what it owns is recorded.
      expect((await on(copy, 'plan', '--url', url(copy))).stdout).toContain('nothing to change')
      await copy.down()
      await cluster.down()
    })
  },
)

describe.skipIf(why !== undefined)(
  `the same file on RabbitMQ 4.3${why === undefined ? '' : ` (${why})`}`,
  { timeout: 180_000 },
  () => {
    test('makes quorum queues', async () => {
      const modern = await up(named('4'), '--hosts', '-n', '3', '--version', '4.3')
      expect((await applied(modern)).code).toBe(0)
      expect((await on(modern, 'plan', '--url', url(modern))).stdout).toContain('nothing to change')
      const queues = await queuesOf(modern)
      expect(queues.map(({ name, type, members = [] }) => [name, type, members.length])).toEqual([
        ['qu.order.crm', 'quorum', 3],
        ['qu.product.search', 'classic', 0],
      ])
      const policies = await modern.management<unknown[]>('policies/common')
      expect(policies).toEqual([])
      const sync = await on(modern, 'queues', 'sync', '--yes', '--url', url(modern))
      expect(sync.stderr).toMatch(/quorum/)
      expect(sync.code).toBe(1)
    })
  },
)
