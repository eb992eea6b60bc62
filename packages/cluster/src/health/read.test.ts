import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ManagementClient } from '../management/client.ts'
import { diagnose } from './diagnose.ts'
import { readHealth } from './read.ts'
import { readStatus } from './read-status.ts'

const nodesOf = (version: string) =>
  ['rabbit@n1', 'rabbit@n2', 'rabbit@n3'].map((name) => ({
    name,
    running: true,
    type: 'disc',
    applications: [{ name: 'rabbit', version }],
  }))

/** A management listener with some answers; what is not among them is refused. */
async function listener(answers: Readonly<Record<string, unknown>>): Promise<string> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://localhost').pathname.replace(/^\/api\//, '')
    const answer = answers[path]
    response.writeHead(answer === undefined ? 401 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? { error: 'not_authorised', reason: 'Not administrator user' }))
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const broker = (version: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  listener({
    overview: { rabbitmq_version: version, erlang_version: '26.2', cluster_name: 'shop', node: 'rabbit@n1' },
    nodes: nodesOf(version),
    ...more,
  })

const credentials = { username: 'monitor', password: 'secret' }

test.each([
  ['3.12.14', 'mnesia'],
  ['3.13.7', undefined],
  ['4.2.1', undefined],
  ['4.3.6', 'khepri'],
])('does not guess the metadata store of %s where feature flags are refused', async (version, store) => {
  const client = new ManagementClient({ endpoints: [await broker(version)], credentials })
  const reading = await readHealth(client)
  expect(reading.broker).toMatchObject({ metadataStore: store, featureFlags: undefined })
  expect(reading.broker.capabilities.hasRamNodes).toBe(store !== 'khepri')
  const flags = { part: 'feature flags', kind: 'refused', reason: 'only an administrator is told of them' }
  expect(reading.notRead).toContainEqual(flags)
  expect((await readStatus(client)).notRead).toContainEqual(flags)
  const refusal = diagnose(reading).find(({ code }) => code === 'refused-to-read')
  expect(refusal?.subjects).toContain('feature flags')
  const isPartitionHandlingUntold = reading.notRead.some(({ part }) => part === 'partition handling')
  expect(isPartitionHandlingUntold).toBe(store !== 'khepri')
})

test('takes the metadata store from feature flags where they are told', async () => {
  const flags = [{ name: 'khepri_db', state: 'enabled', stability: 'stable' }]
  const client = new ManagementClient({ endpoints: [await broker('4.1.0', { 'feature-flags': flags })], credentials })
  const reading = await readHealth(client)
  expect(reading.broker.metadataStore).toBe('khepri')
  expect(reading.notRead.map(({ part }) => part)).not.toContain('feature flags')
})

test('names an endpoint that answers for commands', async () => {
  const alive = await broker('4.3.6')
  const client = new ManagementClient({ endpoints: ['http://127.0.0.1:1', alive], credentials })
  expect((await readHealth(client)).endpoint).toBe(alive)
  expect((await readStatus(client)).endpoint).toBe(alive)
})
