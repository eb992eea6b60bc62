import { postgresStore } from '@warren/bus/postgres'
import { api } from '@warren/cluster/management'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { privateCluster } from '../../../test/support/broker.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { startProxy } from '../../../test/support/proxy.ts'
import { startWarren, warren } from './support/run.ts'
import { secretsIn } from './support/secrets.ts'
import { storePlaces } from './support/stores.ts'

test.each(['javascript:alert("{traceId}")', 'https://jaeger.example/trace'])(
  'the page does not start with %s for traces, and says what it needs',
  async (template) => {
    const places = await storePlaces('sqlite')
    onTestFinished(() => places.drop())
    await places.open('crm')
    const { code, stderr } = await warren([
      'monitor',
      '--store',
      places.urls.crm,
      '--port',
      '0',
      '--trace-url',
      template,
    ])
    expect(stderr).toMatch(/^warren: OPTION_INVALID: traceUrl: an address with http or https.*\n$/m)
    expect(code).toBe(78)
  },
)

test('the page is there while a store is away, says so, and reads it when it is back', async () => {
  const places = await storePlaces('sqlite')
  onTestFinished(() => places.drop())
  const migrated = startWarren(['store', 'migrate', '--store', places.urls.crm])
  expect(await once(migrated, 'close')).toEqual([0, null])

  const { url } = await testDatabase()
  const store = postgresStore({ connectionString: url })
  await store.start()
  await store.stop()
  const proxy = await startProxy({ port: Number(new URL(url).port) })
  onTestFinished(() => proxy.close())
  await proxy.refuse()
  const away = proxy.through(url)

  const child = startWarren(['monitor', '--store', places.urls.crm, '--store', away, '--port', '0', '--json'])
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said] = (await once(child.stdout, 'data')) as [string]
  const page = JSON.parse(said) as { readonly url: string; readonly bootstrapUrl: string; readonly stores: string[] }
  const token = page.bootstrapUrl.split('token=')[1] ?? ''
  const read = async (): Promise<{ readonly unreachable: readonly { readonly store: string }[] }> => {
    const answer = await fetch(`${page.url}/api/overview`, { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(200)
    return (await answer.json()) as Awaited<ReturnType<typeof read>>
  }
  expect((await read()).unreachable.map((each) => each.store)).toEqual([page.stores[1]])
  await proxy.accept()
  await expect.poll(async () => (await read()).unreachable, { timeout: 30_000 }).toEqual([])

  child.kill('SIGTERM')
  expect(await once(child, 'close')).toEqual([0, null])
})

const severalClusters = `export default {
  stores: { orders: process.env.ORDERS_STORE },
  monitor: {
    clusters: {
      main: {
        endpoints: [process.env.MAIN_URL],
        credentials: { username: process.env.ACCOUNT, password: process.env.MAIN_PASSWORD },
      },
      dr: { endpoints: [process.env.DR_URL], vhost: 'shop' },
      away: { endpoints: ['http://127.0.0.1:1'], credentials: { username: 'x', password: process.env.AWAY_PASSWORD } },
    },
    login: { rabbitmq: process.env.LOGIN },
  },
}`

test('of several clusters, one has the definitions of another, and the one that is named says who logs in', async () => {
  const [main, dr] = await Promise.all([privateCluster({ nodes: 1 }), privateCluster({ nodes: 1 })])
  for (const cluster of [main, dr]) onTestFinished(() => cluster.down())
  const [source, target] = [main.managementClient(), dr.managementClient()]
  await target.put(api`vhosts/${'shop'}`)
  await source.put(api`queues/${'/'}/${'qu.order.crm'}`, { durable: true })

  const places = await storePlaces('sqlite')
  onTestFinished(() => places.drop())
  const store = await places.open('orders')
  const folder = await mkdtemp(join(tmpdir(), 'warren-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'warren.config.mjs'), severalClusters)
  const secrets = { main: main.credentials.password, dr: dr.credentials.password, away: 'password-of-one-away' }
  const drUrl = new URL(dr.nodes[0]!.managementUrl)
  drUrl.username = dr.credentials.username
  drUrl.password = secrets.dr
  const env = {
    ...{ ...places.env, MAIN_URL: main.nodes[0]!.managementUrl, DR_URL: drUrl.href, LOGIN: 'dr' },
    ...{ ACCOUNT: main.credentials.username, MAIN_PASSWORD: secrets.main, AWAY_PASSWORD: secrets.away },
  }

  const child = startWarren(['monitor', '--port', '0', '--json', '--log-level', 'debug'], { cwd: folder, env })
  onTestFinished(() => void child.kill('SIGKILL'))
  let told = ''
  child.stderr.on('data', (text: string) => (told += text))
  const [said] = (await once(child.stdout, 'data')) as [string]
  const page = JSON.parse(said) as { readonly url: string; readonly bootstrapUrl: string }
  expect(page).toMatchObject({ clusters: ['main', 'dr', 'away'], accountsOf: 'dr' })
  const authorization = `Bearer ${page.bootstrapUrl.split('token=')[1] ?? ''}`
  const call = async (path: string, body?: object, headers: Record<string, string> = { authorization }) => {
    const response = await fetch(`${page.url}/api/${path}`, {
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    const text = await response.text()
    told += text
    return { status: response.status, reply: JSON.parse(text) as Readonly<Record<string, unknown>> }
  }

  expect((await call('clusters')).reply).toEqual({
    clusters: [
      { name: 'main', vhost: '/' },
      { name: 'dr', vhost: 'shop' },
      { name: 'away', vhost: '/' },
    ],
  })
  const from = { kind: 'cluster', from: 'main', only: ['queues'] }
  const { reply: plan } = await call('clusters/dr/definitions/plan', { source: from })
  expect(plan).toMatchObject({ counts: { create: 1, overwrite: 0, skip: 0 }, blocking: [] })
  const applied = await call('clusters/dr/definitions/apply', { source: from, plan: plan['id'] })
  expect(applied).toEqual({ status: 200, reply: { count: 1 } })
  expect(await target.find(api`queues/${'shop'}/${'qu.order.crm'}`)).toBeDefined()
  const noted = (await store.actions.list({})).map(({ action, details }) => [action, details])
  expect(noted[0]).toMatchObject([
    'definitions-sync',
    { cluster: 'dr', about: ['from main', 'queues'], outcome: 'done' },
  ])
  expect(await call('clusters/away')).toMatchObject({
    status: 503,
    reply: { error: { code: 'MANAGEMENT_UNREACHABLE' } },
  })

  const login = (password: string) =>
    call('session', { kind: 'rabbitmq', username: dr.credentials.username, password }, { origin: page.url })
  expect(await login(secrets.main)).toMatchObject({ status: 401, reply: { error: { code: 'LOGIN_FAILED' } } })
  expect(await login(secrets.dr)).toMatchObject({ status: 200, reply: { user: { role: 'operator' } } })

  child.kill('SIGTERM')
  expect(await once(child, 'close')).toEqual([0, null])
  expect(secretsIn(told, secrets)).toEqual([])

  const refused = await warren(['monitor', '--port', '0'], { cwd: folder, env: { ...env, LOGIN: 'drr' } })
  expect(refused.stderr).toMatch(/^warren: OPTION_INVALID: login\.rabbitmq: .*"drr".* "main", "dr", "away"$/m)
  expect([refused.code, secretsIn(refused.stderr, secrets)]).toEqual([78, []])
})
