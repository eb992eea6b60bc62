import { postgresStore } from '@warren/bus/postgres'
import { jsonLogger } from '@warren/bus'
import type { Store } from '@warren/bus'
import { api } from '@warren/cluster/management'
import { connect } from 'amqplib'
import fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { privateCluster } from '../../../../test/support/broker.ts'
import { watch } from '../../../bus/test/store/conformance/watches.ts'
import { testDatabase } from '../../../../test/support/postgres.ts'
import { startProxy } from '../../../../test/support/proxy.ts'
import { shop } from '../../../bus/test/support/shop.ts'
import { fillSubscriber, id, ids } from '../../../cli/test/support/fill.ts'
import { canary, canaryHash, secretsIn } from '../../../cli/test/support/secrets.ts'
import { hashOf } from '../../src/access/sessions.ts'
import { monitor } from '../../src/index.ts'
import { filled } from '../support/filled.ts'

/** By where it is. None of them may be in anything that the page says, to whomever, or logs. */
const planted = {
  // What the page is configured with.
  managementUrl: canary(),
  storeUrl: canary(),
  awayUrl: canary(),
  awayKey: canary(),
  oidcSecret: canary(),
  viewerToken: canary(),
  operatorToken: canary(),
  // What people send.
  wrongToken: canary(),
  wrongPassword: canary(),
  fileUpstream: canary(),
  fileHash: canaryHash(),
  fileParameter: canary(),
  brokenFile: canary(),
  // What the broker has.
  brokerHash: canaryHash(),
  upstream: canary(),
  shovel: canary(),
  globalParameter: canary(),
  policyUrl: canary(),
  argumentUrl: canary(),
  connectionName: canary(),
  clientProperty: canary(),
  // What the stores have.
  maskedSent: canary(),
  maskedFailure: canary(),
  // Made by the page; filled in once it is known.
  session: '',
  tokenHash: '',
}

interface Call {
  readonly query?: string
  readonly body?: unknown
  /** In the place of the parameters of the path. */
  readonly params?: Readonly<Record<string, string>>
}

interface Reply {
  readonly name: string
  readonly status: number
  readonly body: string
}

it('tells no secret that it is configured with or comes across: no answer, no header and no line of its log', async () => {
  const cluster = await privateCluster({
    nodes: 1,
    plugins: ['rabbitmq_shovel', 'rabbitmq_federation', 'rabbitmq_shovel_management', 'rabbitmq_federation_management'],
    users: [{ name: 'operator', tags: ['administrator'], password: planted.managementUrl }],
  })
  onTestFinished(() => cluster.down())
  const client = cluster.managementClient()
  const [node] = cluster.nodes
  for (const vhost of ['shop', 'other']) {
    await client.put(api`vhosts/${vhost}`)
    for (const user of ['operator', cluster.credentials.username])
      await client.put(api`permissions/${vhost}/${user}`, { configure: '.*', write: '.*', read: '.*' })
  }
  const uri = (secret: string): string => `amqp://link:${secret}@127.0.0.1:1`
  await client.put(api`users/stored`, { password_hash: planted.brokerHash, tags: '' })
  await client.put(api`parameters/federation-upstream/shop/one`, { value: { uri: uri(planted.upstream) } })
  await client.put(api`parameters/shovel/shop/mover`, {
    value: {
      ...{ 'src-uri': uri(planted.shovel), 'src-queue': 'qu.from' },
      ...{ 'dest-uri': uri(planted.shovel), 'dest-queue': 'qu.to' },
    },
  })
  const identity = { name: 'identity', value: { client_secret: planted.globalParameter } }
  await client.put(api`global-parameters/identity`, identity)
  await client.put(api`policies/shop/one`, {
    ...{ pattern: '^qu', definition: { 'dead-letter-exchange': uri(planted.policyUrl) } },
  })
  for (const queue of ['qu.order.crm', 'qu.from', 'qu.to'])
    await client.put(api`queues/shop/${queue}`, {
      ...{
        durable: true,
        arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': uri(planted.argumentUrl) },
      },
    })
  const amqp = await connect(`${cluster.nodes[0]!.amqpUrl.replace(/\/$/, '')}/shop`, {
    clientProperties: { connection_name: uri(planted.connectionName), token: planted.clientProperty },
  })
  amqp.on('error', () => undefined)
  onTestFinished(() => amqp.close().catch(() => undefined))
  await (await amqp.createChannel()).consume('qu.order.crm', () => undefined, { noAck: true })

  const [orders] = await filled('sqlite')
  const cardNumber = planted.maskedSent
  await orders.store.transaction((tx) =>
    orders.store.outbox.append(tx, [
      {
        ...{ id: id(77), name: 'order.payment.onPaid', entityId: 'o-7', source: 'orders', headers: {}, bucket: 1 },
        ...{ payload: JSON.stringify({ orderId: 'o-7', cardNumber }), isOptional: false },
      },
    ]),
  )
  const { url } = await testDatabase()
  const owner = postgresStore({ connectionString: url })
  await owner.start()
  onTestFinished(() => owner.stop())
  const database = new URL(url)
  const role = `canary_${database.pathname.slice(1)}`
  await owner.query(`create role ${role} superuser login password '${planted.storeUrl}'`)
  onTestFinished(async () => {
    await owner.query(`drop role ${role}`)
  })
  ;[database.username, database.password] = [role, planted.storeUrl]
  const proxy = await startProxy({ port: Number(database.port) })
  onTestFinished(() => proxy.close())
  const store: Store = postgresStore({ connectionString: proxy.through(database.href), responseTimeoutMs: 5_000 })
  await store.start()
  onTestFinished(() => store.stop())
  await fillSubscriber(store)
  const failure = {
    ...{ subscription: 'order.crm', messageId: id(78), name: 'order.payment.onPaid', entityId: 'o-7' },
    ...{ source: 'orders', encoding: 'utf8' as const, headers: {}, state: 'parked' as const, attempts: 1, delayMs: 0 },
    payload: JSON.stringify({ card: [{ cardNumber: planted.maskedFailure }] }),
    error: { code: 'E', type: 'E', message: 'm', stack: 's', fingerprint: 'dddddddddddd' },
  }
  await store.transaction((tx) => store.inbox.fail(tx, [failure]))
  const bulk = await store.bulk.begin({ action: 'retry', filter: { fingerprint: 'none' }, requestedBy: 'ann' })
  const backfill = await orders.store.reconciliation.backfill.request({
    ...{ subscription: 'order.crm', patterns: ['order.#'], range: { fromMs: 0, toMs: Date.now() } },
    ...{ rate: null, requestedBy: 'ann', counted: null },
  })

  await orders.store.watches.save(watch({ name: 'sale' }), 'ann')

  let logged = ''
  const app = fastify({ logger: { level: 'trace', stream: { write: (line: string) => void (logged += line) } } })
  onTestFinished(() => app.close())
  const routes: string[] = []
  app.addHook('onRoute', ({ method, url: path }) => {
    for (const each of [method].flat())
      if (!['HEAD', 'OPTIONS', 'TRACE'].includes(each) && !path.includes('*')) routes.push(`${each} ${path}`)
  })
  const managementUrl = new URL(node!.managementUrl)
  ;[managementUrl.username, managementUrl.password] = ['operator', planted.managementUrl]
  const endpoints = [managementUrl.href]
  const pem = `-----BEGIN PRIVATE KEY-----\n${planted.awayKey}\n-----END PRIVATE KEY-----`
  planted.tokenHash = hashOf(planted.operatorToken)
  await app.register(monitor, {
    stores: [orders, { label: 'crm', store }],
    clusters: [
      { name: 'main', vhost: 'shop', management: { endpoints } },
      { name: 'other', vhost: 'other', management: { endpoints } },
      { name: 'away', management: { endpoints: [`https://u:${planted.awayUrl}@127.0.0.1:1`], tls: { key: pem } } },
      { name: 'refused', management: { endpoints: [node!.managementUrl.replace('//', `//u:${planted.awayUrl}@`)] } },
    ],
    catalog: shop,
    mask: ['**.cardNumber'],
    liveMs: 100,
    logger: jsonLogger('debug', (line) => void (logged += `${line}\n`)),
    login: {
      oidc: {
        issuer: 'http://127.0.0.1:1',
        clientId: 'warren',
        clientSecret: planted.oidcSecret,
        viewerValues: ['staff'],
      },
      tokens: [
        { name: 'viewer', role: 'viewer', sha256: hashOf(planted.viewerToken) },
        { name: 'operator', role: 'operator', sha256: planted.tokenHash },
      ],
    },
  })
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  expect(routes.length).toBeGreaterThan(40)

  const found: string[] = []
  const replies: Reply[] = []
  const call = async (name: string, path: string, init: RequestInit = {}): Promise<Response & { text: never }> => {
    const leaving = new AbortController()
    const answer = await fetch(`${base}${path}`, { redirect: 'manual', ...init, signal: leaving.signal })
    let body: string
    if (answer.headers.get('content-type')?.startsWith('text/event-stream') === true) {
      const reader = answer.body!.getReader()
      body = Buffer.from((await reader.read()).value ?? []).toString()
      leaving.abort()
    } else body = await answer.text()
    // The cookie of a login is for whoever has logged in.
    const headers = [...answer.headers].filter(([header]) => header !== 'set-cookie')
    for (const secret of secretsIn(`${body}\n${JSON.stringify(headers)}`, known())) found.push(`${name}: ${secret}`)
    replies.push({ name, status: answer.status, body })
    return answer as never
  }
  const known = (): Record<string, string> =>
    Object.fromEntries(Object.entries(planted).filter(([, secret]) => secret !== ''))
  const json = (body: unknown): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: base, host: new URL(base).host },
    body: JSON.stringify(body),
  })

  // Logins, right and wrong.
  const login = (body: unknown) => call('POST /api/session', '/api/session', json(body))
  await login({ kind: 'token', token: planted.wrongToken })
  await login({ kind: 'rabbitmq', username: 'operator', password: planted.wrongPassword })
  await login({ kind: 'rabbitmq', username: 'operator', password: planted.managementUrl })
  const session = await login({ kind: 'token', token: planted.operatorToken })
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? ''
  planted.session = cookie.split('=')[1] ?? ''
  expect(planted.session.length).toBeGreaterThan(20)
  expect(replies.map(({ status }) => status)).toEqual([401, 401, 200, 200])
  const operator = { authorization: `Bearer ${planted.operatorToken}` }

  const file = {
    kind: 'file',
    text: JSON.stringify({
      users: [{ name: 'x', password_hash: planted.fileHash, tags: [] }],
      parameters: [
        {
          ...{ vhost: 'shop', component: 'federation-upstream', name: 'two' },
          value: { uri: uri(planted.fileUpstream), token: planted.fileParameter },
        },
      ],
      policies: [
        { vhost: 'shop', name: 'two', pattern: 'x', definition: { 'dead-letter-exchange': uri(planted.fileUpstream) } },
      ],
    }),
  }
  /** Of what the cluster is at the moment. */
  const planned = async (): Promise<object> => {
    const headers = { 'content-type': 'application/json', ...operator }
    const plan = await fetch(`${base}/api/clusters/main/definitions/plan`, { ...json({ source: file }), headers })
    return { source: file, plan: ((await plan.json()) as { readonly id?: string }).id ?? '' }
  }
  const subscription = { name: 'order.crm' }
  /** What each route is called with where it needs more than a subscription and the message that was lost. */
  const calls: Readonly<Record<string, Call>> = {
    'GET /api/messages/:id': { params: { id: id(77) } },
    'GET /api/failures/:subscription/:id': { params: { subscription: 'order.crm', id: id(78) } },
    'POST /api/failures/:subscription/:id/edit': {
      ...{ params: { subscription: 'order.crm', id: id(78) }, body: { payload: '{}', version: 'x' } },
    },
    'GET /api/clusters/:name/queue': { query: '?queue=qu.order.crm' },
    'GET /api/subscriptions/:name/backfills/offer': { query: '?since=2025-01-01T00:00:00Z' },
    'GET /api/events/:name': { params: { name: 'order.payment.onPaid' } },
    'GET /api/events/match': { query: '?pattern=order.%23' },
    'POST /api/subscriptions/:name/backfills': { body: { since: '2025-01-01T00:00:00Z' } },
    'POST /api/backfills/:id/pause': { params: { id: backfill.id } },
    'POST /api/backfills/:id/resume': { params: { id: backfill.id } },
    'POST /api/backfills/:id/cancel': { params: { id: backfill.id } },
    'POST /api/bulk-actions/:id/resume': { params: { id: bulk.id } },
    'POST /api/bulk-actions/:id/cancel': { params: { id: bulk.id } },
    'POST /api/clusters/:name/definitions/plan': { body: { source: file } },
    'POST /api/clusters/:name/queues/sync': { body: { queues: ['qu.order.crm'] } },
    'POST /api/clusters/:name/queues/cancel-sync': { body: { queues: ['qu.order.crm'] } },
    'POST /api/failures/retry': { body: { subscription: 'order.crm' } },
    'POST /api/failures/release': { body: { subscription: 'order.crm' } },
    'POST /api/failures/discard': { body: { fingerprint: 'bbbbbbbbbbbb' } },
    'POST /api/messages/:id/resend': { params: { id: ids.delivered }, body: { subscription: 'order.crm' } },
    'GET /api/watches/:name': { params: { name: 'sale' } },
    'POST /api/watches': { body: { name: 'sale', patterns: ['order.#'] } },
    'POST /api/watches/:name/remove': { params: { name: 'sale' } },
    'POST /api/compensation': { body: { mode: 'report' } },
    'POST /api/subscriptions/:name/compensation': { body: { mode: 'report' } },
    'POST /api/subscriptions/:name/breaker': { body: { order: 'hold' } },
    'POST /api/messages/release': { body: { ids: [ids.pending] } },
  }
  const callAll = async (label: string, chosen: (name: string) => boolean, changed: Partial<Call> = {}) => {
    const from = replies.length
    for (const name of routes.filter((each) => chosen(each) && !each.endsWith('/api/session'))) {
      const [method = '', path = ''] = name.split(' ')
      const latest = name.endsWith('/definitions/apply') ? { body: await planned() } : {}
      const { query = '', body = {}, params = {} } = { ...calls[name], ...latest, ...changed }
      const values: Record<string, string> = path.includes('/clusters/')
        ? { name: 'main', ...params }
        : { ...subscription, subscription: 'order.crm', id: ids.delivered, ...params }
      const filledPath = path.replaceAll(/:(\w+)/g, (_, key: string) => encodeURIComponent(values[key] ?? 'x'))
      const isGet = method === 'GET'
      await call(`${label} ${name}`, `${filledPath}${query}`, {
        method,
        headers: { ...operator, ...(isGet ? {} : { 'content-type': 'application/json' }) },
        ...(isGet ? {} : { body: JSON.stringify(body) }),
      })
    }
    return replies.slice(from)
  }
  const isRead = (name: string): boolean => name.startsWith('GET')
  // The others want it there.
  routes.sort((a, b) => Number(a.endsWith('/retire')) - Number(b.endsWith('/retire')))

  // As it is, what reads first: what acts changes what is read.
  const read = await callAll('well', isRead)
  // Nobody is at the address of the provider.
  const isOidc = (name: string): boolean => name.includes('/session/oidc')
  expect(read.filter(({ name, status }) => status !== 200 && !isOidc(name))).toEqual([])
  expect(read.filter(({ name }) => isOidc(name)).map(({ status }) => status)).toEqual([303, 303])
  const acted = await callAll('well', (name) => !isRead(name))
  // A masked payload cannot be changed.
  const isApply = (name: string): boolean => name.endsWith('/definitions/apply')
  const refused = acted.filter(({ name, status }) => status !== 200 && !isApply(name))
  expect(refused).toMatchObject([{ name: 'well POST /api/failures/:subscription/:id/edit', status: 400 }])
  // The broker knows no token in an upstream, and repeats it when it says so. A plan is stale while the broker settles.
  const applied = async (): Promise<Reply | undefined> => (await callAll('apply', isApply))[0]
  await expect.poll(applied, { timeout: 30_000, interval: 1_000 }).toMatchObject({
    ...{ status: 503, body: expect.stringContaining('***') as unknown },
  })
  await callAll('again', isRead)

  // What it says of clusters that do not answer, or refuse it.
  const aboutClusters = (name: string): boolean => name.includes('/clusters/')
  for (const name of ['away', 'refused']) await callAll(name, aboutClusters, { params: { name } })
  // Input that makes no sense.
  const nonsense = { kind: 'file', text: `{"queues": "${planted.brokenFile}` }
  await callAll('nonsense', (name) => !isRead(name), { body: { source: nonsense, id: 'x', ids: 7, subscription: {} } })
  for (const path of ['/', '/login', '/failures', '/assets/none.js', '/api/none', '/%2e%2e/%2e%2e/etc/passwd'])
    await call(`GET ${path}`, path)
  const page = replies.find(({ name }) => name === 'GET /')?.body ?? ''
  for (const [, asset] of page.matchAll(/(?:src|href)="([^"]*assets[^"]*)"/g))
    await call(`GET ${asset ?? ''}`, `/${(asset ?? '').replace(/^\//, '')}`)

  // The database is away, then the broker as well.
  await proxy.refuse()
  const without = await callAll('no store', () => true)
  expect(without.some(({ status }) => status === 503)).toBe(true)
  await cluster.kill(node!.name)
  await callAll('no broker', aboutClusters)
  await proxy.accept()

  expect(found).toEqual([])
  expect(secretsIn(logged, known())).toEqual([])
  expect(logged.length).toBeGreaterThan(10_000)
  // They were looked for where they could have been.
  const all = replies.map(({ body }) => body).join('\n')
  const traces = ['link:***', 'cardNumber', 'qu.order.crm']
  expect(traces.filter((trace) => !all.includes(trace))).toEqual([])
}, 400_000)
