import { randomUUID } from 'node:crypto'
import { expect, it, onTestFinished } from 'vitest'
import { sharedCluster, testVhost } from '../../../test/support/broker.ts'
import { makeService } from '../../bus/test/support/service.ts'
import type { ClusterReply } from '../src/api/cluster.ts'
import type { QueueRow } from '../src/api/cluster-queues.ts'
import { makeApp, origin, secrets } from './support/app.ts'

const headers = { authorization: `Bearer ${secrets.viewer}` }

it('tells how the nodes are, and where the queues of its vhost are and what they hold', async () => {
  const { vhost, amqpUrls, cluster } = await testVhost()
  const { bus } = await makeService({ service: 'crm', endpoints: amqpUrls })
  await bus.subscribe('order.crm', ['order.#'], () => undefined)
  await bus.start()
  const management = { endpoints: cluster.nodes.map((node) => node.managementUrl), credentials: cluster.credentials }
  const app = await makeApp({ clusters: [{ name: 'main', vhost, management }] })

  const reply = (await app.inject({ url: '/api/clusters/main', headers })).json<ClusterReply>()
  expect(reply).toMatchObject({ name: 'main', vhost, version: cluster.version })
  expect(reply.nodes.map(({ isRunning, alarms, partitions }) => ({ isRunning, alarms, partitions }))).toEqual(
    Array(3).fill({ isRunning: true, alarms: [], partitions: [] }),
  )
  const { queues } = (await app.inject({ url: '/api/clusters/main/queues', headers })).json<{ queues: QueueRow[] }>()
  const queue = queues.find(({ name }) => name === 'qu.order.crm')
  expect(queue).toMatchObject({ vhost, type: 'quorum', leader: expect.stringMatching(/@/) as unknown })
  expect(queue?.replicas.map(({ isWell }) => isWell)).toEqual([true, true])
  expect(JSON.stringify([reply, queues])).not.toContain(cluster.credentials.password)
  expect((await app.inject({ url: '/api/clusters/other', headers })).statusCode).toBe(404)
})

it('says that no node answers, and not what their password is', async () => {
  const management = {
    endpoints: ['http://127.0.0.1:1'],
    credentials: { username: 'a', password: 'canary-of-the-page' },
  }
  const app = await makeApp({ clusters: [{ name: 'main', management }] })
  const response = await app.inject({ url: '/api/clusters/main', headers })
  expect([response.statusCode, response.json()]).toMatchObject([503, { error: { code: 'MANAGEMENT_UNREACHABLE' } }])
  expect(response.body).not.toContain('canary-of-the-page')
})

it('lets accounts of RabbitMQ in, as viewers or operators by their tags', async () => {
  const cluster = await sharedCluster()
  const account = async (tags: string) => {
    const username = `page-${randomUUID()}`
    await cluster.management(`users/${username}`, { method: 'PUT', body: { password: 'right', tags } })
    onTestFinished(() => cluster.management(`users/${username}`, { method: 'DELETE' }))
    return username
  }
  const management = { endpoints: cluster.nodes.map((node) => node.managementUrl), credentials: cluster.credentials }
  const app = await makeApp({ clusters: [{ name: 'main', management }] })
  const attempt = async (username: string, password: string) => {
    const response = await app.inject({
      method: 'POST',
      url: '/api/session',
      headers: { host: 'localhost', origin },
      payload: { kind: 'rabbitmq', username, password },
    })
    const { user, error } = response.json<{ user?: { role: string }; error?: { code: string } }>()
    return user?.role ?? error?.code
  }
  const viewer = await account('monitoring')
  expect(await attempt(viewer, 'right')).toBe('viewer')
  expect(await attempt(viewer, 'wrong')).toBe('LOGIN_FAILED')
  expect(await attempt(await account('administrator'), 'right')).toBe('operator')
  // Without any tag the management API itself lets nobody in.
  expect(await attempt(await account(''), 'right')).toBe('LOGIN_FAILED')
  expect(await attempt('nobody', 'right')).toBe('LOGIN_FAILED')
})
