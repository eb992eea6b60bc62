import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * Stands before a management listener as that of a managed broker would, and answers 405 to what it forbids; the rest is
 * passed on. Returns its URL; closed when the test ends.
 */
export async function forbiddingProxy(target: string, isForbidden: (method: string, path: string) => boolean) {
  const server = createServer((asked, answer) => {
    const { method = 'GET', url = '/' } = asked
    if (isForbidden(method, url)) {
      asked.resume()
      answer.writeHead(405, { allow: 'GET' }).end()
      return
    }
    const passed = request(new URL(url, target), { method, headers: asked.headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(answer)
    })
    passed.on('error', () => answer.destroy())
    asked.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
