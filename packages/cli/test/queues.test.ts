import { api, type ManagementClient } from '@warren/cluster/management'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { sharedCluster, testVhost, type TestVhost } from '../../../test/support/broker.ts'
import { type Finished, warren } from './support/run.ts'

let own: TestVhost
let client: ManagementClient
let url: string
let env: Record<string, string>

beforeAll(async () => {
  own = await testVhost()
  const cluster = await sharedCluster()
  client = cluster.managementClient()
  url = cluster.nodes[0]!.managementUrl
  const { username, password } = cluster.credentials
  env = { WARREN_MANAGEMENT_USER: username, WARREN_MANAGEMENT_PASSWORD: password }
  for (const name of ['ha.1', 'ha.2']) {
    await client.put(api`queues/${own.vhost}/${name}`, { durable: true })
    const message = { properties: {}, routing_key: name, payload: 'x', payload_encoding: 'string' }
    await client.post(api`exchanges/${own.vhost}/${'amq.default'}/publish`, message)
  }
  await client.put(api`queues/${own.vhost}/qu`, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  // What is there already is not with the mirrors that a policy brings.
  const definition = { 'ha-mode': 'all', 'ha-sync-mode': 'manual' }
  await client.put(api`policies/${own.vhost}/mirrored`, { pattern: '^ha', definition, 'apply-to': 'queues' })
  const mirrors = async (name: string) =>
    (await client.get<{ slave_nodes?: readonly string[] }>(api`queues/${own.vhost}/${name}?disable_stats=true`))
      .slave_nodes
  const isMirrored = async () => {
    for (const name of ['ha.1', 'ha.2']) expect(await mirrors(name)).toHaveLength(2)
  }
  await vi.waitFor(isMirrored, { timeout: 30_000 })
})
afterAll(() => own.drop())

async function queues(...args: string[]): Promise<Finished> {
  const finished = await warren(['queues', ...args, '--url', url], { env })
  expect(finished.stdout + finished.stderr).not.toContain(env['WARREN_MANAGEMENT_PASSWORD'])
  return finished
}

// The steps of one story, in this order.
describe('mirrors that fell behind', () => {
  test('are listed: exit 2', async () => {
    const { code, stdout } = await queues('list', '--vhost', own.vhost, '--unsynchronised')
    expect(stdout).toMatch(/ha\.1 +classic .*\(.+@.+\) \(.+@.+\)/)
    expect(stdout).not.toContain(' qu ')
    expect(code).toBe(2)
    const all = await queues('list', '--vhost', own.vhost, '--pattern', 'qu|1', '--json')
    expect(all.json()).toMatchObject({
      queues: [
        { name: 'ha.1', members: [] },
        { name: 'qu', type: 'quorum', mirrors: [] },
      ],
    })
    expect(all.code).toBe(0)
  })

  test('are synchronised only when somebody agrees, who is told what it does', async () => {
    const dryRun = await queues('sync', '--vhost', own.vhost, '--dry-run')
    expect(dryRun.stdout).toMatch(/ha\.1 .*ha\.2 /s)
    const { code, stderr } = await queues('sync', '--vhost', own.vhost)
    expect(stderr).toMatch(/blocked for publishers and consumers while it synchronises, one queue at a time/)
    expect(stderr).toMatch(/^warren: CONFIRMATION_REQUIRED: Synchronise 2 queues\?/m)
    expect(code).toBe(64)
    expect((await queues('list', '--vhost', own.vhost, '--unsynchronised')).code).toBe(2)
  })

  test('one that cannot be is an error, and the others are synchronised: exit 1', async () => {
    const { code, stdout, stderr, json } = await queues('sync', 'ha.1', 'qu', '--vhost', own.vhost, '--yes', '--json')
    expect(json()).toMatchObject({
      results: [
        { result: 'synchronised', name: 'ha.1' },
        { result: 'failed', name: 'qu', code: 'QUEUE_UNSUITABLE' },
      ],
    })
    expect(stdout).not.toContain('copied')
    expect(stderr).toMatch(/^warren: QUEUE_SYNC_FAILED: 1 of 2 queues not synchronised\. QUEUE_UNSUITABLE: /m)
    expect(code).toBe(1)
  })

  test('are all synchronised', async () => {
    const { code, stdout, stderr } = await queues('sync', '--vhost', own.vhost, '--yes')
    expect(stderr).toMatch(/^\[1\/1\] synchronised: "ha\.2" in vhost/m)
    expect(stdout).toBe('1 of 1 queue synchronised\n')
    expect(code).toBe(0)
    expect((await queues('list', '--vhost', own.vhost, '--unsynchronised')).stdout).toBe('every mirror has caught up\n')
  })

  test('need no cancelling then', async () => {
    // That a queue synchronises is of the statistics, which lag by 5 s.
    await expect
      .poll(async () => (await queues('cancel-sync', '--vhost', own.vhost)).stdout, { timeout: 30_000, interval: 1000 })
      .toBe('no queue is synchronising\n')
  })
})

test('leaders are counted and not moved without a yes', async () => {
  const { code, stdout } = await queues('rebalance', '--dry-run')
  expect(stdout).toMatch(/^NODE +LEADS\n(\S+@\S+ +\d+\n){3}$/)
  expect(code).toBe(0)
  expect((await queues('rebalance')).code).toBe(64)
})

test.each([
  [['grow', 'n2'], /^warren: QUEUE_MEMBERS_UNSUPPORTED: .*"rabbitmq-queues grow n2 all"/m, 1],
  [['sync', 'none'], /^warren: QUEUE_UNKNOWN: there is no queue "none"/m, 66],
  [['list', '--pattern', '('], /^warren: USAGE_INVALID: .*regular expression/m, 64],
] as const)('%j is answered with what to do', async (args, expected, code) => {
  const finished = await queues(...args)
  expect(finished.stderr).toMatch(expected)
  expect(finished.code).toBe(code)
})

test('a broker that is named nowhere is a mistake of usage', async () => {
  const { code, stderr } = await warren(['queues', 'list'], { env })
  expect(stderr).toMatch(/^warren: USAGE_INVALID: no broker is named/m)
  expect(code).toBe(64)
})
