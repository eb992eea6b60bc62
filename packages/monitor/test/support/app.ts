import fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { hashOf } from '../../src/access/sessions.ts'
import type { Role } from '../../src/access/role.ts'
import { monitor } from '../../src/index.ts'
import type { MonitorOptions } from '../../src/index.ts'

export const secrets: Readonly<Record<Role, string>> = {
  metrics: 'secret-of-prometheus',
  viewer: 'secret-of-the-viewer',
  operator: 'secret-of-the-operator',
}

const tokens = (['metrics', 'viewer', 'operator'] as const).map((role) => ({
  name: role,
  role,
  sha256: hashOf(secrets[role]),
}))

/** The page in a server that listens nowhere, with a token for each role. */
export async function makeApp(
  options: Partial<MonitorOptions> & { readonly prefix?: string } = {},
): Promise<FastifyInstance> {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(monitor, { stores: [], ...options, login: { tokens, ...options.login } })
  await app.ready()
  return app
}

/** What a browser sends: its cookie, where it is, and the token of its session. */
export interface BrowserHeaders extends Record<string, string> {
  readonly cookie: string
  readonly origin: string
  readonly 'x-warren-csrf': string
}

export const origin = 'http://localhost'

export async function login(app: FastifyInstance, role: Role, prefix = ''): Promise<BrowserHeaders> {
  const response = await app.inject({
    method: 'POST',
    url: `${prefix}/api/session`,
    headers: { host: 'localhost', origin },
    payload: { kind: 'token', token: secrets[role] },
  })
  const [cookie] = response.cookies
  const { csrfToken } = response.json<{ csrfToken: string }>()
  return {
    host: 'localhost',
    origin,
    cookie: `${cookie?.name ?? ''}=${cookie?.value ?? ''}`,
    'x-warren-csrf': csrfToken,
  }
}
