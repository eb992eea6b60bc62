import { setTimeout } from 'node:timers/promises'
import type { ObservedRequest } from '@warren/cluster/management'
import { describe, expect, it } from 'vitest'
import { testVhost } from '../../../../test/support/broker.ts'
import { eventually, makeService, storeKinds } from '../../../bus/test/support/service.ts'
import type { StoreKind } from '../../../bus/test/support/service.ts'
import type { ChartsReply, ConsumersReply, SubscriptionChartsReply } from '../../src/charts/reply.ts'
import type { Series } from '../../src/charts/series.ts'
import { makeApp, secrets } from '../support/app.ts'
import { filled } from '../support/filled.ts'

const headers = { authorization: `Bearer ${secrets.viewer}` }
const paid = 'order.payment.onPaid'
const totalOf = (series: Series) => series.reduce<number>((total, value) => total + (value ?? 0), 0)

/** A publisher, and a subscriber that fails at one event in ten, over one vhost. */
async function makeShop(kind: StoreKind) {
  const { vhost, amqpUrls, cluster } = await testVhost()
  const shop = await makeService({ kind, endpoints: amqpUrls })
  const crm = await makeService({ kind, service: 'crm', endpoints: amqpUrls })
  await crm.bus.subscribe(
    'order.crm',
    ['order.#'],
    (event) => {
      if ((event.data as { orderId: string }).orderId.endsWith('0')) throw new Error('no customer')
    },
    { prefetch: 20, retry: { attempts: 1 } },
  )
  await shop.bus.start()
  await crm.bus.start()
  const requests: ObservedRequest[] = []
  const management = {
    ...{ endpoints: cluster.nodes.map((node) => node.managementUrl), credentials: cluster.credentials },
    onRequest: (request: ObservedRequest) => void requests.push(request),
  }
  const stores = [
    { label: 'shop', store: shop.store },
    { label: 'crm', store: crm.store },
  ]
  const app = await makeApp({ stores, clusters: [{ name: 'main', vhost, management }] })
  const get = async <Reply>(url: string): Promise<Reply> => {
    const response = await app.inject({ url, headers })
    expect([url, response.statusCode]).toEqual([url, 200])
    return response.json<Reply>()
  }
  return { shop, app, get, requests, cluster }
}

describe.each(storeKinds)('charts of %s stores and a broker', (kind) => {
  it('tell what went through, what failed, how long it took, and who consumes', { timeout: 180_000 }, async () => {
    const { shop, get, requests, cluster } = await makeShop(kind)
    for (let n = 0; n < 50; n++) await shop.bus.publish(paid, { orderId: `o-${n}` })
    // Until the bucket in which they were published is over, and the broker has told of it.
    const charts = await eventually(async () => {
      // 1,200 requests a minute are answered.
      await setTimeout(200)
      const reply = await get<ChartsReply>('/api/charts?range=15m')
      const { published, handled, failed } = reply.flow
      const hasAll = [published, handled].every((series) => totalOf(series) * 15 >= 50)
      return hasAll && totalOf(failed) > 0 && reply
    }, 120_000)
    expect(charts.times).toHaveLength(60)
    expect(charts.problems).toEqual([])
    // Five of them, in buckets of 15 s; each of the handled ones has a latency.
    expect(totalOf(charts.flow.failed) * 15).toBeCloseTo(5, 0)
    expect(charts.latency).toMatchObject({ samples: 50, subscriptions: { read: 1, of: 1 } })
    const [p50, p99] = [charts.latency.p50, charts.latency.p99].map((series) =>
      series.findLast((each) => each !== null),
    )
    expect(p50).toBeGreaterThanOrEqual(0)
    expect(p99).toBeGreaterThanOrEqual(p50!)
    expect(charts.lag.queues).toMatchObject([
      { subscription: 'order.crm', queue: 'qu.order.crm', cluster: 'main', waiting: 0 },
    ])
    // The cluster of this test may not have run for as long as the chart is: nothing was measured then.
    expect(charts.lag.all[0] === null || charts.lag.all[0] === 0).toBe(true)

    const one = await get<SubscriptionChartsReply>('/api/subscriptions/order.crm/charts?range=15m')
    expect(one).toMatchObject({ queue: 'qu.order.crm', latency: { samples: 50 }, problems: [] })
    expect(totalOf(one.flow.handled)).toBeGreaterThan(0)
    expect(one.lag.waiting.findLast((each) => each !== null)).toBe(0)

    const { consumers } = await eventually(async () => {
      const reply = await get<ConsumersReply>('/api/subscriptions/order.crm/consumers')
      return (reply.consumers?.length ?? 0) > 0 && reply
    }, 60_000)
    expect(consumers).toMatchObject([{ acknowledges: true, isActive: true, user: cluster.credentials.username }])

    // Ten who look cost as much as one.
    requests.length = 0
    await Promise.all(Array.from({ length: 10 }, () => get<ChartsReply>('/api/charts?range=1h')))
    const asked = requests.filter(({ path }) => path.startsWith('vhosts/'))
    expect(asked).toHaveLength(1)
    for (const range of ['6h', '24h']) {
      const { times, problems } = await get<ChartsReply>(`/api/charts?range=${range}`)
      expect([times.length > 30, problems]).toEqual([true, []])
    }
  })
})

describe('charts', () => {
  it('say what is not there, and show the rest', async () => {
    const [orders, crm] = await filled('postgres')
    const unreachable = {
      endpoints: ['http://127.0.0.1:1'],
      credentials: { username: 'a', password: 'canary-of-charts' },
    }
    const app = await makeApp({ stores: [orders, crm], clusters: [{ name: 'main', management: unreachable }] })
    await orders.store.stop()
    const response = await app.inject({ url: '/api/charts', headers })
    expect(response.statusCode).toBe(200)
    expect(response.body).not.toContain('canary-of-charts')
    const { problems, latency, flow } = response.json<ChartsReply>()
    expect(problems.map(({ kind, name }) => [kind, name]).toSorted()).toEqual([
      ['cluster-away', 'main'],
      ['store-away', 'orders'],
    ])
    expect(latency.subscriptions).toEqual({ read: 2, of: 2 })
    expect(flow.published.every((each) => each === null)).toBe(true)
    expect(flow.failed.every((each) => each === 0)).toBe(true)
  })

  it('say that no cluster is named, and what was asked for wrongly', async () => {
    const [orders, crm] = await filled('sqlite')
    const app = await makeApp({ stores: [orders, crm] })
    const get = (url: string) => app.inject({ url, headers })
    for (const url of ['/api/charts', '/api/subscriptions/order.crm/charts', '/api/subscriptions/order.crm/consumers'])
      expect((await get(url)).json<ChartsReply>().problems).toMatchObject([{ kind: 'no-cluster' }])
    expect((await get('/api/charts?range=2h')).json()).toMatchObject({ error: { code: 'REQUEST_INVALID' } })
    for (const path of ['charts', 'consumers'])
      expect((await get(`/api/subscriptions/order.nobody/${path}`)).statusCode).toBe(404)
    // The publisher alone knows of a subscription whose own store is not looked at.
    const alone = await makeApp({ stores: [orders] })
    const reply = await alone.inject({ url: '/api/subscriptions/order.crm/charts', headers })
    expect(reply.json<SubscriptionChartsReply>()).toMatchObject({ queue: 'qu.order.crm', latency: null })
  })
})
