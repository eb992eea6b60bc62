import { randomInt } from 'node:crypto'
import { createConnection, createServer } from 'node:net'
import { ClusterError } from '../../errors.ts'

// Below the range that Linux (32768 up) and macOS (49152 up) take source ports from. A port inside that range is a trap for
// a server that dies and comes back: meanwhile another connection may own it, and a client that reconnects in a loop will
// sooner or later be given the very port it dials as its source, and connect to itself.
const LOWEST = 20_000
const HIGHEST = 32_000

/** Picks loopback ports that are free now and not in `taken`. Throws PORTS_EXHAUSTED. */
export async function freePorts(count: number, taken: ReadonlySet<number> = new Set()): Promise<number[]> {
  const ports = new Set<number>()
  for (let attempt = 0; attempt < 1000 && ports.size < count; attempt++) {
    // At random: another process that picks at this moment would otherwise pick the same.
    const port = randomInt(LOWEST, HIGHEST)
    if (!ports.has(port) && !taken.has(port) && (await isFree(port))) ports.add(port)
  }
  if (ports.size < count) {
    throw new ClusterError('PORTS_EXHAUSTED', `no ${count} free ports between ${LOWEST} and ${HIGHEST} on 127.0.0.1`)
  }
  return [...ports]
}

/** True if a server could listen on this loopback port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** True if somebody takes connections there now. */
export function isListening(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host })
    const settle = (answer: boolean) => () => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(2000, settle(false))
    socket.once('connect', settle(true))
    socket.once('error', settle(false))
  })
}
