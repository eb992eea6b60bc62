import { api } from '@warren/cluster/management'
import { connect } from 'amqplib'
import { expect, it, onTestFinished } from 'vitest'
import { sharedCluster } from '../../../test/support/broker.ts'
import { openPage } from '../../../test/support/browser.ts'
import { declare } from '../../cluster/test/support/queues.ts'
import type { ConnectionsReply, PolicyRow } from '../src/api/cluster-reads.ts'
import { startMonitor } from '../src/index.ts'
import { makeApp, secrets } from './support/app.ts'
import { clustered } from './support/clustered.ts'

// Its start is no part of any test's time.
await sharedCluster()

const headers = { authorization: `Bearer ${secrets.viewer}` }

it('tells what each policy matches and where another counts, and shows it', async () => {
  const { vhost, client, named } = await clustered()
  for (const name of ['qu.order.crm', 'qu.mail']) await declare(client, vhost, name)
  const put = (name: string, pattern: string, priority: number, definition: object) =>
    client.put(api`policies/${vhost}/${name}`, { pattern, priority, definition, 'apply-to': 'queues' })
  await put('all', '^qu', 0, { 'max-length': 1_000 })
  await put('orders', '^qu\\.order', 5, { 'max-length': 5_000 })
  await put('lost', '.queue.', 0, { expires: 1_000 })
  const operator = { pattern: 'mail', definition: { 'max-length': 10 }, 'apply-to': 'queues' }
  await client.put(api`operator-policies/${vhost}/${'cap'}`, operator)
  const app = await makeApp({ clusters: [named] })
  const response = await app.inject({ url: '/api/clusters/main/policies', headers })
  const { policies } = response.json<{ policies: PolicyRow[] }>()
  expect(policies.map(({ kind, name, counts, shadowed }) => [kind, name, counts.first, shadowed.first])).toEqual([
    ['policy', 'orders', [{ kind: 'queue', name: 'qu.order.crm' }], []],
    ['policy', 'all', [{ kind: 'queue', name: 'qu.mail' }], [{ kind: 'queue', name: 'qu.order.crm', by: 'orders' }]],
    ['operator-policy', 'cap', [{ kind: 'queue', name: 'qu.mail' }], []],
    ['policy', 'lost', [], []],
  ])

  const monitor = await startMonitor({ stores: [], clusters: [named], port: 0 })
  onTestFinished(() => monitor.stop())
  const page = await openPage()
  await page.goto(monitor.bootstrapUrl ?? '')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('link', { name: 'Cluster' }).click()
  await page.getByRole('link', { name: 'Policies' }).click()
  await page
    .getByRole('row')
    .filter({ hasText: /^all.*qu\.mail.*qu\.order\.crm: orders counts instead/ })
    .waitFor()
  await page
    .getByRole('row')
    .filter({ hasText: /^lost.*nothing$/ })
    .waitFor()
})

it('tells who is connected, page by page, with a filter and without what a client says that nobody is to see', async () => {
  const { vhost, amqpUrl, named, password } = await clustered()
  for (const own of ['shop', 'amqp://shop:canary-of-a-client@h', 'crm']) {
    const connection = await connect(amqpUrl, { clientProperties: { connection_name: own, token: 'canary-token' } })
    onTestFinished(() => connection.close())
    await connection.createChannel()
  }
  const app = await makeApp({ clusters: [named] })
  const read = async (query = '') => {
    const response = await app.inject({ url: `/api/clusters/main/connections${query}`, headers })
    expect([query, response.statusCode]).toEqual([query, 200])
    expect(response.body).not.toMatch(new RegExp(`canary|${password}`))
    return response.json<ConnectionsReply>()
  }
  const own = async () => (await read('?limit=500')).connections.filter((each) => each.vhost === vhost)
  await expect.poll(async () => (await own()).map(({ channels }) => channels), { timeout: 20_000 }).toEqual([1, 1, 1])
  expect((await own()).map(({ ownName }) => ownName).toSorted()).toEqual(['amqp://shop:***@h', 'crm', 'shop'])
  expect((await own())[0]).toMatchObject({
    ...{ user: 'warren', state: 'running', isTls: false, protocol: 'AMQP 0-9-1' },
    peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as unknown,
    node: expect.stringMatching(/@/) as unknown,
  })
  const first = await read('?limit=2')
  expect([first.connections.length, first.page, first.pages >= 2]).toEqual([2, 1, true])
  // Connections may have gone since the page before.
  expect((await read('?limit=2&page=900')).page).toBe(1)
  const one = first.connections[0]?.name ?? ''
  const found = await read(`?filter=${encodeURIComponent(one)}`)
  expect([found.count, found.connections.map(({ name }) => name)]).toEqual([1, [one]])
  expect((await read('?filter=nobody-is-called-so')).connections).toEqual([])
  expect((await app.inject({ url: '/api/clusters/main/connections?page=0', headers })).statusCode).toBe(400)
})
