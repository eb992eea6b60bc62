import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { watch } from '../../bus/test/store/conformance/watches.ts'
import { metricNames } from '../src/reads/metrics.ts'
import { makeApp, secrets } from './support/app.ts'
import { filled } from './support/filled.ts'

describe('metrics', () => {
  it('say what the overview says, one line for each publisher and subscription', async () => {
    const [orders, crm] = await filled('sqlite')
    await orders.store.watches.save(watch({ name: 'Sale "50 %"' }), 'ann')
    const app = await makeApp({ stores: [orders, crm] })
    const read = await app.inject({ url: '/metrics', headers: { authorization: `Bearer ${secrets.metrics}` } })
    expect([read.statusCode, read.headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    const lines = read.body.split('\n')
    expect(lines).toContain('warren_store_up{store="orders"} 1')
    expect(lines).toContain('warren_watch_alarm{watch="Sale \\"50 %\\""} 1')
    const overview = await app.inject({ url: '/api/overview', headers: { authorization: `Bearer ${secrets.viewer}` } })
    const { subscriptions, publishers } = overview.json<{
      subscriptions: { store: string; subscription: string; service: string; state: string; missing: number }[]
      publishers: { store: string; service: string; pending: number }[]
    }>()
    const active = subscriptions.filter(({ state }) => state !== 'retired')
    expect(active.some(({ missing }) => missing > 0)).toBe(true)
    for (const { store, subscription, service, missing } of active) {
      const labels = `store="${store}",subscription="${subscription}",service="${service}"`
      expect(lines).toContain(`warren_subscription_missing_events{${labels}} ${missing}`)
    }
    for (const { store, service, pending } of publishers)
      expect(lines).toContain(`warren_publisher_pending_events{store="${store}",service="${service}"} ${pending}`)
    const named = new Set(lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]))
    expect([...named].sort()).toEqual([...metricNames].sort())
  })

  it('need a login; a token for them is good for nothing else', async () => {
    const app = await makeApp()
    expect((await app.inject({ url: '/metrics' })).statusCode).toBe(401)
    const headers = { authorization: `Bearer ${secrets.metrics}` }
    for (const url of ['/api/overview', '/api/live', '/api/messages', '/api/openapi.json'])
      expect([url, (await app.inject({ url, headers })).statusCode]).toEqual([url, 403])
    const login = await app.inject({
      method: 'POST',
      url: '/api/session',
      headers: { host: 'localhost', origin: 'http://localhost' },
      payload: { kind: 'token', token: secrets.metrics },
    })
    expect(login.statusCode).toBe(403)
    expect(login.cookies).toEqual([])
  })

  it('are what the dashboard asks for', async () => {
    const dashboard = await readFile(new URL('../grafana/warren.json', import.meta.url), 'utf8')
    const asked = new Set(dashboard.match(/warren_[a-z_]+/g))
    expect([...asked].sort()).toEqual([...metricNames].sort())
  })
})
