import fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { prettifyError, ZodError } from 'zod'

/** An HTTP server that answers 400, with the paths of the fields, to a body that a schema refuses. */
export function httpServer(): FastifyInstance {
  const http = fastify()
  http.setErrorHandler((error, _request, reply) =>
    error instanceof ZodError ? reply.code(400).send({ error: prettifyError(error) }) : reply.send(error),
  )
  return http
}
