import { randomBytes } from 'node:crypto'
import fastify from 'fastify'
import { isLoopback } from './access/loopback.ts'
import { hashOf } from './access/sessions.ts'
import { MonitorError } from './errors.ts'
import { monitor } from './monitor.ts'
import type { MonitorOptions } from './options.ts'

/** Of a name in a path, once it is decoded: as many as the broker takes bytes. The router's default is 100. */
const MOST_NAME_CHARACTERS = 255

export interface StartOptions extends MonitorOptions {
  /** Default 127.0.0.1. Any that is not this machine's own loopback needs `tls`, or a proxy with it that `origin` names. */
  readonly host?: string
  /** Default 8472; 0 takes a free one. */
  readonly port?: number
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** The page is behind a proxy, whose X-Forwarded headers are believed. Default false. */
  readonly isBehindProxy?: boolean
}

export interface RunningMonitor {
  /** Where it listens. */
  readonly url: string
  /** Where the first person logs in, when no token is configured: made for this run alone. */
  readonly bootstrapUrl: string | null
  stop(): Promise<void>
}

/** Starts the page in a server of its own. Throws MONITOR_UNSAFE rather than to be open to others without TLS. */
export async function startMonitor(options: StartOptions): Promise<RunningMonitor> {
  const { host = '127.0.0.1', port = 8472, tls, isBehindProxy = false, login = {}, ...rest } = options
  checkSafe({ host, hasTls: tls !== undefined, origin: options.origin, isBehindProxy })
  const isTokenNeeded = (login.tokens ?? []).length === 0 && login.token !== false
  const token = isTokenNeeded ? randomBytes(24).toString('base64url') : null
  const tokens =
    token === null ? login.tokens : [{ name: 'bootstrap', role: 'operator' as const, sha256: hashOf(token) }]
  const app = fastify({
    trustProxy: isBehindProxy,
    routerOptions: { maxParamLength: MOST_NAME_CHARACTERS },
    ...(tls === undefined ? {} : { https: tls }),
  })
  await app.register(monitor, { ...rest, login: { ...login, ...(tokens === undefined ? {} : { tokens }) } })
  const url = await app.listen({ host, port })
  return {
    url,
    // Behind the `#`, so that it is in no log and in no Referer.
    bootstrapUrl: token === null ? null : `${options.origin ?? url}/login#token=${token}`,
    stop: () => app.close(),
  }
}

interface Exposure {
  readonly host: string
  readonly hasTls: boolean
  readonly origin: string | undefined
  readonly isBehindProxy: boolean
}

export function checkSafe({ host, hasTls, origin, isBehindProxy }: Exposure): void {
  if (isLoopback(host) || hasTls) return
  if (isBehindProxy && origin?.startsWith('https:') === true) return
  throw new MonitorError(
    'MONITOR_UNSAFE',
    500,
    `${host} is open to others, and passwords would go there in the clear: give it TLS, or say that it is behind a proxy and its "origin" with https`,
  )
}
