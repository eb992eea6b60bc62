import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { onTestFinished } from 'vitest'
import type { OidcLogin } from '../../src/index.ts'

/** What the provider does wrong, while it is set. */
export interface Misbehaviour {
  /** Changes what its answers say: of the path where they are asked for. */
  answer?: ((path: string, body: Record<string, unknown>) => void) | undefined
}

export interface TestProvider {
  readonly issuer: string
  /** For a page at this address, under this prefix. */
  readonly login: Required<Pick<OidcLogin, 'issuer' | 'clientId' | 'clientSecret' | 'operatorValues' | 'viewerValues'>>
  readonly misbehaviour: Misbehaviour
  /** Lets the page come back here. */
  allow(...redirectUris: readonly string[]): void
  stop(): Promise<void>
  start(): Promise<void>
}

const clientId = 'warren-page'
export const clientSecret = 'secret-of-the-page-at-the-provider'

/** Groups by what somebody enters as the name: the provider of the tests believes whatever is entered. */
const groups: Readonly<Record<string, readonly string[]>> = { anna: ['staff', 'warren-operators'], ben: ['staff'] }

/**
 * An OpenID provider of its own on loopback, by its name: to a browser that is another site than 127.0.0.1, where the page is.
 */
export async function startProvider(): Promise<TestProvider> {
  const server = createServer((request, response) => handle(request, response))
  const listen = async (port: number): Promise<void> => {
    server.listen(port, 'localhost')
    await once(server, 'listening')
  }
  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  await listen(0)
  onTestFinished(close)
  const { port } = server.address() as AddressInfo
  const issuer = `http://localhost:${port}`
  const misbehaviour: Misbehaviour = {}
  // The clients of a provider stand when it is made: which is when the page has an address.
  let handle = makeProvider(issuer, ['http://127.0.0.1/nowhere'], misbehaviour)
  return {
    ...{ issuer, misbehaviour },
    login: { issuer, clientId, clientSecret, operatorValues: ['warren-operators'], viewerValues: ['staff'] },
    allow: (...uris) => (handle = makeProvider(issuer, uris, misbehaviour)),
    stop: close,
    start: () => listen(port),
  }
}

function makeProvider(issuer: string, redirectUris: readonly string[], misbehaviour: Misbehaviour): RequestListener {
  const provider = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: clientId, client_secret: clientSecret, redirect_uris: [...redirectUris] },
        post_logout_redirect_uris: [...redirectUris],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups', 'realm_access'] },
    cookies: { keys: ['of the tests'] },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({
        ...{ sub, preferred_username: sub, groups: groups[sub] ?? [] },
        realm_access: { roles: groups[sub] ?? [] },
      }),
    }),
    // Nobody is asked whether the page may know who they are.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session?.accountId ?? '' })
      grant.addOIDCScope('openid profile email')
      await grant.save()
      return grant
    },
  })
  provider.use(async (context: KoaContextWithOIDC, next: () => Promise<void>) => {
    await next()
    if (typeof context.body === 'object' && context.body !== null)
      misbehaviour.answer?.(context.path, context.body as Record<string, unknown>)
  })
  const handle = provider.callback()
  return (request, response) => void handle(request, response)
}

/** Goes where a browser would, with what it keeps of cookies, and nothing of SameSite. */
export class Visitor {
  readonly #cookies = new Map<string, string>()

  async get(url: string): Promise<Response> {
    return this.#send(url, {})
  }

  /** Logs in at the provider, whose page is at `url`; the answer sends back to whoever asked for it. */
  async logIn(url: string, name: string): Promise<string> {
    const form = await this.#follow(url, (location) => location.includes('/interaction/'))
    const page = await (await this.get(form)).text()
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? ''
    const sent = await this.#send(new URL(action, form).href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ prompt: 'login', login: name, password: 'any' }).toString(),
    })
    return this.#follow(locationOf(sent, form), (location) => !location.startsWith(new URL(url).origin))
  }

  async #follow(url: string, isThere: (location: string) => boolean): Promise<string> {
    for (let at = url; ;) {
      if (isThere(at)) return at
      at = locationOf(await this.get(at), at)
    }
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    const { host } = new URL(url)
    const cookie = [...this.#cookies]
      .filter(([key]) => key.startsWith(`${host} `))
      .map(([key, value]) => `${key.slice(host.length + 1)}=${value}`)
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string> | undefined), cookie: cookie.join('; ') },
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') this.#cookies.delete(`${host} ${name}`)
      else this.#cookies.set(`${host} ${name}`, value)
    }
    return response
  }
}

export function locationOf(response: Response, at: string): string {
  const location = response.headers.get('location')
  if (location === null) throw new Error(`${at} answers ${response.status} and leads nowhere`)
  return new URL(location, at).href
}
