import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { findCaller } from '../access/guard.ts'
import type { Sessions } from '../access/sessions.ts'
import type { Live } from '../reads/live.ts'
import type { Overview } from '../reads/overview.ts'

const PING_MS = 15_000

export interface LiveApiOptions {
  readonly overview: Live<Overview>
  readonly sessions: Sessions
  readonly cookieName: string
}

/** What changes, as server-sent events: `overview` with the same document as /api/overview. Ends with the session. */
export function addLiveApi(app: FastifyInstance, { overview, sessions, cookieName }: LiveApiOptions): void {
  const open = new Set<ServerResponse>()
  app.addHook('preClose', (done) => {
    for (const response of open) response.end()
    done()
  })
  app.route({
    method: 'GET',
    url: '/api/live',
    config: { access: 'viewer' },
    schema: { summary: 'The overview whenever it is read again, as server-sent events' },
    handler: (request, reply) => {
      const response = reply.raw
      reply.hijack()
      const headers = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined)
      response.writeHead(200, {
        ...(Object.fromEntries(headers) as Record<string, string>),
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        // A proxy that collects what it passes on would make it late.
        'x-accel-buffering': 'no',
      })
      open.add(response)
      const secret = findCaller(request)?.session === null ? undefined : request.cookies[cookieName]
      const end = overview.watch((value) => {
        // A session that was revoked meanwhile sees nothing more.
        if (secret !== undefined && sessions.peek(secret) === null) response.end()
        // One that reads too slowly gets the next one instead.
        else if (!response.writableNeedDrain) response.write(`event: overview\ndata: ${JSON.stringify(value)}\n\n`)
      })
      const ping = setInterval(() => response.write(': still here\n\n'), PING_MS).unref()
      response.on('close', () => {
        end()
        clearInterval(ping)
        open.delete(response)
      })
    },
  })
}
