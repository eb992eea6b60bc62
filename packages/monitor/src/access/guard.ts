import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { MonitorError } from '../errors.ts'
import { identityOfToken } from './login.ts'
import type { AccessToken } from './login.ts'
import { allows } from './role.ts'
import type { Access } from './role.ts'
import type { Identity, Session, Sessions } from './sessions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may: every route of the page says it. */
    access?: Access
  }
}

export interface GuardOptions {
  readonly sessions: Sessions
  readonly tokens: readonly AccessToken[]
  readonly cookieName: string
  /** The page's own, where a proxy in front gives it another: `https://warren.example.com`. Default: by the Host header. */
  readonly origin?: string | undefined
}

/** Who asks, as the guard has found out; null for nobody. */
export interface Caller {
  readonly identity: Identity
  /** Null for a program with a token. */
  readonly session: Session | null
}

export const CSRF_HEADER = 'x-warren-csrf'

const callers = new WeakMap<FastifyRequest, Caller>()

/** Who asks. Throws LOGIN_REQUIRED: for routes that the guard lets nobody else into. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request)
  if (caller === undefined) throw new MonitorError('LOGIN_REQUIRED', 401, 'log in first')
  return caller
}

export function findCaller(request: FastifyRequest): Caller | null {
  return callers.get(request) ?? null
}

/**
 * The one place that decides who gets in. A route that does not say who may is refused when it is added, before the server
 * listens. Changes that come with a browser's cookie need the origin of the page and the token of the session as well.
 */
export function addGuard(app: FastifyInstance, options: GuardOptions): void {
  app.addHook('onRoute', (route: RouteOptions) => {
    if (route.config?.access === undefined) throw new Error(`the route ${route.url} does not say who may use it`)
  })
  app.addHook('onRequest', async (request: FastifyRequest, _reply: FastifyReply) => {
    const caller = identify(request, options)
    if (caller !== null) callers.set(request, caller)
    const needed = request.routeOptions.config.access ?? 'operator'
    if (!allows(caller?.identity.role ?? null, needed)) {
      throw caller === null
        ? new MonitorError('LOGIN_REQUIRED', 401, 'log in first')
        : new MonitorError(
            'ACCESS_DENIED',
            403,
            `this needs the role ${needed}, and ${caller.identity.name} is a ${caller.identity.role}`,
          )
    }
    if (!isReading(request) && caller?.identity !== undefined && caller.session !== null)
      checkOrigin(request, caller.session, options)
  })
}

function identify(request: FastifyRequest, { sessions, tokens, cookieName }: GuardOptions): Caller | null {
  const { authorization } = request.headers
  if (authorization !== undefined) {
    const [scheme, token] = authorization.split(' ')
    const identity = scheme?.toLowerCase() === 'bearer' && token !== undefined ? identityOfToken(tokens, token) : null
    // A wrong token is never made good by a cookie.
    return identity === null ? null : { identity, session: null }
  }
  const secret = request.cookies[cookieName]
  const session = secret === undefined ? null : sessions.use(secret)
  return session === null ? null : { identity: session, session }
}

function isReading({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

function checkOrigin(request: FastifyRequest, session: Session, options: GuardOptions): void {
  checkSameOrigin(request, options)
  if (request.headers[CSRF_HEADER] !== session.csrfToken)
    throw new MonitorError(
      'CSRF_FAILED',
      403,
      `the header ${CSRF_HEADER} is missing or is not that of this session; load the page again`,
    )
}

/** Where people see the page. */
export function ownOrigin(request: FastifyRequest, { origin }: Pick<GuardOptions, 'origin'>): string {
  return origin ?? `${request.protocol}://${request.host}`
}

/** Throws CSRF_FAILED for a browser that sends what another page has made. */
export function checkSameOrigin(request: FastifyRequest, options: Pick<GuardOptions, 'origin'>): void {
  const sent = request.headers.origin
  const own = ownOrigin(request, options)
  if (sent !== own) {
    throw new MonitorError(
      'CSRF_FAILED',
      403,
      `the request comes from ${sent ?? 'no page'}, and this one is at ${own}; behind a proxy, set "origin"`,
    )
  }
}
