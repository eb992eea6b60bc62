import { type Cluster, startCluster } from '@warren/cluster/local'
import { isAtLeast } from '@warren/cluster/management'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { identify, isAlive } from '../../src/local/processes/identity.ts'
import { findServer } from '../../src/local/processes/server.ts'
import { until } from '../../src/local/processes/until.ts'
import { privateCluster, testedSeries } from '../../../../test/support/broker.ts'
import { traces, whyNoHosts } from '../support/hosts.ts'
import { ended, listeningAddresses, startProgram, uidOf } from '../support/processes.ts'

/** What `npm test` has without a series of its own is 3.10. */
const series = testedSeries() ?? '3.10'
const hasMirrors = !isAtLeast(series, '4')
// With Khepri, from 4.2 on, no node keeps metadata in memory alone, and none has to give in after a partition.
const isMnesia = !isAtLeast(series, '4.2')

const why = await whyNoHosts()
if (why !== undefined) process.stderr.write(`skipped: tests of clusters of hosts: ${why}\n`)

interface Queue {
  readonly name: string
  readonly node: string
  readonly policy?: string | null
  readonly slave_nodes?: readonly string[]
}

// The steps of one story, in this order.
describe.skipIf(why !== undefined)(`two hosts${why === undefined ? '' : ` (${why})`}`, () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await privateCluster({
      nodes: 2,
      hosts: isMnesia ? { ram: ['n2'] } : {},
      users: [{ name: 'crm', tags: ['monitoring', 'policymaker'] }, { name: 'shop' }],
      // Nodes give each other up after this many seconds of silence; the default is 60.
      config: { net_ticktime: 5 },
    })
  }, 120_000)
  afterAll(async () => {
    const { addresses } = await cluster.status()
    await cluster.down()
    expect(await traces(addresses.replace('0/24', ''))).toEqual([])
  })

  const put = (path: string, body: unknown) => cluster.management(path, { method: 'PUT', body })
  const nodes = () => cluster.management<{ name: string; type: string; running: boolean }[]>('nodes')
  /** Who runs and whom it lost and met again, as one node sees it. */
  const seenBy = async (node: string): Promise<{ running: string[]; partitions: string[] }> => {
    const { username, password } = cluster.credentials
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    const url = `${cluster.node(node).managementUrl}/api/nodes?columns=name,running,partitions`
    const answer = await fetch(url, { headers: { authorization } })
    const seen = (await answer.json()) as { name: string; running: boolean; partitions?: string[] }[]
    return {
      running: seen.filter(({ running }) => running).map(({ name }) => name),
      partitions: seen.find(({ name }) => name === cluster.node(node).erlangName)?.partitions ?? [],
    }
  }

  test('became a cluster by join_cluster, one of them a RAM node where there are any, each under its own name', async () => {
    const { kind, addresses, nodes: hosts } = await cluster.status()
    expect(kind).toBe('hosts')
    expect(hosts.map(({ state }) => state)).toEqual(['running', 'running'])
    expect(addresses).toMatch(/^198\.1[89]\.\d+\.0\/24$/)
    expect(hosts.map(({ amqpUrl }) => new URL(amqpUrl).host)).toEqual(hosts.map(({ address }) => `${address}:5672`))
    expect((await nodes()).map(({ name, type, running }) => [name, type, running])).toEqual([
      ['rabbit@n1', 'disc', true],
      ['rabbit@n2', isMnesia ? 'ram' : 'disc', true],
    ])
  })

  test('have the same cookie, know each other from a hosts file, and listen on their own addresses as nobody special', async () => {
    const [one, two] = await Promise.all(
      ['n1', 'n2'].map((name) => readFile(join(cluster.folder, name, 'home/.erlang.cookie'), 'utf8')),
    )
    expect(one).toBe(two)
    for (const { name } of cluster.nodes) {
      const pid = (await cluster.pid(name))!
      expect(await readFile(`/proc/${pid}/root/etc/hosts`, 'utf8')).toBe(
        [
          '127.0.0.1 localhost',
          '::1 localhost',
          ...cluster.nodes.map((node) => `${node.address} ${node.name}`),
          '',
        ].join('\n'),
      )
      expect(await uidOf(pid)).toBeGreaterThan(0)
      const epmd = (await findServer(cluster.folder, `epmd-${name}`))!
      expect(await uidOf(epmd.pid)).toBeGreaterThan(0)
      const own = hexadecimal(cluster.node(name).address)
      expect(new Set(await listeningAddresses(pid))).toEqual(new Set([own]))
      expect(await listeningAddresses(epmd.pid)).toContain(own)
    }
  })

  test('have the users that were asked for, and no guest', async () => {
    const users = await cluster.management<{ name: string; tags: string[] | string }[]>('users')
    expect(users.map(({ name, tags }) => [name, [tags].flat().join(',')])).toEqual([
      ['crm', 'monitoring,policymaker'],
      ['shop', ''],
      ['warren', 'administrator'],
    ])
    const { username, password } = cluster.users[0]!
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    const answer = await fetch(`${cluster.node('n2').managementUrl}/api/whoami`, { headers: { authorization } })
    expect(answer.status).toBe(200)
  })

  test.runIf(hasMirrors)('mirror what a policy names, and nothing else', async () => {
    await put('vhosts/common', {})
    await put('permissions/common/warren', { configure: '.*', write: '.*', read: '.*' })
    await put('policies/common/exchange_queue_ha', {
      pattern: String.raw`\.order\.`,
      definition: { 'ha-mode': 'all', 'ha-sync-mode': 'automatic' },
      'apply-to': 'all',
    })
    for (const exchange of ['ex.order.topic', 'ex.product.topic']) {
      await put(`exchanges/common/${exchange}`, { type: 'topic', durable: true })
    }
    for (const queue of ['qu.order.crm', 'qu.product.search']) {
      await put(`queues/common/${queue}`, { durable: true, node: 'rabbit@n1' })
    }
    const queues = await until(async () => {
      const found = await cluster.management<Queue[]>('queues/common')
      // The policy's name is of the statistics, which nodes publish every 5 s.
      return found.some(({ slave_nodes, policy }) => slave_nodes?.length === 1 && typeof policy === 'string') && found
    }, 45_000)
    expect(
      queues?.map(({ name, node, policy, slave_nodes = [] }) => [name, node, policy ?? null, slave_nodes]),
    ).toEqual([
      ['qu.order.crm', 'rabbit@n1', 'exchange_queue_ha', ['rabbit@n2']],
      ['qu.product.search', 'rabbit@n1', null, []],
    ])
    const exchanges = await cluster.management<{ name: string; policy?: string | null }[]>('exchanges/common')
    expect(exchanges.filter(({ policy }) => typeof policy === 'string').map(({ name }) => name)).toEqual([
      'ex.order.topic',
    ])
  })

  test('lose a host by kill -9 and get it back with its address', async () => {
    const before = await cluster.pid('n2')
    await cluster.kill('n2')
    expect(await cluster.state('n2')).toBe('stopped')
    await cluster.start('n2')
    expect(await cluster.pid('n2')).not.toBe(before)
    expect((await nodes()).map(({ running }) => running)).toEqual([true, true])
  })

  test.runIf(hasMirrors)('get a mirror back with its host', async () => {
    const mirrors = await until(async () => {
      const { slave_nodes } = await cluster.management<Queue>('queues/common/qu.order.crm')
      return slave_nodes?.length === 1 && slave_nodes
    }, 45_000)
    expect(mirrors).toEqual(['rabbit@n2'])
  })

  test('are parted, which both see, and made one again', async () => {
    await cluster.partition(['n1'], ['n2'])
    expect((await cluster.status()).sides).toEqual([['n1'], ['n2']])
    for (const { name, erlangName } of cluster.nodes) {
      const running = await until(async () => {
        const seen = await seenBy(name)
        return seen.running.length === 1 && seen.running
      }, 60_000)
      expect(running).toEqual([erlangName])
      // Both are there for this machine.
      expect(await cluster.state(name)).toBe('running')
    }

    await cluster.heal()
    expect(await cluster.sides()).toBeUndefined()
    if (isMnesia) {
      for (const { name } of cluster.nodes) {
        const lost = await until(async () => {
          const { partitions } = await seenBy(name)
          return partitions.length > 0 && partitions
        }, 60_000)
        expect(lost).toEqual(cluster.nodes.filter((other) => other.name !== name).map(({ erlangName }) => erlangName))
      }
      // With cluster_partition_handling = ignore, the default of two, somebody has to choose who gives in.
      await cluster.stop('n2')
      await cluster.start('n2')
    }
    const areOne = await until(async () => {
      const seen = await Promise.all(cluster.nodes.map(({ name }) => seenBy(name)))
      return seen.every(({ running, partitions }) => running.length === 2 && partitions.length === 0)
    }, 60_000)
    expect(areOne).toBe(true)
  }, 240_000)
})

describe.skipIf(why !== undefined)(`a cluster of hosts${why === undefined ? '' : ` (${why})`}`, () => {
  test('leaves nothing when its owner is killed: no process, no namespace, no link, no route', async () => {
    const { home, name } = inject('warrenRun')
    const program = startProgram('own-hosts.ts', home, `${name}-hosts`)
    const { addresses, folder, pid } = JSON.parse(await program.line()) as Record<string, string>
    const node = await identify(Number(pid))
    const { id } = JSON.parse(await readFile(join(folder!, 'network.json'), 'utf8')) as { id: string }
    expect((await traces(id)).length).toBeGreaterThan(2)

    program.child.kill('SIGKILL')
    await ended(program.child)
    const isGone = await until(async () => (await traces(id)).length === 0, 15_000)
    expect(isGone).toBe(true)
    expect(await traces(addresses!.replace('0/24', ''))).toEqual([])
    expect(await isAlive(node)).toBe(false)
  })
})

test('says which RAM nodes, users and partitions there cannot be', async () => {
  const { home } = inject('warrenRun')
  const start = (options: object) => startCluster({ home, nodes: 2, ...options })
  await expect(start({ hosts: { ram: ['n3'] } })).rejects.toMatchObject({ code: 'NODE_UNKNOWN', message: /n1, n2/ })
  await expect(start({ hosts: { ram: ['n1'] } })).rejects.toMatchObject({ code: 'CLUSTER_INVALID', message: /founds/ })
  await expect(start({ users: [{ name: 'warren' }] })).rejects.toMatchObject({ code: 'CLUSTER_INVALID' })
  await expect(start({ users: [{ name: 'a' }, { name: 'a' }] })).rejects.toMatchObject({ code: 'CLUSTER_INVALID' })
})

/** As the kernel has it: 198.18.5.1 is 010512C6. */
function hexadecimal(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return bytes.toReversed().join('').toUpperCase()
}
