import fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { addGuard } from '../src/access/guard.ts'
import { Sessions } from '../src/access/sessions.ts'
import { login, makeApp, origin, secrets } from './support/app.ts'

const error = (response: { json: <T>() => T }): string => response.json<{ error: { code: string } }>().error.code

describe('who gets in', () => {
  it('is nobody without a login, for whatever is not public', async () => {
    const app = await makeApp()
    for (const url of ['/api/overview', '/api/live', '/api/openapi.json', '/api/nothing']) {
      const response = await app.inject({ url })
      expect([url, response.statusCode, error(response)]).toEqual([url, 401, 'LOGIN_REQUIRED'])
    }
    expect((await app.inject({ url: '/api/session' })).json()).toEqual({
      user: null,
      csrfToken: null,
      logins: ['token'],
      oidc: null,
    })
  })

  it('is a program with its token, and none with another, whatever cookie comes with it', async () => {
    const app = await makeApp()
    const headers = { authorization: `Bearer ${secrets.viewer}` }
    expect((await app.inject({ url: '/api/overview', headers })).statusCode).toBe(200)
    const { cookie } = await login(app, 'operator')
    const wrong = await app.inject({ url: '/api/overview', headers: { authorization: 'Bearer nonsense', cookie } })
    expect([wrong.statusCode, error(wrong)]).toEqual([401, 'LOGIN_REQUIRED'])
  })

  it('is a person until the logout, and nobody who kept the cookie after that', async () => {
    const app = await makeApp()
    const headers = await login(app, 'viewer')
    expect((await app.inject({ url: '/api/session', headers })).json()).toMatchObject({
      user: { name: 'viewer', role: 'viewer' },
      csrfToken: headers['x-warren-csrf'],
    })
    expect((await app.inject({ method: 'DELETE', url: '/api/session', headers })).statusCode).toBe(200)
    expect((await app.inject({ url: '/api/overview', headers })).statusCode).toBe(401)
  })

  it('is told that the token is wrong, ten times a minute', async () => {
    const app = await makeApp()
    const attempt = () =>
      app.inject({
        method: 'POST',
        url: '/api/session',
        headers: { host: 'localhost', origin },
        payload: { kind: 'token', token: 'nonsense' },
      })
    const codes: string[] = []
    for (let n = 0; n < 11; n++) codes.push(error(await attempt()))
    expect([codes[0], codes[9], codes[10]]).toEqual(['LOGIN_FAILED', 'LOGIN_FAILED', 'TOO_MANY_REQUESTS'])
  })

  it.each([
    ['from another page', { origin: 'https://evil.example' }, 403, 'CSRF_FAILED'],
    ['from no page', { origin: '' }, 403, 'CSRF_FAILED'],
    ["without its session's token", { 'x-warren-csrf': '' }, 403, 'CSRF_FAILED'],
    ["with another session's token", { 'x-warren-csrf': 'another' }, 403, 'CSRF_FAILED'],
  ])('cannot have a browser change something %s', async (_what, changed, status, code) => {
    const app = await makeApp()
    const headers = { ...(await login(app, 'operator')), ...changed }
    const response = await app.inject({ method: 'DELETE', url: '/api/session', headers })
    expect([response.statusCode, error(response)]).toEqual([status, code])
  })

  it('cannot be logged in by another page', async () => {
    const app = await makeApp()
    const response = await app.inject({
      method: 'POST',
      url: '/api/session',
      headers: { host: 'localhost', origin: 'https://evil.example' },
      payload: { kind: 'token', token: secrets.viewer },
    })
    expect([response.statusCode, error(response)]).toEqual([403, 'CSRF_FAILED'])
  })
})

describe('every answer', () => {
  it('says that nothing but the page’s own files may run, and is kept nowhere', async () => {
    const app = await makeApp()
    for (const url of ['/api/session', '/api/overview', '/api/nothing']) {
      const { headers } = await app.inject({ url })
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    }
  })

  it('refuses what makes no sense, and says where', async () => {
    const app = await makeApp()
    const headers = { authorization: `Bearer ${secrets.viewer}` }
    const response = await app.inject({ url: '/api/overview?periodMs=no', headers })
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({
      error: { code: 'REQUEST_INVALID', message: expect.stringMatching(/^query\.periodMs: /) as unknown },
    })
    const large = await app.inject({
      method: 'POST',
      url: '/api/session',
      headers: { host: 'localhost', origin, 'content-type': 'application/json' },
      payload: `{"kind":"token","token":"${'x'.repeat(100_000)}"}`,
    })
    expect([large.statusCode, error(large)]).toEqual([413, 'REQUEST_INVALID'])
    const nested = await app.inject({
      method: 'POST',
      url: '/api/session',
      headers: { host: 'localhost', origin, 'content-type': 'application/json' },
      payload: `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
    })
    expect(nested.statusCode).toBe(400)
    expect(nested.json()).toMatchObject({ error: { message: 'the body is nested deeper than 20 levels' } })
  })
})

it('refuses to have a route that does not say who may use it', () => {
  const app = fastify()
  addGuard(app, { sessions: new Sessions({ idleMs: 1, maxAgeMs: 1 }), tokens: [], cookieName: 'x' })
  expect(() => app.get('/forgotten', () => 'x')).toThrow('the route /forgotten does not say who may use it')
})
