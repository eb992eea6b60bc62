import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Access } from '../access/role.ts'
import { MonitorError } from '../errors.ts'

/** What comes in is conditions, and a login; a route to which more is sent says so. */
const MAX_BODY_BYTES = 64 * 1024

type Schema = z.ZodType

/** One operation of the API: what it takes, who may, and what it answers. */
export interface Route<Params extends Schema, Query extends Schema, Body extends Schema, Reply extends Schema> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly access: Access
  /** For the reference: a sentence without a full stop. */
  readonly summary: string
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  readonly reply: Reply
  /** Requests a minute and client. Default: that of all routes. */
  readonly perMinute?: number
  /** Of the body as it is sent. Default 64 KiB. */
  readonly maxBodyBytes?: number
  /** No store is asked with what comes in, so that it may hold a NUL: names on a broker may. Default false. */
  readonly takesNul?: boolean
  readonly handle: (
    input: { readonly params: z.output<Params>; readonly query: z.output<Query>; readonly body: z.output<Body> },
    request: FastifyRequest,
    reply: FastifyReply,
  ) => Promise<z.input<Reply>> | z.input<Reply>
}

/** Adds it with its schemas, which check what comes in and are the API's reference. */
export function addRoute<
  Params extends Schema = z.ZodUnknown,
  Query extends Schema = z.ZodUnknown,
  Body extends Schema = z.ZodUnknown,
  Reply extends Schema = z.ZodUnknown,
>(app: FastifyInstance, route: Route<Params, Query, Body, Reply>): void {
  const { method, url, access, summary, params, query, body, reply, perMinute, handle } = route
  const { maxBodyBytes = MAX_BODY_BYTES, takesNul = false } = route
  app.route({
    method,
    url,
    // Of the route: given to register() it would count for nothing.
    bodyLimit: maxBodyBytes,
    config: { access, ...(perMinute === undefined ? {} : { rateLimit: { max: perMinute, timeWindow: 60_000 } }) },
    schema: {
      summary,
      ...(params === undefined ? {} : { params: jsonSchema(params) }),
      ...(query === undefined ? {} : { querystring: jsonSchema(query) }),
      ...(body === undefined ? {} : { body: jsonSchema(body) }),
      response: { 200: jsonSchema(reply) },
    },
    handler: async (request, answer) => {
      const input = {
        params: parsed('path', params, request.params, takesNul) as z.output<Params>,
        query: parsed('query', query, request.query, takesNul) as z.output<Query>,
        body: parsed('body', body, request.body, takesNul) as z.output<Body>,
      }
      return handle(input, request, answer)
    },
  })
}

/** Throws REQUEST_INVALID, with where and why. */
export function parsed(where: string, schema: Schema | undefined, value: unknown, takesNul = false): unknown {
  if (schema === undefined) return undefined
  if (!takesNul && hasNul(value))
    throw new MonitorError('REQUEST_INVALID', 400, `${where}: no text may hold a NUL character`)
  const result = schema.safeParse(value ?? {})
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = [where, ...(issue?.path ?? [])].join('.')
  throw new MonitorError('REQUEST_INVALID', 400, `${path}: ${issue?.message ?? 'not as described'}`)
}

/** PostgreSQL has no place for one in a text. */
function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0')
  return typeof value === 'object' && value !== null && Object.values(value).some(hasNul)
}

export function jsonSchema(schema: Schema): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
  })
  return rest
}
