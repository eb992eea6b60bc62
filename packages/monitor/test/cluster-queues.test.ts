import { brokerOf, isAtLeast } from '@warren/cluster/management'
import { connect } from 'amqplib'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openPage } from '../../../test/support/browser.ts'
import { sharedCluster } from '../../../test/support/broker.ts'
import { behind, declare, fill, mirror } from '../../cluster/test/support/queues.ts'
import { eventually } from '../../bus/test/support/service.ts'
import type { ActionRow } from '../src/api/activity.ts'
import type { ClusterActionRow, QueueReply } from '../src/api/cluster-queues.ts'
import { startMonitor } from '../src/index.ts'
import { makeApp, secrets } from './support/app.ts'
import { clustered, emptyStore } from './support/clustered.ts'

const viewer = { authorization: `Bearer ${secrets.viewer}` }
const operator = { authorization: `Bearer ${secrets.operator}` }
const { version } = await brokerOf((await sharedCluster()).managementClient())
const hasMirrors = !isAtLeast(version, '4')

const post = (app: FastifyInstance, path: string, payload: object, headers = operator) =>
  app.inject({ method: 'POST', url: `/api/clusters/main/${path}`, headers, payload })

const codeOf = (response: { readonly statusCode: number; json: <T>() => T }) => [
  response.statusCode,
  response.json<{ error?: { code: string } }>().error?.code,
]

async function actionsOf(app: FastifyInstance): Promise<readonly ClusterActionRow[]> {
  const response = await app.inject({ url: '/api/clusters/main/actions', headers: viewer })
  return response.json<{ actions: ClusterActionRow[] }>().actions
}

it('tells of one queue what it is, what holds for it, who consumes it, and what it is bound to', async () => {
  const { vhost, amqpUrl, client, named, password } = await clustered()
  // Longer than a parameter of a path may be, with what a path would take for its own, and with what no store takes.
  const name = `qu.a/b?\0${'x'.repeat(200)}`
  const uri = 'amqp://u:canary-of-an-argument@h'
  await declare(client, vhost, name, { arguments: { 'x-queue-type': 'quorum', 'x-max-length': 5, 'x-uri': uri } })
  await client.put(`exchanges/${vhost}/ex` as never, { type: 'topic', durable: true })
  const connection = await connect(amqpUrl)
  onTestFinished(() => connection.close())
  const channel = await connection.createChannel()
  await channel.bindQueue(name, 'ex', 'order.#', { why: 'because' })
  await channel.prefetch(7)
  await channel.consume(name, () => undefined, { consumerTag: 'crm-1' })
  await client.put(`policies/${vhost}/short` as never, { pattern: 'x', definition: { expires: 600_000 } })
  const app = await makeApp({ clusters: [named] })
  const read = async () => {
    const url = `/api/clusters/main/queue?queue=${encodeURIComponent(name)}`
    return (await app.inject({ url, headers: viewer })).json<QueueReply>()
  }
  // Consumers and policies are told by statistics, every 5 s.
  await expect.poll(async () => (await read()).consumerList, { timeout: 20_000 }).toHaveLength(1)
  await expect.poll(async () => (await read()).policy, { timeout: 20_000 }).toBe('short')
  const reply = await read()
  expect(reply).toMatchObject({
    ...{ vhost, name, type: 'quorum', isDurable: true, isAutoDelete: false, consumers: 1, operatorPolicy: null },
    effectivePolicy: { expires: 600_000 },
    arguments: { 'x-max-length': 5, 'x-uri': 'amqp://u:***@h' },
    consumerList: [{ tag: 'crm-1', prefetch: 7, isActive: true }],
    bindings: [{ exchange: 'ex', key: 'order.#', arguments: { why: 'because' } }],
    bindingCount: 1,
  })
  expect(reply.replicas.map(({ isWell }) => isWell)).toEqual([true, true])
  expect(JSON.stringify(reply)).not.toMatch(new RegExp(`canary-of-an-argument|${password}`))
  const unknown = await app.inject({ url: '/api/clusters/main/queue?queue=none', headers: viewer })
  expect(codeOf(unknown)).toEqual([404, 'QUEUE_UNKNOWN'])
})

describe.runIf(hasMirrors)('mirrors that fell behind', () => {
  it('catch up when an operator says so, which is noted before and with what came of it', async () => {
    const { vhost, amqpUrl, client, named } = await clustered()
    const names = ['ha.1', 'ha.2']
    for (const name of [...names, 'plain']) await declare(client, vhost, name)
    await fill(amqpUrl, names, 500)
    await mirror(client, vhost, '^ha', 2)
    const { label, store } = await emptyStore()
    const app = await makeApp({ clusters: [named], stores: [{ label, store }] })

    const denied = await post(app, 'queues/sync', { queues: names }, viewer)
    expect(codeOf(denied)).toEqual([403, 'ACCESS_DENIED'])
    expect(codeOf(await post(app, 'queues/sync', { queues: [] }))).toEqual([400, 'REQUEST_INVALID'])
    expect(codeOf(await post(app, 'queues/sync', { queues: ['none'] }))).toEqual([404, 'QUEUE_UNKNOWN'])
    expect(await store.actions.list({})).toEqual([])
    expect(await behind(client, vhost, 'ha.1')).toBe(2)

    expect((await post(app, 'queues/sync', { queues: [...names, 'plain'] })).json()).toEqual({ count: 2 })
    expect(codeOf(await post(app, 'queues/sync', { queues: ['ha.2'] }))).toEqual([409, 'ACTION_RUNNING'])
    await expect
      .poll(() => actionsOf(app), { timeout: 60_000 })
      .toMatchObject([{ action: 'queues-sync', actor: 'token:operator', state: 'done' }])
    expect((await actionsOf(app))[0]?.queues.map(({ name, state }) => [name, state])).toEqual([
      ['ha.1', 'done'],
      ['ha.2', 'done'],
    ])
    expect(await Promise.all(names.map((name) => behind(client, vhost, name)))).toEqual([0, 0])
    expect((await post(app, 'queues/sync', { queues: names })).json()).toEqual({ count: 0 })

    const { rows } = (await app.inject({ url: '/api/activity', headers: viewer })).json<{ rows: ActionRow[] }>()
    expect(rows.map(({ action, actor, cluster }) => [action, actor, cluster])).toEqual(
      ['done', 'begun'].map((outcome) => [
        'queues-sync',
        'token:operator',
        { name: 'main', vhost, about: names, outcome },
      ]),
    )
    const details = (await store.actions.list({})).map((entry) => entry.details as { run: string })
    expect(details[0]).toMatchObject({ synchronised: names, failed: [], run: details[1]?.run })
  })

  it('stay as they are when nothing could note who has them catch up', async () => {
    const { vhost, amqpUrl, client, named } = await clustered()
    await declare(client, vhost, 'ha.1')
    await fill(amqpUrl, ['ha.1'], 10)
    await mirror(client, vhost, '^ha', 2)
    const without = await makeApp({ clusters: [named] })
    expect(codeOf(await post(without, 'queues/sync', { queues: ['ha.1'] }))).toEqual([409, 'ACTION_UNLOGGED'])
    const away = await emptyStore('away')
    await away.store.stop()
    const unavailable = Object.assign(Object.create(away.store) as typeof away.store, { isUnavailable: () => true })
    const broken = await makeApp({ clusters: [named], stores: [{ label: 'away', store: unavailable }] })
    expect(codeOf(await post(broken, 'queues/sync', { queues: ['ha.1'] }))).toEqual([503, 'ACTION_UNLOGGED'])
    expect(codeOf(await post(broken, 'queues/cancel-sync', { queues: ['ha.1'] }))).toEqual([503, 'ACTION_UNLOGGED'])
    expect(await behind(client, vhost, 'ha.1')).toBe(2)

    // Another store takes the note.
    const app = await makeApp({
      clusters: [named],
      stores: [{ label: 'away', store: unavailable }, await emptyStore('crm')],
    })
    expect((await post(app, 'queues/sync', { queues: ['ha.1'] })).json()).toEqual({ count: 1 })
    await expect.poll(() => behind(client, vhost, 'ha.1'), { timeout: 60_000 }).toBe(0)
  })

  it('are seen to be synchronised by the person who pressed the button', async () => {
    const { vhost, amqpUrl, client, named } = await clustered()
    await declare(client, vhost, 'ha.1')
    await fill(amqpUrl, ['ha.1'], 300)
    await mirror(client, vhost, '^ha', 2)
    const monitor = await startMonitor({ stores: [await emptyStore()], clusters: [named], port: 0 })
    onTestFinished(() => monitor.stop())
    const page = await openPage()
    await page.goto(monitor.bootstrapUrl ?? '')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Cluster' }).click()
    await page.getByRole('link', { name: 'ha.1' }).click()
    const replicas = page.getByRole('region', { name: 'Replicas' })
    const states = async () => (await replicas.getByRole('row').allTextContents()).slice(1).map((row) => row.trim())
    await eventually(async () => (await states()).filter((row) => row.endsWith('mirrorhas not caught up')).length === 2)

    await page.getByRole('button', { name: 'Synchronise' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('A queue is blocked for publishers and consumers while it does.').waitFor()
    await dialog.getByRole('button', { name: 'Synchronise' }).click()
    await eventually(
      async () => (await states()).filter((row) => row.endsWith('mirrorsynchronised')).length === 2,
      60_000,
    )
    await page.getByRole('region', { name: 'Under way, and done lately' }).getByText('ha.1: done').waitFor()
    expect(await page.getByRole('button', { name: 'Synchronise' }).count()).toBe(0)
    await page.getByRole('link', { name: 'Activity' }).click()
    await page.getByRole('row', { name: /token:bootstrap Synchronise main · ha\.1 done/ }).waitFor()
  })
})

it('leaders are spread over the nodes when an operator says so', async () => {
  const { vhost, client, named } = await clustered()
  await declare(client, vhost, 'qu', { arguments: { 'x-queue-type': 'quorum' } })
  const { label, store } = await emptyStore()
  const app = await makeApp({ clusters: [named], stores: [{ label, store }] })
  const leaders = (await app.inject({ url: '/api/clusters/main/leaders', headers: viewer })).json<{
    nodes: { node: string; leaders: number }[]
  }>()
  const total = leaders.nodes.reduce((sum, each) => sum + each.leaders, 0)
  expect([leaders.nodes.length, total > 0]).toEqual([3, true])
  expect(codeOf(await post(app, 'rebalance', {}, viewer))).toEqual([403, 'ACCESS_DENIED'])
  expect((await post(app, 'rebalance', {})).json<{ count: number }>().count).toBeGreaterThan(0)
  expect(codeOf(await post(app, 'rebalance', {}))).toEqual([409, 'ACTION_RUNNING'])
  await expect
    .poll(() => actionsOf(app), { timeout: 100_000, interval: 500 })
    .toMatchObject([{ action: 'queues-rebalance', state: 'done', error: null }])
  const entries = await store.actions.list({})
  expect(entries.map(({ details }) => (details as { outcome: string }).outcome)).toEqual(['done', 'begun'])
})
