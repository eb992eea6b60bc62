import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface DeafManagement extends AsyncDisposable {
  readonly url: string
  /** How many requests were swallowed. */
  readonly swallowed: () => number
}

/**
 * Stands before a broker's management listener and passes everything on, but for imports of definitions: those it answers
 * with 204 as the broker would, and drops.
 */
export async function deafManagement(target: string): Promise<DeafManagement> {
  let swallowed = 0
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === 'POST' && incoming.url?.startsWith('/api/definitions') === true) {
      swallowed += 1
      incoming.resume().once('end', () => outgoing.writeHead(204).end())
      return
    }
    passOn(target, incoming, outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    swallowed: () => swallowed,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function passOn(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url = '/' } = incoming
  const onward = request(new URL(target).origin, { path: url, method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  onward.once('error', () => outgoing.destroy())
  incoming.pipe(onward)
}
