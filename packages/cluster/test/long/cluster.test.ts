import { type Cluster, listClusters, startCluster } from '@warren/cluster/local'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { processesMarked } from '../../src/local/processes/identity.ts'
import { findServer, folderMark } from '../../src/local/processes/server.ts'
import { privateCluster } from '../../../../test/support/broker.ts'
import { ended, listeningAddresses, startProgram, uidOf } from '../support/processes.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await privateCluster()
})
afterAll(async () => {
  await cluster.down()
})

const members = async () => {
  const nodes = await cluster.management<{ name: string; running: boolean }[]>('nodes')
  return nodes.filter(({ running }) => running).map(({ name }) => name)
}

describe('a cluster of three', () => {
  test('has all nodes running in one cluster when it is handed over', async () => {
    expect(await members()).toEqual(['n1@localhost', 'n2@localhost', 'n3@localhost'])
    const { nodes } = await cluster.status()
    expect(nodes.map(({ state }) => state)).toEqual(['running', 'running', 'running'])
    expect(new Set(nodes.map(({ pid }) => pid)).size).toBe(3)
  })

  test('refuses the guest everybody knows', async () => {
    const response = await fetch(`${cluster.node('n1').managementUrl}/api/whoami`, {
      headers: { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` },
    })
    expect(response.status).toBe(401)
  })

  test.runIf(process.platform === 'linux')('listens on the loopback interface only', async () => {
    const loopback = ['0100007F', '00000000000000000000000001000000']
    for (const name of ['n1', 'n2', 'n3', 'epmd']) {
      const { pid } = (await findServer(cluster.folder, name))!
      const addresses = await listeningAddresses(pid)
      // AMQP, management and Erlang's distribution.
      expect(addresses.length).toBeGreaterThanOrEqual(name === 'epmd' ? 1 : 3)
      expect(loopback).toEqual(expect.arrayContaining(addresses))
    }
  })

  // Where a server comes with a C library of its own, a script and a loader stand before the program.
  test.runIf(process.platform === 'linux')('marks every process with its folder', async () => {
    const marked = await processesMarked(folderMark(cluster.folder))
    const servers = ['n1', 'n2', 'n3', 'epmd'].map(async (name) => (await findServer(cluster.folder, name))!.pid)
    expect(marked.map(({ pid }) => pid)).toEqual(expect.arrayContaining(await Promise.all(servers)))
  })

  test.runIf(process.getuid?.() === 0)('runs its nodes as an ordinary user when root starts it', async () => {
    const { nodes, folder } = await cluster.status()
    for (const { name, pid } of nodes) {
      expect(await uidOf(pid!)).toBeGreaterThan(0)
      const data = await stat(join(folder, name, 'data'))
      expect(data.uid).toBe(await uidOf(pid!))
      expect(data.mode & 0o077).toBe(0)
    }
    // The password is in it.
    expect((await stat(join(folder, 'cluster.json'))).mode & 0o077).toBe(0)
  })

  test('keeps ports and messages of a node through kill -9 and a new start', async () => {
    const { name: vhost } = await cluster.createVhost()
    const declare = { durable: true, arguments: { 'x-queue-type': 'quorum' } }
    await cluster.management(`queues/${vhost}/qu.kept`, { method: 'PUT', body: declare })
    const before = await cluster.pid('n2')

    await cluster.kill('n2')
    expect(await cluster.state('n2')).toBe('stopped')
    expect(await cluster.pid('n2')).toBeUndefined()
    await cluster.start('n2')

    expect(await cluster.state('n2')).toBe('running')
    expect(await cluster.pid('n2')).not.toBe(before)
    expect(await members()).toHaveLength(3)
    const queue = await cluster.management<{ type: string }>(`queues/${vhost}/qu.kept`)
    expect(queue.type).toBe('quorum')
  })

  test('stops and starts a node in order', async () => {
    await cluster.stop('n3')
    expect(await cluster.state('n3')).toBe('stopped')
    expect(await members()).toEqual(['n1@localhost', 'n2@localhost'])
    await cluster.start('n3')
    expect(await members()).toHaveLength(3)
  })

  test('freezes a node, and lets it go on', async () => {
    const url = `${cluster.node('n2').managementUrl}/api/whoami`
    await cluster.pause('n2')
    try {
      expect(await cluster.state('n2')).toBe('paused')
      await expect(fetch(url, { signal: AbortSignal.timeout(500) })).rejects.toThrow()
    } finally {
      await cluster.resume('n2')
    }
    expect(await cluster.state('n2')).toBe('running')
    expect((await fetch(url)).status).toBe(401)
  })

  test('asks another node when the first one is frozen', async () => {
    await cluster.pause('n1')
    try {
      expect(await cluster.management<{ name: string }>('whoami')).toMatchObject({ name: 'warren' })
    } finally {
      await cluster.resume('n1')
    }
  })

  test('can be taken in hand by another process, and shows what that one did', async () => {
    const program = startProgram('kill.ts', inject('warrenRun').home, cluster.name, 'n3')
    expect(await program.line()).toBe('stopped')
    await ended(program.child)
    expect(await cluster.state('n3')).toBe('stopped')
    await cluster.start('n3')
  })

  test('shows logs, and runs the tools of the installation', async () => {
    expect(await cluster.logs('n1')).toMatch(/Server startup complete/)
    expect((await cluster.logs('n1', 2)).split('\n')).toHaveLength(2)
    expect(await cluster.ctl('n1', 'list_vhosts', '--silent')).toContain('/')
    expect(await cluster.tool('rabbitmq-diagnostics', 'n2', 'ping')).toContain('Ping succeeded')
  })

  test('names the nodes there are when asked for another', async () => {
    await expect(cluster.kill('n7')).rejects.toMatchObject({ code: 'NODE_UNKNOWN', message: /n1, n2, n3/ })
  })

  test('refuses its name to a second cluster, and lives beside one of another name', async () => {
    const { home } = inject('warrenRun')
    await expect(startCluster({ home, name: cluster.name })).rejects.toMatchObject({ code: 'CLUSTER_EXISTS' })
    await using other = await privateCluster({ nodes: 1 })
    expect(other.node('n1').amqpPort).not.toBe(cluster.node('n1').amqpPort)
    const names = (await listClusters({ home })).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining([cluster.name, other.name]))
    expect(await members()).toHaveLength(3)
  })
})
