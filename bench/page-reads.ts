import { postgresStore } from '@warren/bus/postgres'
import { api } from '@warren/cluster/management'
import { monitor } from '@warren/monitor'
import fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { alternations } from './bench.ts'
import type { Bench, BenchContext } from './bench.ts'
import { openBrowser } from './page/browser.ts'
import { contentsOf, drawSample, eventsOf, fillPublisher, fillSubscriber } from './page/fill.ts'
import { readsOf } from './page/reads.ts'
import { valueRow } from './row.ts'
import type { Row } from './row.ts'
import { alternate, quantile } from './statistics.ts'

const TOKEN = 'benchmark'
const QUEUE = 'bench.page'
/** Of one question, in one round. */
const REQUESTS = 10

/**
 * Every read of the page's API and the first paint of its pages, with ten million messages and a million failures in the
 * stores. Beside it RabbitMQ's own management: `GET /api/overview`, and the first paint of its page.
 */
export const run: Bench = async (context) => {
  const { quick, database, progress } = context
  await checkAllAreAsked()
  const contents = quick ? contentsOf(200_000, 20_000) : contentsOf(10_000_000, 1_000_000)
  const [orders, crm] = await Promise.all(
    ['orders', 'crm'].map(async (purpose) =>
      postgresStore({ connectionString: await database.create(purpose), responseTimeoutMs: 3_600_000 }),
    ),
  )
  if (orders === undefined || crm === undefined) throw new Error('there are no stores')
  const app = fastify()
  try {
    const say = (line: string): void => progress(`page-reads: ${line}`)
    await orders.start()
    await fillPublisher(orders, contents, say)
    await orders.watches.save(
      {
        ...{ name: 'sale', patterns: ['order.fact3.*'], entityIds: [], fromMs: contents.fromMs, toMs: null },
        ...{ alarm: { maxMissing: 0, maxParked: 0, maxUnhandledMs: null }, compensation: null },
      },
      'bench',
    )
    await crm.start()
    await fillSubscriber(crm, contents, say)
    await database.settle()
    await context.broker.managementClient().put(api`queues/${'/'}/${QUEUE}`, { durable: true })
    const stores = [
      { label: 'orders', store: orders },
      { label: 'crm', store: crm },
    ]
    const clusters = [{ name: 'bench', management: managementOf(context) }]
    const sha256 = createHash('sha256').update(TOKEN).digest('hex')
    const tokens = [{ name: 'bench', role: 'viewer' as const, sha256 }]
    await app.register(monitor, { stores, clusters, catalog: eventsOf(), login: { tokens } })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const reads = readsOf(await drawSample(crm, contents, 40))
    const note = `${contents.messages.toLocaleString('en')} messages, ${contents.failures.toLocaleString('en')} failures; beside it RabbitMQ's management`
    return [...(await measureReads(context, app, reads, note)), ...(await measurePaint(context, app, note))]
  } finally {
    await context.broker.managementClient().delete(api`queues/${'/'}/${QUEUE}`)
    await app.close()
    await orders.stop()
    await crm.stop()
  }
}

function managementOf({ broker }: BenchContext) {
  const { username, password } = broker.credentials
  return { endpoints: broker.nodes.map(({ managementUrl }) => managementUrl), credentials: { username, password } }
}

async function measureReads(
  context: BenchContext,
  app: FastifyInstance,
  reads: ReturnType<typeof readsOf>,
  note: string,
): Promise<readonly Row[]> {
  let asked = 0
  const slowest: { question: string; p95Ms: number }[] = []
  const rounds = alternations(context)
  const measure = async (round: number): Promise<number> => {
    let worst = { question: '', p95Ms: 0 }
    for (const questions of Object.values(reads)) {
      for (const question of questions) {
        const times: number[] = []
        for (let n = 0; n < REQUESTS; n++) {
          const url = question(round * REQUESTS + n)
          const startedAtMs = performance.now()
          // From many addresses: one is let in 1,200 times a minute.
          const { statusCode, body } = await app.inject({
            ...{ url, headers: { authorization: `Bearer ${TOKEN}` }, remoteAddress: `127.0.0.${1 + (asked++ % 250)}` },
          })
          times.push(performance.now() - startedAtMs)
          if (statusCode !== 200 && !(statusCode === 404 && url.startsWith('/api/messages/')))
            throw new Error(`${url}: ${statusCode} ${body.slice(0, 200)}`)
        }
        const p95Ms = quantile(times, 0.95)
        if (p95Ms > worst.p95Ms) worst = { question: question(0), p95Ms }
      }
    }
    slowest.push(worst)
    context.progress(
      `page-reads: round ${round + 1}: the slowest is ${worst.question}, p95 ${worst.p95Ms.toFixed(0)} ms`,
    )
    return worst.p95Ms
  }
  const overview = async (): Promise<number> => {
    const { endpoints, credentials } = managementOf(context)
    const authorization = `Basic ${btoa(`${credentials.username}:${credentials.password}`)}`
    const times: number[] = []
    for (let n = 0; n < REQUESTS; n++) {
      const startedAtMs = performance.now()
      const response = await fetch(`${endpoints[0] ?? ''}/api/overview`, { headers: { authorization } })
      await response.text()
      times.push(performance.now() - startedAtMs)
    }
    return quantile(times, 0.95)
  }
  // The first look of all reads from the disk what the second has in memory.
  await measure(-1 + rounds)
  slowest.splice(0)
  const pairs = await alternate(rounds, measure, overview)
  const questions = Object.values(reads).reduce((sum, each) => sum + each.length, 0)
  const worst = slowest.toSorted((a, b) => b.p95Ms - a.p95Ms)[0]?.question ?? ''
  return [
    valueRow(pairs, 'ms', {
      name: 'page: p95 of the slowest read',
      bar: { atMost: 300 },
      note: `${note}; ${questions} questions, ${REQUESTS} times each a round; ${worst}`,
    }),
  ]
}

/** They read no store: one does not end, the others lead to a provider. */
const unmeasured = ['/api/live', '/api/session/oidc', '/api/session/oidc/callback']

/** A read that nobody has thought of here would not be measured. Before the stores are filled, which takes minutes. */
async function checkAllAreAsked(): Promise<void> {
  const nothing = { ids: [], failures: [], times: [], rareName: '', commonName: '' }
  const app = fastify()
  const sha256 = createHash('sha256').update(TOKEN).digest('hex')
  await app.register(monitor, { stores: [], login: { tokens: [{ name: 'bench', role: 'viewer', sha256 }] } })
  const headers = { authorization: `Bearer ${TOKEN}` }
  const reference = (await app.inject({ url: '/api/openapi.json', headers })).json<{
    paths: Record<string, Record<string, unknown>>
  }>()
  await app.close()
  const known = Object.entries(reference.paths).flatMap(([path, methods]) => ('get' in methods ? [path] : []))
  const left = known.filter((path) => !unmeasured.includes(path) && !Object.hasOwn(readsOf(nothing), path))
  if (left.length > 0) throw new Error(`nothing is asked of ${left.join(', ')}`)
}

const pages = ['', 'subscriptions', 'subscriptions/order.crm', 'messages', 'failures', 'events', 'activity', 'cluster']

async function measurePaint(context: BenchContext, app: FastifyInstance, note: string): Promise<readonly Row[]> {
  const { port } = app.server.address() as AddressInfo
  const { endpoints, credentials } = managementOf(context)
  const browser = await openBrowser()
  try {
    const own = await browser.login(`http://127.0.0.1:${port}/login`, TOKEN)
    const peer = await browser.loginToManagement(endpoints[0] ?? '', credentials)
    const shown: number[] = []
    const pairs = await alternate(
      alternations(context),
      async () => {
        const paints = []
        for (const path of pages)
          paints.push({ path, ...(await own.paint(`http://127.0.0.1:${port}/${path}`, 'main table, main .verdict')) })
        const firstMs = Math.max(...paints.map((paint) => paint.firstMs))
        const contentMs = Math.max(...paints.map((paint) => paint.contentMs))
        shown.push(contentMs)
        const last = paints.find((paint) => paint.contentMs === contentMs)?.path ?? ''
        context.progress(
          `page-reads: first paint ${firstMs.toFixed(0)} ms; /${last} shows after ${contentMs.toFixed(0)} ms`,
        )
        return firstMs
      },
      async () => (await peer.paint(`${endpoints[0] ?? ''}/#/`, '#main h1')).firstMs,
    )
    const contentPairs = pairs.map(({ peer: other }, round) => ({ warren: shown[round] ?? 0, peer: other }))
    return [
      valueRow(pairs, 'ms', { name: 'page: first paint of the slowest page', bar: { atMost: 1_500 }, note }),
      valueRow(contentPairs, 'ms', { name: 'page: the slowest page shows what it has read', note }),
    ]
  } finally {
    await browser.close()
  }
}
