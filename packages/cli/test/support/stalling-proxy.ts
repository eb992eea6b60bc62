import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface StallOptions {
  /** So many requests that change something pass with their answers. */
  readonly writes: number
  /** What becomes of the next one: it never reaches the server, or it does and its answer is kept back. */
  readonly next: 'lost' | 'made'
}

export interface StallingProxy {
  readonly url: string
  /** The next write has come, and what becomes of it has; nothing is answered any more. */
  readonly stalled: Promise<unknown>
  readonly close: () => Promise<void>
}

/** Stands before an HTTP server, and stops answering at an exact place in what a client writes. */
export async function startStallingProxy(target: string, options: StallOptions): Promise<StallingProxy> {
  const { promise: stalled, resolve: stall } = Promise.withResolvers<unknown>()
  let writes = 0
  const server = createServer((incoming, outgoing) => {
    if (incoming.method !== 'GET') writes += 1
    if (writes <= options.writes) {
      forward(target, incoming, outgoing)
      return
    }
    if (options.next === 'lost') stall(undefined)
    else forward(target, incoming, undefined, () => stall(undefined))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stalled,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse | undefined,
  onAnswer?: () => void,
): void {
  const { method, headers } = incoming
  const onward = request(new URL(incoming.url ?? '/', target), { method, headers }, (answer) => {
    onAnswer?.()
    if (outgoing === undefined) {
      answer.resume()
      return
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  // The client is killed meanwhile.
  onward.on('error', () => outgoing?.destroy())
  incoming.pipe(onward)
}
