import fastifyCookie from '@fastify/cookie'
import fastifyRateLimit from '@fastify/rate-limit'
import fastifySwagger from '@fastify/swagger'
import { silentLogger } from '@warren/bus'
import type { FastifyError, FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import { addGuard } from './access/guard.ts'
import type { RabbitmqLogin } from './access/login.ts'
import { oidcSettings } from './access/oidc/options.ts'
import { OidcProvider } from './access/oidc/provider.ts'
import { Sessions } from './access/sessions.ts'
import { addJsonBody } from './api/json-body.ts'
import { addLiveApi } from './api/live.ts'
import { addActivityApi } from './api/activity.ts'
import { addBackfillsApi } from './api/backfills.ts'
import { addBulkApi } from './api/bulk.ts'
import { addChartsApi } from './api/charts.ts'
import { addClusterApi } from './api/cluster.ts'
import { addClusterGraphApi } from './api/cluster-graph.ts'
import { addClusterQueuesApi } from './api/cluster-queues.ts'
import { addClusterReadsApi } from './api/cluster-reads.ts'
import { addCompensationApi } from './api/compensation.ts'
import { addDefinitionsApi } from './api/definitions.ts'
import { addEventsApi } from './api/events.ts'
import { addFailuresApi } from './api/failures.ts'
import { addFailureTrendsApi } from './api/failure-trends.ts'
import { addMessagesApi } from './api/messages.ts'
import { addMetricsApi } from './api/metrics.ts'
import { addOverviewApi } from './api/overview.ts'
import { addOidcApi } from './api/oidc.ts'
import { answerOf } from './api/answer.ts'
import { addReferenceApi, reference } from './api/reference.ts'
import { addSessionApi } from './api/session.ts'
import { addSubscriptionsApi } from './api/subscriptions.ts'
import { addWatchesApi } from './api/watches.ts'
import { ClusterActionLog } from './clusters/action-log.ts'
import { ClusterActions } from './clusters/actions.ts'
import { Clusters } from './clusters/clusters.ts'
import { MonitorError } from './errors.ts'
import { Mask } from './mask.ts'
import type { MonitorOptions } from './options.ts'
import { addPage } from './page/files.ts'
import { securityHeaders } from './page/headers.ts'
import { BulkRunner } from './reads/bulk-runner.ts'
import { Live } from './reads/live.ts'
import { readOverview } from './reads/overview.ts'
import { WatchReader } from './reads/watches.ts'
import { checkTraceUrl } from './reads/trace.ts'

const DAY_MS = 86_400_000
const REQUESTS_PER_MINUTE = 1_200

/**
 * The page and its API, to be registered in a Fastify server: `app.register(monitor, { prefix: '/warren', stores, … })`. What it
 * adds stays within the prefix.
 */
export const monitor: FastifyPluginAsync<MonitorOptions> = async (app, options) => {
  const { stores, login = {}, origin, periodMs = 7 * DAY_MS, liveMs = 2_000, logger = silentLogger } = options
  const sessions = new Sessions({ idleMs: login.idleMs ?? 8 * 3_600_000, maxAgeMs: login.maxAgeMs ?? DAY_MS })
  const tokens = login.tokens ?? []
  const clusters = new Clusters(options.clusters ?? [])
  const actions = new ClusterActions(new ClusterActionLog(stores, logger), logger)
  const watches = new WatchReader(stores, logger)
  const mask = new Mask(options.mask ?? [])
  const rabbitmq = rabbitmqOf(options)
  if (options.traceUrl !== undefined) checkTraceUrl(options.traceUrl)
  const basePath = app.prefix.replace(/\/$/, '')
  const cookieName = 'warren_session'
  const cookieOf = (request: FastifyRequest) => ({
    path: basePath === '' ? '/' : basePath,
    httpOnly: true,
    sameSite: 'strict' as const,
    secure: (origin ?? `${request.protocol}:`).startsWith('https:'),
  })
  const oidc = login.oidc === undefined ? null : new OidcProvider(await oidcSettings(login.oidc), logger)

  // A server that this is mounted into may have them for all of its routes already.
  if (!app.hasRequestDecorator('cookies')) await app.register(fastifyCookie)
  if (!app.hasDecorator('rateLimit'))
    await app.register(fastifyRateLimit, { global: true, max: REQUESTS_PER_MINUTE, timeWindow: 60_000 })
  // A server that describes its own API describes this one with it.
  if (!app.hasDecorator('swagger')) await app.register(fastifySwagger, { openapi: reference })
  addAnswers(app)
  await app.register((api, _options, done) => {
    addJsonBody(api)
    addGuard(api, { sessions, tokens, cookieName, origin })
    const people = { tokens: login.token === false ? [] : tokens, rabbitmq, oidc }
    addSessionApi(api, { ...people, sessions, cookieName, cookieOf, basePath, origin })
    addOidcApi(api, { oidc, sessions, sessionCookie: { name: cookieName, of: cookieOf }, basePath, origin })
    api.addHook('onReady', (ready) => {
      void oidc?.look()
      ready()
    })
    addOverviewApi(api, { stores, watches, periodMs })
    addWatchesApi(api, { stores, watches })
    addChartsApi(api, { stores, clusters })
    addSubscriptionsApi(api, { stores, periodMs })
    addCompensationApi(api, { stores })
    addBackfillsApi(api, { stores })
    addMessagesApi(api, { stores, mask, traceUrl: options.traceUrl ?? null })
    const runner = new BulkRunner(stores, logger)
    api.addHook('onReady', () => runner.start())
    api.addHook('onClose', () => runner.stop())
    addFailuresApi(api, { stores, mask, runner, catalog: options.catalog })
    addFailureTrendsApi(api, { stores })
    addBulkApi(api, { stores, runner })
    addEventsApi(api, { stores, catalog: options.catalog })
    addActivityApi(api, { stores })
    addClusterApi(api, { clusters })
    addClusterReadsApi(api, { clusters })
    addClusterGraphApi(api, { clusters, stores, catalog: options.catalog })
    addClusterQueuesApi(api, { clusters, actions })
    addDefinitionsApi(api, { clusters, actions })
    api.addHook('onClose', () => actions.stop())
    addMetricsApi(api, { stores, watches, periodMs })
    addReferenceApi(api)
    const overview = new Live(() => readOverview({ stores, watches }, periodMs), liveMs, logger)
    api.addHook('onClose', () => overview.stop())
    addLiveApi(api, { overview, sessions, cookieName })
    done()
  })
  await addPage(app, basePath)
  logger.debug({ stores: stores.length, clusters: clusters.all.length }, 'the page is ready')
}

/** What is sent is what the route made; what comes in is checked by the route, with an error that says where. */
function addAnswers(app: FastifyInstance): void {
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.addHook('onSend', (_request, reply, payload, done) => {
    reply.headers({ ...securityHeaders, ...(reply.hasHeader('cache-control') ? {} : { 'cache-control': 'no-store' }) })
    done(null, payload)
  })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { status, body } = answerOf(error)
    if (status >= 500) request.log.error({ err: error }, 'a request failed')
    return reply.status(status).send(body)
  })
}

/** Throws OPTION_INVALID for the name of a cluster that is none. */
function rabbitmqOf({ login = {}, clusters = [] }: MonitorOptions): RabbitmqLogin | null {
  const { rabbitmq = clusters[0]?.name ?? false } = login
  if (rabbitmq === false) return null
  if (typeof rabbitmq !== 'string') return rabbitmq
  const named = clusters.find(({ name }) => name === rabbitmq)
  if (named !== undefined) return { management: withoutCredentials(named.management) }
  const known = clusters.length === 0 ? 'none' : clusters.map(({ name }) => `"${name}"`).join(', ')
  throw new MonitorError(
    'OPTION_INVALID',
    500,
    `login.rabbitmq: there is no cluster "${rabbitmq}" whose accounts could log in; of clusters there is ${known}`,
  )
}

function withoutCredentials({ endpoints, tls, timeoutMs }: RabbitmqLogin['management']): RabbitmqLogin['management'] {
  const bare = endpoints.map((endpoint) => {
    const url = new URL(endpoint)
    url.username = ''
    url.password = ''
    return url.href
  })
  return { endpoints: bare, ...(tls === undefined ? {} : { tls }), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
}
