import { api } from '@warren/cluster/management'
import type { FastifyInstance } from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { sharedCluster } from '../../../test/support/broker.ts'
import { openPage } from '../../../test/support/browser.ts'
import { declare } from '../../cluster/test/support/queues.ts'
import type { PlanReply } from '../src/api/definitions.ts'
import { startMonitor } from '../src/index.ts'
import { makeApp, secrets } from './support/app.ts'
import { clustered, emptyStore } from './support/clustered.ts'

// Its start is no part of any test's time.
await sharedCluster()

const viewer = { authorization: `Bearer ${secrets.viewer}` }
const operator = { authorization: `Bearer ${secrets.operator}` }

async function post(app: FastifyInstance, path: string, payload: object, headers = operator) {
  const response = await app.inject({ method: 'POST', url: `/api/clusters/main/definitions/${path}`, headers, payload })
  const reply = response.json<PlanReply & { count?: number; error?: { code: string; message: string } }>()
  return { status: response.statusCode, code: reply.error?.code, reply, body: response.body }
}

const queue = (name: string, args: object = {}) => ({ name, durable: true, auto_delete: false, arguments: args })
const policy = (maxLength: number) => ({
  ...{ vhost: 'elsewhere', name: 'short', pattern: '^qu', priority: 0, 'apply-to': 'all' },
  definition: { 'max-length': maxLength },
})
const file = (document: object) => ({ kind: 'file', text: JSON.stringify(document) })

it('shows what a file would do, and does that and nothing else, noted before', async () => {
  const { vhost, client, named } = await clustered()
  await declare(client, vhost, 'qu.old', { arguments: { 'x-max-length': 5 } })
  const { label, store } = await emptyStore()
  const app = await makeApp({ clusters: [named], stores: [{ label, store }] })
  const source = file({ users: [{ name: 'x', tags: [] }], queues: [queue('qu.new')], policies: [policy(10)] })

  expect(await post(app, 'plan', { source }, viewer)).toMatchObject({ status: 403, code: 'ACCESS_DENIED' })
  const { reply: plan } = await post(app, 'plan', { source })
  expect(plan).toMatchObject({ counts: { create: 2, overwrite: 0, skip: 0 }, blocking: [], ignored: ['users'] })
  expect(plan.steps.map(({ action, section, identity }) => [action, section, identity['name']])).toEqual([
    ['create', 'policies', 'short'],
    ['create', 'queues', 'qu.new'],
  ])
  expect(await client.find(api`queues/${vhost}/${'qu.new'}`)).toBeUndefined()
  expect(await store.actions.list({})).toEqual([])

  // Another file, and a cluster that has changed since.
  const more = file({ queues: [queue('qu.new'), queue('qu.more')] })
  expect(await post(app, 'apply', { source: more, plan: plan.id })).toMatchObject({ status: 409, code: 'PLAN_STALE' })
  await client.put(api`policies/${vhost}/${'short'}`, { pattern: '^qu', definition: { 'max-length': 7 } })
  expect(await post(app, 'apply', { source, plan: plan.id })).toMatchObject({ status: 409, code: 'PLAN_STALE' })
  expect(await client.find(api`queues/${vhost}/${'qu.new'}`)).toBeUndefined()
  expect(await store.actions.list({})).toEqual([])

  const { reply: again } = await post(app, 'plan', { source })
  expect(again.steps[0]).toMatchObject({
    action: 'overwrite',
    changes: [{ path: 'definition.max-length', before: 7, after: 10 }],
  })
  expect(await post(app, 'apply', { source, plan: again.id })).toMatchObject({ status: 200, reply: { count: 2 } })
  expect(await client.find(api`queues/${vhost}/${'qu.new'}`)).toBeDefined()
  expect(await client.find(api`queues/${vhost}/${'qu.old'}`)).toBeDefined()
  const entries = await store.actions.list({})
  expect(
    entries.map(({ action, actor, details }) => [action, actor, (details as { outcome: string }).outcome]),
  ).toEqual([
    ['definitions-import', 'token:operator', 'done'],
    ['definitions-import', 'token:operator', 'begun'],
  ])
  expect((await post(app, 'plan', { source })).reply.counts).toEqual({ create: 0, overwrite: 0, skip: 0 })

  // With nowhere to note it, it is not done.
  const without = await makeApp({ clusters: [named] })
  const third = file({ queues: [queue('qu.third')] })
  const { reply: planned } = await post(without, 'plan', { source: third })
  expect(await post(without, 'apply', { source: third, plan: planned.id })).toMatchObject({ code: 'ACTION_UNLOGGED' })
  expect(await client.find(api`queues/${vhost}/${'qu.third'}`)).toBeUndefined()
})

it('refuses a file that is none, one too large or too deep, and one that the broker would skip', async () => {
  const { vhost, client, named } = await clustered()
  await declare(client, vhost, 'qu', { arguments: { 'x-max-length': 5 } })
  const app = await makeApp({ clusters: [named], stores: [await emptyStore()] })
  const refused = async (text: string) => {
    const { status, code, body } = await post(app, 'plan', { source: { kind: 'file', text } })
    expect(body).not.toContain('canary')
    return [status, code]
  }
  expect(await refused('{"canary')).toEqual([400, 'DEFINITIONS_INVALID'])
  expect(await refused('[]')).toEqual([400, 'DEFINITIONS_INVALID'])
  const deep = 200_000
  const nested = `${'['.repeat(deep)}${']'.repeat(deep)}`
  expect(await refused(`{"queues":[{"name":"q","arguments":{"x":${nested}}}]}`)).toEqual([400, 'DEFINITIONS_INVALID'])
  expect(await refused(`{"queues":[],"x":"${'x'.repeat(4 * 1024 * 1024)}"}`)).toEqual([400, 'REQUEST_INVALID'])
  expect(await refused(`{"queues":[],"x":"${'x'.repeat(8 * 1024 * 1024)}"}`)).toEqual([413, 'REQUEST_INVALID'])

  const other = file({ queues: [queue('qu', { 'x-max-length': 6 })] })
  const { reply } = await post(app, 'plan', { source: other })
  expect([reply.counts, reply.blocking.length]).toEqual([{ create: 0, overwrite: 0, skip: 1 }, 1])
  expect(await post(app, 'apply', { source: other, plan: reply.id })).toMatchObject({
    status: 409,
    code: 'IMPORT_BLOCKED',
  })
})

it('gives what it has as a file without secrets, which brings it into another vhost', async () => {
  const [{ vhost, client, named, password }, other] = [await clustered(), await clustered('other')]
  await declare(client, vhost, 'qu')
  await client.put(api`exchanges/${vhost}/${'ex'}`, { type: 'topic', durable: true })
  await client.post(api`bindings/${vhost}/e/${'ex'}/q/${'qu'}`, { routing_key: 'order.#' })
  const definition = { 'dead-letter-exchange': 'amqp://u:canary-of-a-policy@h' }
  await client.put(api`policies/${vhost}/${'dead'}`, { pattern: '^qu', definition })
  const app = await makeApp({ clusters: [named, other.named], stores: [await emptyStore()] })
  const exported = await app.inject({ url: '/api/clusters/main/definitions', headers: viewer })
  expect(exported.headers['content-disposition']).toMatch(/^attachment; filename="main-[\w.-]+\.json"$/)
  expect(exported.body).toContain('"amqp://u:***@h"')
  expect(exported.body).not.toMatch(new RegExp(`canary|${password}`))

  const source = { kind: 'cluster', from: 'other', only: ['exchanges', 'queues', 'bindings'] }
  expect((await post(app, 'plan', { source })).reply).toMatchObject({ counts: { create: 0 }, surplus: 0 })
  expect(await post(app, 'plan', { source: { ...source, from: 'main' } })).toMatchObject({ status: 400 })
  expect(await post(app, 'plan', { source: { ...source, from: 'none' } })).toMatchObject({ status: 404 })
  expect(await post(app, 'plan', { source: { ...source, only: ['users'] } })).toMatchObject({ status: 400 })
  const into = (path: string, payload: object) =>
    app.inject({ method: 'POST', url: `/api/clusters/other/definitions/${path}`, headers: operator, payload })
  const from = { ...source, from: 'main' }
  const plan = (await into('plan', { source: from })).json<PlanReply>()
  expect([plan.counts, plan.blocking]).toEqual([{ create: 3, overwrite: 0, skip: 0 }, []])
  expect((await into('apply', { source: from, plan: plan.id })).json()).toEqual({ count: 3 })
  expect(await client.find(api`queues/${other.vhost}/${'qu'}`)).toBeDefined()
})

it('lets a person bring a file in and see the queue appear', async () => {
  const { named } = await clustered()
  const monitor = await startMonitor({ stores: [await emptyStore()], clusters: [named], port: 0 })
  onTestFinished(() => monitor.stop())
  const page = await openPage()
  await page.goto(monitor.bootstrapUrl ?? '')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Cluster' }).click()
  await page.getByRole('link', { name: 'Definitions' }).click()
  const text = JSON.stringify({ queues: [queue('qu.brought', { 'x-queue-type': 'quorum' })] })
  const upload = { name: 'shop.json', mimeType: 'application/json', buffer: Buffer.from(text) }
  await page.getByLabel('File of definitions').setInputFiles(upload)
  await page.getByRole('button', { name: 'Show what it would do' }).first().click()
  await page.getByText('1 would be made, 0 changed. Nothing is removed.').waitFor()
  await page.getByRole('row').filter({ hasText: 'qu.brought' }).waitFor()
  await page.getByRole('button', { name: 'Do it' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Do it' }).click()
  await page.getByText('1 made or changed, and read again.').waitFor()
  await page.getByRole('link', { name: 'Nodes and queues' }).click()
  await page.getByRole('link', { name: 'qu.brought' }).waitFor()
})
