import type { FastifyInstance } from 'fastify'
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { MonitorError } from '../errors.ts'

export const reference: NonNullable<FastifyDynamicSwaggerOptions['openapi']> = {
  openapi: '3.1.0',
  info: {
    title: 'Warren',
    version: '0.1.0',
    description:
      'The API of the page. A program sends a token as `Authorization: Bearer …`. A browser has a session, and sends its token with every change as `x-warren-csrf`. Errors are `{ "error": { "code", "message" } }`.',
  },
  components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  security: [{ token: [] }],
}

export function addReferenceApi(app: FastifyInstance): void {
  app.get(
    '/api/openapi.json',
    { config: { access: 'viewer' }, schema: { summary: 'This reference, as OpenAPI 3.1' } },
    () => app.swagger(),
  )
  // To whom is not logged in, a path that is not there is like any other.
  app.all<{ Params: { readonly '*': string } }>(
    '/api/*',
    { config: { access: 'viewer' }, schema: { hide: true } },
    ({ method, url, params }) => {
      const [path = ''] = url.split('?')
      throw new MonitorError('NOT_FOUND', 404, `the API has no ${method} ${path}${whyNot(app, params['*'])}`)
    },
  )
}

/** The router is that of the server which this is mounted into: it finds no route for a name too long for it. */
function whyNot({ initialConfig }: FastifyInstance, path: string): string {
  const { maxParamLength = 0, routerOptions } = initialConfig
  const most = Math.max(maxParamLength, routerOptions?.maxParamLength ?? 0)
  return path.split('/').some(({ length }) => length > most)
    ? `: its server takes no name of more than ${most} characters in a path; set routerOptions.maxParamLength to 255`
    : ''
}
