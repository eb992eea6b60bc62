import { setTimeout } from 'node:timers/promises'
import fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { beforeAll, describe, expect, it } from 'vitest'
import { hashOf } from '../src/access/sessions.ts'
import { monitor } from '../src/index.ts'
import { login, makeApp, origin, secrets } from './support/app.ts'

interface Added {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
}

/** Who else than a viewer may read, and who else than an operator may change: nothing but these. */
const exceptions: Readonly<Record<string, 'public' | 'metrics' | 'viewer'>> = {
  'GET /api/session': 'public',
  'POST /api/session': 'public',
  'DELETE /api/session': 'viewer',
  'GET /api/session/oidc': 'public',
  'GET /api/session/oidc/callback': 'public',
  'GET /metrics': 'metrics',
}

/** Whatever is added to the page: a route that nobody has thought of here is there all the same. */
async function addedRoutes(): Promise<readonly Added[]> {
  const app = fastify()
  const added: Added[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of Array.isArray(method) ? method : [method])
      if (url.startsWith('/api/') || url === '/metrics') added.push({ method: each as Added['method'], url })
  })
  await app.register(monitor, { stores: [] })
  await app.close()
  // What is not there answers like what is: who may not know what there is, does not learn it.
  return added.filter(({ method, url }) => !/HEAD|OPTIONS|TRACE/.test(method) && !url.includes('*'))
}

const nameOf = ({ method, url }: Added): string => `${method} ${url}`
const accessOf = (route: Added): string => exceptions[nameOf(route)] ?? (route.method === 'GET' ? 'viewer' : 'operator')
const codeOf = (body: string): string => (JSON.parse(body) as { error?: { code: string } }).error?.code ?? ''

describe('every route', () => {
  let routes: readonly Added[]
  let app: FastifyInstance
  beforeAll(async () => {
    routes = await addedRoutes()
    app = fastify()
    await app.register(monitor, {
      stores: [],
      login: {
        idleMs: 60_000,
        tokens: (['metrics', 'viewer', 'operator'] as const).map((role) => {
          return { name: role, role, sha256: hashOf(secrets[role]) }
        }),
      },
    })
  })

  /** The status and the code of each route's answer to this caller. */
  async function answers(
    chosen: readonly Added[],
    headers: Readonly<Record<string, string>>,
    server = app,
  ): Promise<ReadonlyMap<string, string>> {
    const all = new Map<string, string>()
    for (const route of chosen) {
      const url = route.url.replaceAll(/:id\b/g, '01a218de-4b20-737c-9ec6-a9ce26fea46a').replaceAll(/:\w+/g, 'x')
      const body = route.method === 'GET' ? {} : { payload: {} }
      const answer = await server.inject({
        method: route.method,
        url,
        headers: { host: 'localhost', ...headers },
        ...body,
      })
      expect(answer.headers['access-control-allow-origin'], nameOf(route)).toBeUndefined()
      all.set(nameOf(route), `${answer.statusCode} ${codeOf(answer.statusCode === 200 ? '{}' : answer.body)}`)
    }
    return all
  }
  const all = (chosen: readonly Added[], answer: string): ReadonlyMap<string, string> =>
    new Map(chosen.map((route) => [nameOf(route), answer]))
  const having = (...access: readonly string[]): readonly Added[] =>
    routes.filter((route) => access.includes(accessOf(route)))

  it('is known here', () => {
    expect(routes.length).toBeGreaterThan(25)
    for (const name of Object.keys(exceptions)) expect(routes.map(nameOf)).toContain(name)
  })

  it('is closed to nobody in particular, to wrong tokens and to sessions that have ended', async () => {
    const closed = having('metrics', 'viewer', 'operator')
    const nobody = all(closed, '401 LOGIN_REQUIRED')
    expect(await answers(closed, {})).toEqual(nobody)
    expect(await answers(closed, { authorization: 'Bearer nonsense' })).toEqual(nobody)
    const brief = await makeApp({ login: { idleMs: 20 } })
    const ended = await login(brief, 'operator')
    await setTimeout(50)
    expect(await answers(closed, ended, brief)).toEqual(nobody)
  })

  it('that changes something is closed to viewers, and all but the metrics to their token', async () => {
    const changing = having('operator')
    expect(changing.length).toBeGreaterThan(5)
    const denied = '403 ACCESS_DENIED'
    expect(await answers(changing, await login(app, 'viewer'))).toEqual(all(changing, denied))
    expect(await answers(changing, { authorization: `Bearer ${secrets.viewer}` })).toEqual(all(changing, denied))
    const others = having('viewer', 'operator')
    expect(await answers(others, { authorization: `Bearer ${secrets.metrics}` })).toEqual(all(others, denied))
  })

  it('that reads is open to viewers', async () => {
    // That one does not end.
    const reading = having('viewer', 'metrics').filter(({ method, url }) => method === 'GET' && url !== '/api/live')
    const given = await answers(reading, await login(app, 'viewer'))
    for (const [name, answer] of given) expect(answer, name).toMatch(/^(200|400|404) /)
  })

  it.each([
    ['another page', { origin: 'https://evil.example' }],
    ['no page', { origin: 'null' }],
    ['a page that does not know the token of the session', { 'x-warren-csrf': 'guessed' }],
    ['a page that leaves the token out', { 'x-warren-csrf': '' }],
  ])('that changes something is closed to a browser that comes from %s', async (_what, changed) => {
    const changing = [...having('operator'), ...routes.filter((route) => nameOf(route) === 'DELETE /api/session')]
    const headers = { ...(await login(app, 'operator')), ...changed }
    expect(await answers(changing, headers)).toEqual(all(changing, '403 CSRF_FAILED'))
    expect((await app.inject({ url: '/api/overview', headers: { ...headers, origin } })).statusCode).toBe(200)
  })
})
