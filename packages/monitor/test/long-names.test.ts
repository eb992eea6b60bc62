import fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hashOf } from '../src/access/sessions.ts'
import { monitor, startMonitor } from '../src/index.ts'
import type { MonitorOptions } from '../src/index.ts'
import { emptyStore } from './support/clustered.ts'

/** As long as names of subscriptions may be, and as those on a broker: percent-encoded that is six times as much. */
const names = ['order.'.padEnd(200, 'x'), 'é'.repeat(255)]
const headers = { authorization: 'Bearer secret-of-the-viewer' }

async function options(): Promise<MonitorOptions> {
  const named = await emptyStore()
  for (const name of names)
    await named.store.subscriptions.announce({ name, service: 'crm', patterns: ['#'], queue: name })
  const token = { name: 'viewer', role: 'viewer' as const, sha256: hashOf('secret-of-the-viewer') }
  return { stores: [named], login: { tokens: [token] } }
}

describe('a long name in a path', () => {
  it('is found by the server of the page', async () => {
    const running = await startMonitor({ ...(await options()), port: 0 })
    onTestFinished(() => running.stop())
    for (const name of names) {
      const response = await fetch(`${running.url}/api/subscriptions/${encodeURIComponent(name)}`, { headers })
      expect([response.status, await response.json()]).toMatchObject([200, { name }])
    }
  })

  it.each([
    ['by default', {}, [404, 404]],
    ['for such names', { maxParamLength: 200 }, [200, 404]],
    ['for all names', { maxParamLength: 255 }, [200, 200]],
  ])(
    'is found in another server as far as its router is set %s, which says so',
    async (_set, routerOptions, statuses) => {
      const app = fastify({ routerOptions })
      onTestFinished(() => app.close())
      await app.register(monitor, { ...(await options()), prefix: '/warren' })
      const urls = names.map((name) => `/warren/api/subscriptions/${encodeURIComponent(name)}`)
      const responses = await Promise.all(urls.map((url) => app.inject({ url, headers })))
      expect(responses.map(({ statusCode }) => statusCode)).toEqual(statuses)
      const most = 'maxParamLength' in routerOptions ? routerOptions.maxParamLength : 100
      for (const response of responses.filter(({ statusCode }) => statusCode === 404))
        expect(response.json()).toMatchObject({
          error: {
            code: 'NOT_FOUND',
            message: expect.stringContaining(`no name of more than ${most} characters`) as unknown,
          },
        })
      const other = (await app.inject({ url: '/warren/api/nothing', headers })).json<{ error: { message: string } }>()
      expect(other.error.message).toBe('the API has no GET /warren/api/nothing')
    },
  )
})
