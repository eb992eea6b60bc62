import { attachCluster, listClusters } from '@warren/cluster/local'
import type { Cluster } from '@warren/cluster/local'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { ids } from '../support/fill.ts'
import { shopFolder, startWarren, warren } from '../support/run.ts'
import { filledStores } from '../support/stores.ts'
import type { StorePlaces } from '../support/stores.ts'

const name = `cli-${process.pid}`
const env = { WARREN_HOME: inject('warrenRun').home }
const run = (...args: string[]) => warren(['cluster', ...args, '--name', name], { env })
const states = (document: unknown) =>
  (document as { readonly nodes: readonly { readonly name: string; readonly state: string }[] }).nodes.map(
    ({ name, state }) => `${name} ${state}`,
  )

// The steps of one story, in this order, on a cluster that is up from the first one to the last.
describe('a local cluster', () => {
  afterAll(async () => {
    for (const cluster of await listClusters({ home: env.WARREN_HOME })) if (cluster.name === name) await cluster.down()
  })

  test('is not started with a series of RabbitMQ that cannot be had', async () => {
    const { code, stdout, stderr } = await run('up', '--version', '4.9')
    expect(stderr).toMatch(/^warren: VERSION_UNAVAILABLE: RabbitMQ 4\.9 .*3\.10, 4\.0, 4\.3/)
    expect(stdout).toBe('')
    expect(code).toBe(66)
  })

  test('comes up, tells how far it is, and shows its nodes', async () => {
    const { code, stdout, stderr } = await run('up', '-n', '2')
    expect(stderr).toMatch(/^n1: starting$/m)
    expect(stderr).toMatch(/^n2: running$/m)
    expect(stderr).toContain(`warren cluster down`)
    const [head, ...rows] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^NODE +STATE +PID +VERSION +AMQP +MANAGEMENT +MEMORY +ALARMS$/)
    expect(rows).toHaveLength(2)
    for (const row of rows) {
      expect(row).toMatch(
        /^n\d +running +\d+ +\d+\.\d+\.\d+ +amqp:\/\/warren:\*\*\*@127\.0\.0\.1:\d+ +http:\/\/127\.0\.0\.1:\d+ +\d+ MiB$/,
      )
    }
    expect(code).toBe(0)
  })

  test('shows passwords only when they are asked for', async () => {
    const { password } = (await attachCluster({ home: env.WARREN_HOME, name })).credentials
    const [masked, open] = await Promise.all([run('status', '--json'), run('status', '--json', '--show-passwords')])
    expect(masked.json()).toMatchObject({ isAlarmed: false, credentials: { username: 'warren' } })
    expect(masked.stdout).not.toContain(password)
    expect(open.stdout).toContain(`amqp://warren:${password}@`)
    expect(masked.code).toBe(0)
  })

  test('loses a node by kill, which status tells by its exit code, and gets it back', async () => {
    const killed = await run('kill', 'n2', '--json')
    expect(states(killed.json())).toEqual(['n1 running', 'n2 stopped'])
    expect(killed.code).toBe(0)
    const status = await run('status')
    expect(status.stdout).toMatch(/^n2 +stopped +\d+\.\d+/m)
    expect(status.code).toBe(2)
    const started = await run('start', 'n2', '--json')
    expect(states(started.json())).toEqual(['n1 running', 'n2 running'])
  })

  describe('is looked at by the doctor', () => {
    const codesOf = (document: unknown) =>
      (document as { readonly findings: readonly { readonly code: string }[] }).findings.map(({ code }) => code)

    test('of this project, with what only the tools on its nodes tell', async () => {
      const { code, stdout, stderr } = await run('doctor', '--severity', 'notice')
      expect(stdout).toMatch(/^warning disk-limit-default: node "n1@localhost" raises an alarm when 48 MiB/m)
      expect(stdout).toMatch(/^ {2}do: {2}rabbitmqctl -n n1@localhost set_disk_free_limit mem_relative 1\.0/m)
      expect(stdout).toMatch(/^notice even-number-of-nodes: /m)
      expect(stdout).not.toContain('not-read')
      expect(stderr).toMatch(/^reading http:\S+, http:\S+$/m)
      expect(code).toBe(2)
    })

    test('as any other, by its URL, for CI', async () => {
      const { nodes, credentials } = await attachCluster({ home: env.WARREN_HOME, name })
      const user = { WARREN_MANAGEMENT_USER: credentials.username, WARREN_MANAGEMENT_PASSWORD: credentials.password }
      const urls = nodes.flatMap(({ managementUrl }) => ['--url', managementUrl])
      const doctor = (...args: string[]) => warren(['cluster', 'doctor', '--json', ...urls, ...args], { env: user })
      const told = await doctor()
      expect(codesOf(told.json())).toContain('disk-limit-default')
      expect(told.stdout).not.toContain(credentials.password)
      expect(told.code).toBe(2)
      const severe = await doctor('--severity', 'error')
      expect(severe.json()).toMatchObject({ findings: [], ignored: 0 })
      expect(severe.code).toBe(0)
      const ignored = await doctor(...codesOf(told.json()).flatMap((each) => ['--ignore', each]))
      expect(codesOf(ignored.json())).toEqual([])
      expect(ignored.code).toBe(0)
      const status = await warren(['cluster', 'status', ...urls], { env: user })
      expect(status.stdout).toMatch(/^n1@localhost +disc +running +\d+\.\d+\.\d+ +\d+ MiB of \d+ MiB +\d+ MiB$/m)
      expect(status.code).toBe(0)
    })

    test('only as one or the other, and only when it can be read', async () => {
      const both = await run('doctor', '--url', 'http://127.0.0.1:1')
      expect(both.stderr).toMatch(/^warren: USAGE_INVALID: --url names any cluster/)
      expect(both.code).toBe(64)
      const away = await warren(['cluster', 'doctor', '--url', 'http://admin:secret@127.0.0.1:1'])
      expect(away.stderr).toMatch(/^warren: MANAGEMENT_UNREACHABLE: /m)
      expect(away.stderr).not.toContain('secret')
      expect(away.code).toBe(69)
    })
  })

  test('has logs', async () => {
    const { stdout } = await run('logs', '--lines', '3')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.filter((line) => line.startsWith('n1 | '))).toHaveLength(3)
    expect(lines.filter((line) => line.startsWith('n2 | '))).toHaveLength(3)
  })

  test('has no node of another name', async () => {
    const { code, stderr } = await run('pause', 'n7')
    expect(stderr).toMatch(/^warren: NODE_UNKNOWN: .* has no node "n7"; it has n1, n2$/m)
    expect(code).toBe(66)
  })

  test.each(['partition', 'heal'])('cannot %s nodes that share one interface', async (verb) => {
    const { code, stderr } = await run(verb, ...(verb === 'heal' ? [] : ['n2']))
    expect(stderr).toMatch(/^warren: HOSTS_REQUIRED: .*warren cluster up --hosts/m)
    expect(code).toBe(64)
  })

  describe('and a relay', () => {
    let places: StorePlaces
    let cluster: Cluster
    beforeAll(async () => {
      places = await filledStores('sqlite')
      cluster = await attachCluster({ home: env.WARREN_HOME, name })
      // What a publisher and a subscriber would declare.
      await cluster.management('exchanges/%2f/ex.order.topic', {
        method: 'PUT',
        body: { type: 'topic', durable: true },
      })
      await cluster.management('queues/%2f/qu.order.crm', { method: 'PUT', body: { durable: true } })
      await cluster.management('bindings/%2f/e/ex.order.topic/q/qu.order.crm', {
        method: 'POST',
        body: { routing_key: 'order.#' },
      })
    })
    afterAll(() => places.drop())

    test('sends what is pending, drains on SIGTERM, and tells what it did', async () => {
      const store = await places.open('orders')
      const child = startWarren(
        ['relay', '--store', places.urls.orders, '--service', 'orders', '--entity', 'order', '--json'],
        {
          env: { WARREN_ENDPOINTS: cluster.amqpUrls.join() },
        },
      )
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', (text: string) => (stdout += text))
      child.stderr.on('data', (text: string) => (stderr += text))
      onTestFinished(() => void child.kill('SIGKILL'))
      const closed = once(child, 'close')
      await expect.poll(async () => (await store.outbox.backlog()).pending, { timeout: 30_000 }).toBe(0)
      child.kill('SIGTERM')
      expect(await closed).toEqual([0, null])
      expect(JSON.parse(stdout)).toMatchObject({ service: 'orders', totals: { confirmed: 1 } })
      const logged = stderr
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly message: string })
      expect(logged.map(({ message }) => message)).toEqual(
        expect.arrayContaining(['the relay runs', 'the relay has stopped']),
      )
      expect(stderr).not.toContain(cluster.credentials.password)
      const sent = await store.messages.sent({ state: 'sent' })
      expect(sent.map(({ id }) => id)).toContain(ids.pending)
    })

    test('is refused with a wrong password, which is not shown', async () => {
      const url = cluster.amqpUrls[0]?.replace(/:[^:@]*@/, ':topsecret@') ?? ''
      const { code, stdout, stderr } = await warren(['relay', '--store', 'orders', '--debug'], {
        cwd: shopFolder,
        env: { ...places.env, WARREN_ENDPOINTS: url },
      })
      expect(stderr).toMatch(/^warren: ACCESS_REFUSED: 127\.0\.0\.1:\d+ refused the user "warren"/m)
      expect(stdout + stderr).not.toContain('topsecret')
      expect(code).toBe(69)
    })
  })

  test('goes down: nobody listens any more', async () => {
    const cluster = await attachCluster({ home: env.WARREN_HOME, name })
    const ports = cluster.nodes.map((node) => node.amqpPort)
    expect(await Promise.all(ports.map(isListening))).toEqual([true, true])
    const { stdout, code } = await run('down')
    expect(stdout).toBe(`cluster "${name}" is gone\n`)
    expect(code).toBe(0)
    expect(await Promise.all(ports.map(isListening))).toEqual([false, false])
    const status = await run('status')
    expect(status.stderr).toMatch(/^warren: CLUSTER_UNKNOWN: /)
    expect(status.code).toBe(66)
  })
})

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
