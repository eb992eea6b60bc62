import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { callerOf, checkSameOrigin, findCaller, ownOrigin } from '../access/guard.ts'
import { identityOfToken, loginWithRabbitmq } from '../access/login.ts'
import type { AccessToken, RabbitmqLogin } from '../access/login.ts'
import type { OidcProvider } from '../access/oidc/provider.ts'
import { allows } from '../access/role.ts'
import type { Identity, Sessions } from '../access/sessions.ts'
import { MonitorError } from '../errors.ts'
import { addRoute } from './route.ts'

export interface SessionApiOptions {
  readonly sessions: Sessions
  readonly tokens: readonly AccessToken[]
  readonly rabbitmq: RabbitmqLogin | null
  readonly oidc: OidcProvider | null
  readonly cookieName: string
  readonly cookieOf: (request: FastifyRequest) => CookieSerializeOptions
  readonly basePath: string
  readonly origin: string | undefined
}

const sessionReply = z.object({
  user: z.object({ name: z.string(), role: z.enum(['viewer', 'operator']) }).nullable(),
  csrfToken: z.string().nullable().meta({ description: 'for the header x-warren-csrf of every change' }),
  logins: z.array(z.enum(['token', 'rabbitmq'])).meta({ description: 'ways to log in by what one enters here' }),
  oidc: z.object({ name: z.string() }).nullable().meta({ description: 'the OpenID provider to log in at' }),
})

const logoutReply = sessionReply.extend({
  providerLogoutUrl: z.string().nullable().meta({ description: 'where one logs out at the OpenID provider as well' }),
})

export type SessionReply = z.infer<typeof sessionReply>
export type LogoutReply = z.infer<typeof logoutReply>

const loginBody = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('token'), token: z.string().min(1).max(500) }),
  z.object({
    kind: z.literal('rabbitmq'),
    username: z.string().min(1).max(255),
    password: z.string().min(1).max(1_000),
  }),
])

/** Who is logged in; logging in and out. */
export function addSessionApi(app: FastifyInstance, options: SessionApiOptions): void {
  const { sessions, tokens, rabbitmq, cookieName, cookieOf, basePath } = options
  const oidc = options.oidc === null ? null : { name: options.oidc.name }
  const logins: SessionReply['logins'] = [
    ...(rabbitmq === null ? [] : ['rabbitmq' as const]),
    ...(tokens.length === 0 ? [] : ['token' as const]),
  ]

  addRoute(app, {
    method: 'GET',
    url: '/api/session',
    access: 'public',
    summary: 'Who is logged in, and how one logs in',
    reply: sessionReply,
    handle: (_input, request) => {
      const caller = findCaller(request)
      return replyOf(caller?.identity ?? null, caller?.session?.csrfToken ?? null)
    },
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/session',
    access: 'public',
    summary: 'Logs in, with a token or an account of RabbitMQ',
    body: loginBody,
    reply: sessionReply,
    perMinute: 10,
    handle: async ({ body }, request, reply) => {
      // Nobody is to be logged in by another page, as somebody else.
      checkSameOrigin(request, options)
      const identity = await identify(body)
      const { secret, session } = sessions.create(identity)
      reply.setCookie(cookieName, secret, cookieOf(request))
      return replyOf(identity, session.csrfToken)
    },
  })

  addRoute(app, {
    method: 'DELETE',
    url: '/api/session',
    access: 'viewer',
    summary: 'Logs out',
    reply: logoutReply,
    handle: (_input, request, reply: FastifyReply) => {
      const { actor } = callerOf(request).identity
      const secret = request.cookies[cookieName]
      if (secret !== undefined) sessions.revoke(secret)
      reply.clearCookie(cookieName, cookieOf(request))
      const backTo = `${ownOrigin(request, options)}${basePath}/login`
      const isOidc = actor.startsWith('oidc:')
      return { ...replyOf(null, null), providerLogoutUrl: isOidc ? (options.oidc?.logoutUrl(backTo) ?? null) : null }
    },
  })

  function replyOf(identity: Identity | null, csrfToken: string | null): SessionReply {
    if (identity === null || identity.role === 'metrics') return { user: null, csrfToken, logins, oidc }
    return { user: { name: identity.name, role: identity.role }, csrfToken, logins, oidc }
  }

  async function identify(body: z.output<typeof loginBody>): Promise<Identity> {
    if (body.kind === 'token') {
      const identity = identityOfToken(tokens, body.token)
      if (identity === null) throw new MonitorError('LOGIN_FAILED', 401, 'the token is not right')
      if (!allows(identity.role, 'viewer'))
        throw new MonitorError('ACCESS_DENIED', 403, 'this token is for /metrics alone, and logs nobody in')
      return identity
    }
    if (rabbitmq === null)
      throw new MonitorError('LOGIN_UNAVAILABLE', 400, 'nobody logs in with an account of RabbitMQ here')
    return loginWithRabbitmq(rabbitmq, body)
  }
}
