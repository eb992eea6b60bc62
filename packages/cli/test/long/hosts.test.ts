import { listClusters } from '@warren/cluster/local'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { whyNoHosts } from '../../../cluster/test/support/hosts.ts'
import { warren } from '../support/run.ts'

const why = await whyNoHosts()
if (why !== undefined) process.stderr.write(`skipped: commands for clusters of hosts: ${why}\n`)

const name = `cli-hosts-${process.pid}`
const env = { WARREN_HOME: inject('warrenRun').home }
const run = (...args: string[]) => warren(['cluster', ...args, '--name', name], { env })

// The steps of one story, in this order.
describe.skipIf(why !== undefined)(`a cluster of hosts${why === undefined ? '' : ` (${why})`}`, () => {
  afterAll(async () => {
    for (const cluster of await listClusters({ home: env.WARREN_HOME })) if (cluster.name === name) await cluster.down()
  })

  test('comes up by peer discovery and shows names, types and addresses', async () => {
    const options = ['--hosts', '--join', 'peer-discovery', '--ram', 'n2', '--user', 'crm:monitoring']
    const { code, stdout } = await run('up', '-n', '2', ...options)
    expect(code).toBe(0)
    const [head, ...rows] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^NODE +ERLANG NAME +TYPE +STATE +PID +VERSION +AMQP +MANAGEMENT +MEMORY +ALARMS$/)
    expect(rows[0]).toMatch(
      /^n1 +rabbit@n1 +disc +running .*amqp:\/\/warren:\*\*\*@198\.1[89]\.\d+\.1:5672 +http:\S+:15672/,
    )
    expect(rows[1]).toMatch(/^n2 +rabbit@n2 +ram +running .*@198\.1[89]\.\d+\.2:5672/)
    expect(rows.slice(2)).toEqual(['', 'user crm, monitoring'])
    const list = await warren(['cluster', 'list'], { env })
    expect(list.stdout).toMatch(new RegExp(`^${name} +2 of 2 +hosts in 198\\.1[89]\\.\\d+\\.0/24 `, 'm'))
  })

  test('is parted, which status tells by its exit code, and healed', async () => {
    const parted = await run('partition', 'n2')
    expect(parted.stdout).toContain('Parted: n1 | n2; "warren cluster heal" ends it.')
    expect(parted.code).toBe(0)
    const status = await run('status', '--json')
    expect(status.json()).toMatchObject({ kind: 'hosts', sides: [['n1'], ['n2']] })
    expect(status.code).toBe(2)
    const healed = await run('heal', '--json')
    expect(healed.json()).toMatchObject({ sides: null })
  })

  test('shows the passwords of users only when they are asked for', async () => {
    const [masked, open] = await Promise.all([run('status', '--json'), run('status', '--show-passwords')])
    expect(masked.json()).toMatchObject({ users: [{ username: 'crm', tags: ['monitoring'] }] })
    expect(masked.stdout).not.toContain('password')
    expect(open.stdout).toMatch(/^user crm, monitoring, password \S+$/m)
  })

  test('goes down', async () => {
    expect(await run('down')).toMatchObject({ code: 0, stdout: `cluster "${name}" is gone\n` })
  })
})
