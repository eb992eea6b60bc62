import type { NamedStore } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { BrokerCharts } from '../charts/broker.ts'
import { rangeNames } from '../charts/range.ts'
import { readCharts, readSubscriptionCharts, readSubscriptionConsumers } from '../charts/read.ts'
import { chartsReply, consumersReply, subscriptionChartsReply } from '../charts/reply.ts'
import type { ChartsReply, ConsumersReply, SubscriptionChartsReply } from '../charts/reply.ts'
import type { Clusters } from '../clusters/clusters.ts'
import { Shared } from '../reads/shared.ts'
import { addRoute } from './route.ts'

/** The broker itself measures every 5 s. */
const MAX_AGE_MS = 5_000

const name = z.object({ name: z.string().max(255) })
const query = z.object({ range: z.enum(rangeNames).default('15m') })

/** What flows, how fast, and what waits, over time. Read once for all who look. */
export function addChartsApi(
  app: FastifyInstance,
  { stores, clusters }: { readonly stores: readonly NamedStore[]; readonly clusters: Clusters },
): void {
  const broker = new BrokerCharts(clusters.all)
  const all = new Shared<ChartsReply>(MAX_AGE_MS)
  const one = new Shared<SubscriptionChartsReply>(MAX_AGE_MS)
  const consumers = new Shared<ConsumersReply>(MAX_AGE_MS)

  addRoute(app, {
    method: 'GET',
    url: '/api/charts',
    access: 'viewer',
    summary: 'Published, handled and failed a second, latency and lag, over time',
    query,
    reply: chartsReply,
    handle: ({ query: { range } }) => all.get(range, () => readCharts(stores, broker, range)),
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/subscriptions/:name/charts',
    access: 'viewer',
    summary: 'Latency, lag and handling of one subscription, over time',
    params: name,
    query,
    reply: subscriptionChartsReply,
    handle: ({ params, query: { range } }) =>
      one.get(`${range} ${params.name}`, () => readSubscriptionCharts(stores, broker, params.name, range)),
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/subscriptions/:name/consumers',
    access: 'viewer',
    summary: 'Who consumes the queue of one subscription',
    params: name,
    reply: consumersReply,
    handle: ({ params }) => consumers.get(params.name, () => readSubscriptionConsumers(stores, broker, params.name)),
  })
}
