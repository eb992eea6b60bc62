import { inspect } from 'node:util'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openPage } from '../../../test/support/browser.ts'
import type { Logger } from '@warren/bus'
import { monitor, startMonitor } from '../src/index.ts'
import type { OidcLogin } from '../src/index.ts'
import { filled } from './support/filled.ts'
import { clientSecret, locationOf, startProvider, Visitor } from './support/provider.ts'
import type { TestProvider } from './support/provider.ts'

const callback = '/api/session/oidc/callback'

/** The page with this provider alone, and all that it has logged. */
async function withProvider(provider: TestProvider, oidc: Partial<OidcLogin> = {}, prefix = '') {
  const logged: string[] = []
  const log = (fields: object, message: string) => void logged.push(`${message} ${inspect(fields, { depth: 9 })}`)
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const app = fastify({ logger: { stream: { write: (line) => logged.push(line) } } })
  onTestFinished(() => app.close())
  await app.register(monitor, {
    ...{ prefix, logger, stores: [] },
    login: { token: false as const, oidc: { ...provider.login, ...oidc } },
  })
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}${prefix}`
  provider.allow(`${url}${callback}`, `${url}/login`)
  return { url, logged }
}

/** Where a login that was begun with `to` has led, with the visitor who made it. */
async function logIn(url: string, name: string, to = '') {
  const visitor = new Visitor()
  const begun = locationOf(await visitor.get(`${url}/api/session/oidc?to=${encodeURIComponent(to)}`), url)
  const back = await visitor.logIn(begun, name)
  return { visitor, begun, back, end: locationOf(await visitor.get(back), back) }
}

describe('a login at an OpenID provider', () => {
  it('is begun with PKCE, state and nonce, and ends where the reader was, in a session of the role', async () => {
    const { url, logged } = await withProvider(await startProvider())
    const { visitor, begun, back, end } = await logIn(url, 'anna', '/messages?side=sent')
    const random = expect.stringMatching(/^.{43}$/) as string
    expect(Object.fromEntries(new URL(begun).searchParams)).toMatchObject({
      ...{ response_type: 'code', client_id: 'warren-page', redirect_uri: `${url}${callback}` },
      ...{ scope: 'openid profile email', code_challenge_method: 'S256' },
      ...{ code_challenge: random, state: random, nonce: random },
    })
    expect(end).toBe(`${url}/messages?side=sent`)
    expect(await (await visitor.get(`${url}/api/session`)).json()).toMatchObject({
      user: { name: 'anna', role: 'operator' },
      ...{ logins: [], oidc: { name: new URL(begun).host } },
    })
    expect((await visitor.get(`${url}/api/overview`)).status).toBe(200)
    const all = logged.join('\n')
    for (const secret of [new URL(back).searchParams.get('code') ?? '?', 'code=', clientSecret, 'eyJ'])
      expect(all).not.toContain(secret)
    expect(all).toContain('/api/overview')
  })

  it('is a viewer’s, by a claim within another, of a page that is mounted under a prefix', async () => {
    const provider = await startProvider()
    const { url } = await withProvider(provider, { roleClaim: 'realm_access.roles', name: 'ID' }, '/internal/warren')
    const { visitor, end } = await logIn(url, 'ben', 'failures')
    expect(end).toBe(`${url}/failures`)
    expect(await (await visitor.get(`${url}/api/session`)).json()).toMatchObject({
      ...{ user: { name: 'ben', role: 'viewer' }, oidc: { name: 'ID' } },
    })
  })

  it('lets nobody in who is known there and has none of the groups', async () => {
    const { url } = await withProvider(await startProvider())
    const { visitor, end } = await logIn(url, 'carl', '/failures')
    expect(end).toBe(`${url}/login?failed=ACCESS_DENIED&to=%2Ffailures`)
    expect(await (await visitor.get(`${url}/api/session`)).json()).toMatchObject({ user: null })
  })

  it('leads nowhere else afterwards', async () => {
    const { url } = await withProvider(await startProvider())
    for (const to of ['https://evil.example/', '//evil.example', '/\\evil.example', '/.//evil.example']) {
      const answer = await new Visitor().get(`${url}/api/session/oidc?to=${encodeURIComponent(to)}`)
      expect([to, answer.status, answer.headers.get('location')]).toEqual([to, 400, null])
    }
  })

  it('cannot be finished twice, by another browser, or with another state', async () => {
    const { url } = await withProvider(await startProvider())
    const visitor = new Visitor()
    const begun = locationOf(await visitor.get(`${url}/api/session/oidc`), url)
    const back = await visitor.logIn(begun, 'anna')
    const expired = `${url}/login?failed=LOGIN_EXPIRED`
    const forged = new URL(back)
    forged.searchParams.set('state', 'x'.repeat(43))
    expect(locationOf(await visitor.get(forged.href), url)).toBe(expired)
    expect(locationOf(await new Visitor().get(back), url)).toBe(expired)
    expect(locationOf(await visitor.get(back), url)).toBe(`${url}/`)
    expect(locationOf(await visitor.get(back), url)).toBe(expired)
    expect(locationOf(await visitor.get(`${url}${callback}`), url)).toBe(expired)
  })

  it('keeps the logins of two tabs apart', async () => {
    const { url } = await withProvider(await startProvider())
    const visitor = new Visitor()
    const first = locationOf(await visitor.get(`${url}/api/session/oidc?to=/events`), url)
    const second = locationOf(await visitor.get(`${url}/api/session/oidc?to=/failures`), url)
    const back = await visitor.logIn(second, 'anna')
    expect(locationOf(await visitor.get(back), url)).toBe(`${url}/failures`)
    // The provider knows who that is by now, and sends back at once.
    const again = await visitor.get(first)
    expect(locationOf(await visitor.get(locationOf(again, first)), url)).toBe(`${url}/events`)
  })

  it('is told apart when it is cancelled at the provider', async () => {
    const { url, logged } = await withProvider(await startProvider())
    const visitor = new Visitor()
    const begun = locationOf(await visitor.get(`${url}/api/session/oidc?to=/events`), url)
    const state = new URL(begun).searchParams.get('state') ?? ''
    const query = new URLSearchParams({ error: 'access_denied', error_description: 'hostile\ntext', state })
    const issuer = new URL(begun).origin
    query.set('iss', issuer)
    expect(locationOf(await visitor.get(`${url}${callback}?${query.toString()}`), url)).toBe(
      `${url}/login?failed=LOGIN_CANCELLED&to=%2Fevents`,
    )
    expect(logged.join('\n')).not.toContain('hostile')
  })

  it('is nobody’s by a token that the provider has not signed, or not for this page and this login', async () => {
    const provider = await startProvider()
    const { url, logged } = await withProvider(provider)
    const parts = (token: unknown) => String(token).split('.') as [string, string, string]
    const withClaims = (token: unknown, change: Record<string, unknown>): string => {
      const [header, payload, signature] = parts(token)
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
      const changed = Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url')
      return [header, changed, signature].join('.')
    }
    const hostile: readonly (readonly [string, (token: unknown) => string | undefined, RegExp])[] = [
      ['signed by nobody', (token) => [...parts(token).slice(0, 2), 'A'.repeat(342)].join('.'), /signature/],
      ['changed', (token) => withClaims(token, { groups: ['warren-operators'] }), /signature/],
      ['not signed', (token) => ['eyJhbGciOiJub25lIn0', parts(token)[1], ''].join('.'), /alg/],
      ['for another', (token) => withClaims(token, { aud: 'another' }), /"aud"/],
      ['of another login', (token) => withClaims(token, { nonce: 'another' }), /"nonce"/],
      ['of another provider', (token) => withClaims(token, { iss: 'http://another' }), /"iss"/],
      ['expired', (token) => withClaims(token, { exp: 1_000 }), /"exp"/],
      ['absent', () => undefined, /id_token/],
    ]
    for (const [what, change, reason] of hostile) {
      provider.misbehaviour.answer = (path, body) => {
        if (path === '/token') body['id_token'] = change(body['id_token'])
      }
      logged.length = 0
      const { visitor, end } = await logIn(url, 'anna')
      expect([what, end]).toEqual([what, `${url}/login?failed=LOGIN_FAILED&to=%2F`])
      expect(await (await visitor.get(`${url}/api/session`)).json()).toMatchObject({ user: null })
      expect(logged.join('\n')).toMatch(reason)
      expect(logged.join('\n')).not.toMatch(/eyJ|access_token/)
    }
  })

  it('waits for a provider that is away, also when it was at the start', async () => {
    const provider = await startProvider()
    await provider.stop()
    const { url, logged } = await withProvider(provider)
    const away = `${url}/login?failed=LOGIN_UNAVAILABLE`
    // Several at once are told by one answer of the provider.
    const begun = await Promise.all([1, 2, 3].map(() => new Visitor().get(`${url}/api/session/oidc`)))
    expect(begun.map((answer) => locationOf(answer, url))).toEqual([away, away, away])
    expect(logged.join('\n')).toContain('it cannot be reached: ECONNREFUSED')
    await provider.start()
    expect((await logIn(url, 'anna', '/events')).end).toBe(`${url}/events`)

    const visitor = new Visitor()
    const back = await visitor.logIn(locationOf(await visitor.get(`${url}/api/session/oidc`), url), 'anna')
    await provider.stop()
    expect(locationOf(await visitor.get(back), back)).toBe(`${away}&to=%2F`)
  })

  it('is no use with a secret that the provider does not know', async () => {
    const { url } = await withProvider(await startProvider(), { clientSecret: 'another' })
    expect((await logIn(url, 'anna')).end).toBe(`${url}/login?failed=LOGIN_FAILED&to=%2F`)
  })

  it('can be begun ten times a minute', async () => {
    const { url } = await withProvider(await startProvider())
    const ends: string[] = []
    for (let n = 0; n < 11; n++) ends.push(locationOf(await new Visitor().get(`${url}/api/session/oidc`), url))
    expect(ends[9]).not.toContain('failed')
    expect(ends[10]).toBe(`${url}/login?failed=TOO_MANY_REQUESTS`)
  })

  it('is not there where no provider is configured, which is told', async () => {
    const app = fastify()
    onTestFinished(() => app.close())
    await app.register(monitor, { stores: [] })
    for (const url of ['/api/session/oidc', callback]) {
      const answer = await app.inject({ url })
      expect([answer.statusCode, answer.json()]).toMatchObject([400, { error: { code: 'LOGIN_UNAVAILABLE' } }])
    }
  })
})

describe('what is configured', () => {
  const good = { issuer: 'https://id.example', clientId: 'warren', operatorValues: ['ops'] }

  it.each([
    ['an issuer in the clear', { issuer: 'http://id.example' }, 'login.oidc.issuer: it must begin with https'],
    ['an issuer that is none', { issuer: 'id.example' }, 'login.oidc.issuer'],
    ['groups of nobody', { operatorValues: [] }, 'login.oidc.operatorValues: nobody could log in'],
    ['two secrets', { clientSecret: 'a', clientSecretFile: 'b' }, 'which of them is it?'],
    ['a file that is not there', { clientSecretFile: '/nowhere/x' }, '/nowhere/x cannot be read (ENOENT)'],
    ['something that nobody knows', { clientSecrets: 'a-secret' }, 'login.oidc: Unrecognized key'],
    ['scopes without openid', { scopes: ['profile'] }, 'login.oidc.scopes: "openid" is missing'],
  ])('is refused at the start, with a clear word, when it is %s', async (_what, wrong, says) => {
    const starting = startMonitor({ port: 0, stores: [], login: { oidc: { ...good, ...wrong } } })
    const error = await starting.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'OPTION_INVALID', message: expect.stringContaining(says) as string })
    expect(String(error)).not.toContain('a-secret')
  })

  it('takes the secret from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'warren-secret-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'secret')
    await writeFile(file, `${clientSecret}\n`)
    const provider = await startProvider()
    const { clientSecret: _left, ...login } = provider.login
    const running = await startMonitor({
      ...{ port: 0, stores: [] },
      login: { oidc: { ...login, clientSecretFile: file, clientAuth: 'basic' } },
    })
    onTestFinished(() => running.stop())
    provider.allow(`${running.url}${callback}`)
    expect((await logIn(running.url, 'anna')).end).toBe(`${running.url}/`)
  })

  it('makes no token at the start where nobody is to log in with one', async () => {
    const running = await startMonitor({ port: 0, stores: [], login: { token: false } })
    onTestFinished(() => running.stop())
    expect(running.bootstrapUrl).toBe(null)
  })
})

describe('in a browser', () => {
  it('a person comes back from the provider, another site, to where they were, and logs out of both', async () => {
    const provider = await startProvider()
    const running = await startMonitor({
      ...{ port: 0, stores: await filled('sqlite') },
      login: { oidc: { ...provider.login, name: 'Example ID', logsOutAtProvider: true } },
    })
    onTestFinished(() => running.stop())
    const { url } = running
    provider.allow(`${url}${callback}`, `${url}/login`)
    const page = await openPage()
    const atProvider = async (name: string): Promise<void> => {
      await page.locator('input[name=login]').fill(name)
      await page.locator('input[name=password]').fill('any')
      await page.locator('button[type=submit]').click()
    }
    await page.goto(`${url}/subscriptions/order.crm?range=1h`)
    await page.getByRole('link', { name: 'Log in with Example ID' }).click()
    await atProvider('carl')
    await page.getByText('You are known to Example ID, but nothing that it says of you lets you in here').waitFor()

    await page.context().clearCookies()
    await page.getByRole('link', { name: 'Log in with Example ID' }).click()
    await atProvider('anna')
    await page.getByRole('heading', { name: 'order.crm' }).waitFor()
    expect(page.url()).toBe(`${url}/subscriptions/order.crm?range=1h`)
    await page.reload()
    await page.getByRole('heading', { name: 'order.crm' }).waitFor()
    const cookies = await page.context().cookies(url)
    expect(cookies).toMatchObject([{ name: 'warren_session', httpOnly: true, sameSite: 'Strict' }])

    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Yes' }).click()
    await page.waitForURL(`${url}/login`)
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
  })
})
