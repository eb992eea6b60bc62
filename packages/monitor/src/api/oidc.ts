import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ownOrigin } from '../access/guard.ts'
import { PENDING_MS } from '../access/oidc/pending.ts'
import { FailedLogin } from '../access/oidc/provider.ts'
import type { OidcProvider } from '../access/oidc/provider.ts'
import { wayBack } from '../access/oidc/way-back.ts'
import type { Sessions } from '../access/sessions.ts'
import { MonitorError } from '../errors.ts'
import { answerOf } from './answer.ts'
import { jsonSchema, parsed } from './route.ts'

export interface OidcApiOptions {
  readonly oidc: OidcProvider | null
  readonly sessions: Sessions
  readonly sessionCookie: { readonly name: string; readonly of: (request: FastifyRequest) => CookieSerializeOptions }
  readonly basePath: string
  readonly origin: string | undefined
}

const LOGINS_PER_MINUTE = 10
const CALLBACK = '/api/session/oidc/callback'

const beginQuery = z.object({
  to: z.string().max(2_000).default('').meta({ description: 'the path of the page to come back to' }),
})
const callbackQuery = z.object({
  state: z.string().max(500).optional(),
  code: z.string().max(10_000).optional(),
  error: z.string().max(500).optional(),
})

/**
 * Logging in at an OpenID provider. These two are where a browser goes, no script of the page: they answer with a way on, and
 * what fails is told by the page, at `/login?failed=CODE`.
 */
export function addOidcApi(app: FastifyInstance, options: OidcApiOptions): void {
  const { sessions, sessionCookie, basePath } = options
  const route = {
    method: 'GET' as const,
    config: { access: 'public' as const, rateLimit: { max: LOGINS_PER_MINUTE, timeWindow: 60_000 } },
    errorHandler,
  }

  app.route({
    ...route,
    url: '/api/session/oidc',
    schema: {
      summary: 'Leads a browser to the OpenID provider, to log in there',
      querystring: jsonSchema(beginQuery),
      response: { 303: { description: 'to the provider' } },
    },
    handler: async (request, reply) => {
      const oidc = configured()
      const { to } = parsed('query', beginQuery, request.query) as z.output<typeof beginQuery>
      const begun = await oidc.begin(redirectUriOf(request), wayBack(basePath, to))
      reply.setCookie(cookieNameOf(begun.state), begun.secret, cookieOf(request))
      return reply.redirect(begun.url.href, 303)
    },
  })

  app.route({
    ...route,
    url: CALLBACK,
    // A code stands in the address. It is worth nothing without the verifier, and has no place in a log all the same.
    logLevel: 'silent',
    schema: {
      summary: 'Where the OpenID provider sends the browser back to',
      querystring: jsonSchema(callbackQuery),
      response: { 303: { description: 'to where the reader was' } },
    },
    handler: async (request, reply) => {
      const oidc = configured()
      const { state = '' } = parsed('query', callbackQuery, request.query) as z.output<typeof callbackQuery>
      const cookieName = cookieNameOf(state)
      const url = new URL(redirectUriOf(request))
      url.search = request.url.replace(/^[^?]*/, '')
      const { [cookieName]: cookie } = request.cookies
      if (cookie !== undefined) reply.clearCookie(cookieName, cookieOf(request))
      const { identity, to } = await oidc.finish(url, cookie)
      const { secret } = sessions.create(identity)
      // The provider has sent the browser here, so that it would not send a cookie with SameSite=Strict along, neither now nor where
      // this answer redirects it to. It keeps the one that it is given, though; the document there needs none; and what the
      // document then asks for comes from the page itself, with the cookie.
      reply.setCookie(sessionCookie.name, secret, sessionCookie.of(request))
      return reply.redirect(to, 303)
    },
  })

  function configured(): OidcProvider {
    if (options.oidc === null)
      throw new MonitorError('LOGIN_UNAVAILABLE', 400, 'no OpenID provider is configured: nobody logs in with one here')
    return options.oidc
  }

  function redirectUriOf(request: FastifyRequest): string {
    return `${ownOrigin(request, options)}${basePath}${CALLBACK}`
  }

  /** Lax: it has to come along when the provider sends the browser back, and then only there. */
  function cookieOf(request: FastifyRequest): CookieSerializeOptions {
    const { secure = false } = sessionCookie.of(request)
    return { path: `${basePath}${CALLBACK}`, httpOnly: true, sameSite: 'lax', secure, maxAge: PENDING_MS / 1000 }
  }

  /** People see these answers: an error in JSON would be a dead end. */
  function errorHandler(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const cause = error instanceof FailedLogin ? error.error : error
    const { status, body } = answerOf(cause)
    if (status >= 500 && !(cause instanceof MonitorError)) request.log.error({ err: cause }, 'a request failed')
    if (options.oidc === null || body.error.code === 'REQUEST_INVALID') return reply.status(status).send(body)
    const query = new URLSearchParams({
      failed: body.error.code,
      ...(error instanceof FailedLogin ? { to: error.to } : {}),
    })
    return reply.redirect(`${basePath}/login?${query.toString()}`, 303)
  }
}

/** One for each login: two tabs may be at the provider at once. */
function cookieNameOf(state: string): string {
  return `warren_login_${state.replaceAll(/[^\w-]/g, '').slice(0, 16)}`
}
