import { attachCluster, listClusters, startCluster } from '@warren/cluster/local'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { identify, isAlive } from '../../src/local/processes/identity.ts'
import { until } from '../../src/local/processes/until.ts'
import { ended, startProgram } from '../support/processes.ts'

const nameOf = (title: string) => `${inject('warrenRun').name}-${title}`

test('ends brokers and databases, and removes their data, when their owner is killed', async () => {
  const { home } = inject('warrenRun')
  const name = nameOf('owned')
  const program = startProgram('own.ts', home, name)
  const pids = JSON.parse(await program.line()) as number[]
  const processes = await Promise.all(pids.map((pid) => identify(pid)))
  expect(await Promise.all(processes.map((process) => isAlive(process)))).toEqual([true, true])

  program.child.kill('SIGKILL')
  await ended(program.child)

  const folders = [join(home, 'clusters', name), join(home, 'databases', name)]
  const areGone = await until(async () => {
    const exist = await Promise.all(
      folders.map((folder) =>
        access(folder).then(
          () => true,
          () => false,
        ),
      ),
    )
    return !exist.includes(true)
  }, 15_000)
  expect(areGone).toBe(true)
  expect(await Promise.all(processes.map((process) => isAlive(process)))).toEqual([false, false])
})

test('stays after the process that started it when detached, comes back with its data, and goes when told', async () => {
  const { home } = inject('warrenRun')
  const name = nameOf('detached')
  const program = startProgram('up.ts', home, name)
  const pid = Number(await program.line())
  expect(await ended(program.child)).toBe(0)

  const cluster = await attachCluster({ home, name })
  expect(await cluster.pid('n1')).toBe(pid)
  const vhost = await cluster.createVhost()
  await cluster.stop()
  expect((await cluster.status()).nodes.map(({ state }) => state)).toEqual(['stopped'])

  const again = await startCluster({ home, name, nodes: 1, isDetached: true })
  expect(again.credentials).toEqual(cluster.credentials)
  expect(await again.management<{ name: string }>(`vhosts/${vhost.name}`)).toMatchObject({ name: vhost.name })

  await again.down()
  await again.down()
  expect((await listClusters({ home })).map((found) => found.name)).not.toContain(name)
  await expect(attachCluster({ home, name })).rejects.toMatchObject({ code: 'CLUSTER_UNKNOWN' })
})

test('does not take a stranger for a node when a pid was given out again', async () => {
  const own = await identify(process.pid)
  expect(await isAlive(own)).toBe(true)
  expect(await isAlive({ pid: process.pid, startedAt: 'another time' })).toBe(false)
})
