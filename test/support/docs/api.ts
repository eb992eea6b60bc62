import { randomUUID } from 'node:crypto'
import fastify from 'fastify'
import { format } from 'prettier'
import { apiReference } from '../../../packages/monitor/src/api/reference-page.ts'
import type { ApiDocument } from '../../../packages/monitor/src/api/reference-page.ts'
import { hashOf } from '../../../packages/monitor/src/access/sessions.ts'
import { monitor } from '../../../packages/monitor/src/monitor.ts'

/** docs/api.md as it is to be: of the routes that a page has. */
export async function readApiReference(): Promise<string> {
  const app = fastify()
  const token = randomUUID()
  await app.register(monitor, {
    stores: [],
    login: { tokens: [{ name: 'reader', role: 'viewer', sha256: hashOf(token) }] },
  })
  const answer = await app.inject({ url: '/api/openapi.json', headers: { authorization: `Bearer ${token}` } })
  await app.close()
  return format(apiReference(answer.json<ApiDocument>()), { parser: 'markdown', printWidth: 140 })
}
