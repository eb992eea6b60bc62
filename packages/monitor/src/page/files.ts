import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { MonitorError } from '../errors.ts'

/** What Vite has built; the same place seen from src/page and from dist/page. */
const folder = fileURLToPath(new URL('../../dist/ui/', import.meta.url))

/** Serves the page: its files by their hashed names, and the one document for every other path, so that each state has a link. */
export async function addPage(app: FastifyInstance, basePath: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: `${folder}assets/`,
    prefix: '/assets/',
    decorateReply: false,
    // Their names have a hash of what is in them.
    immutable: true,
    maxAge: '365d',
    wildcard: false,
    // What the build has made beside each of them; a browser that takes neither gets the file itself.
    preCompressed: true,
  })
  let document: string | null = null
  const send = async (reply: FastifyReply): Promise<FastifyReply> => {
    document ??= await readDocument(basePath)
    return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(document)
  }
  for (const url of ['/', '/*']) app.get(url, { schema: { hide: true } }, (_request, reply) => send(reply))
}

/** Its addresses are relative, so that it can be anywhere; where that is, the base says. */
async function readDocument(basePath: string): Promise<string> {
  try {
    const text = await readFile(`${folder}index.html`, 'utf8')
    return text.replace('<head>', `<head>\n    <base href="${basePath}/" />`)
  } catch {
    throw new MonitorError('NOT_FOUND', 404, 'the page is not built; run "npm run build:page" once')
  }
}
