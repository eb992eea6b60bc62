import { createServer, connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { Signal } from '../../packages/bus/src/signal.ts'

export type Direction = 'toServer' | 'toClient'

/**
 * What becomes of bytes: `pass`; `hold`, as by a frozen peer, to be passed on later; `swallow`, as by a dead network, gone
 * for good, so that the connection is of no use afterwards.
 */
type Mode = 'pass' | 'hold' | 'swallow'

export interface ProxyTarget {
  /** Default 127.0.0.1. */
  readonly host?: string
  readonly port: number
  /** Where the proxy listens. Default: a free port. */
  readonly listenPort?: number
}

/** Listens on loopback and passes what it gets to the target. */
export async function startProxy(target: ProxyTarget): Promise<TcpProxy> {
  const proxy = new TcpProxy(target)
  await proxy.accept()
  return proxy
}

/** Stands between clients and a server, and misbehaves on command. */
export class TcpProxy {
  /** A client connected, with the number of its connection: 1 for the first. */
  readonly signals: { readonly connected: Signal<number>; readonly disconnected: Signal } = {
    connected: new Signal(),
    disconnected: new Signal(),
  }
  readonly #target: ProxyTarget
  readonly #server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  readonly #pairs = new Set<Pair>()
  readonly #modes: Record<Direction, Mode> = { toServer: 'pass', toClient: 'pass' }
  #delayMs = 0
  #connections = 0
  #port: number

  constructor(target: ProxyTarget) {
    this.#target = target
    this.#port = target.listenPort ?? 0
  }

  get port(): number {
    return this.#port
  }

  /** How many were made so far. */
  get connections(): number {
    return this.#connections
  }

  /** How many are open now. */
  get open(): number {
    return this.#pairs.size
  }

  /** The URL with the proxy's host and port in place of its own. */
  through(target: string): string {
    const url = new URL(target)
    url.hostname = '127.0.0.1'
    url.port = String(this.#port)
    return url.href
  }

  /** Resets every connection; new ones are taken. */
  cut(): void {
    for (const pair of this.#pairs) pair.destroy()
  }

  /** Resets every connection and refuses new ones. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }

  /** Takes connections again after refuse(), on the same port. */
  async accept(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, '127.0.0.1', resolve)
    }).finally(() => this.#server.removeAllListeners('error'))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Both sides seem frozen, or one of them: connections are taken and stay open, bytes wait. */
  freeze(...directions: readonly Direction[]): void {
    this.#setMode(directions, 'hold')
  }

  /** Bytes disappear. */
  swallow(...directions: readonly Direction[]): void {
    this.#setMode(directions, 'swallow')
  }

  /** Bytes pass again; those that were held first. */
  restore(): void {
    this.#setMode([], 'pass')
  }

  /** Bytes arrive later by so much, in their order. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    if (this.#server.listening) await this.refuse()
  }

  #setMode(directions: readonly Direction[], mode: Mode): void {
    for (const direction of directions.length === 0 ? (['toServer', 'toClient'] as const) : directions) {
      this.#modes[direction] = mode
      if (mode === 'pass') for (const pair of this.#pairs) pair.release(direction)
    }
  }

  #accept(client: Socket): void {
    const { host = '127.0.0.1', port } = this.#target
    const server = connect({ host, port, noDelay: true, allowHalfOpen: true })
    client.setNoDelay(true)
    const pair = new Pair(client, server, (direction, chunk) => this.#carry(pair, direction, chunk))
    this.#pairs.add(pair)
    client.once('close', () => {
      this.#pairs.delete(pair)
      this.signals.disconnected.emit()
    })
    this.#connections += 1
    this.signals.connected.emit(this.#connections)
  }

  /** `null` is the end of what that side sends. */
  #carry(pair: Pair, direction: Direction, chunk: Buffer | null): void {
    const pass = (): void => {
      const mode = this.#modes[direction]
      if (mode === 'pass') pair.send(direction, chunk)
      else if (mode === 'hold') pair.hold(direction, chunk)
    }
    if (this.#delayMs > 0) setTimeout(pass, this.#delayMs)
    else pass()
  }
}

class Pair {
  readonly #sockets: Record<Direction, Socket>
  readonly #held: Record<Direction, (Buffer | null)[]> = { toServer: [], toClient: [] }

  constructor(client: Socket, server: Socket, carry: (direction: Direction, chunk: Buffer | null) => void) {
    this.#sockets = { toServer: server, toClient: client }
    const sides = [
      ['toServer', client],
      ['toClient', server],
    ] as const
    for (const [direction, from] of sides) {
      from.on('data', (chunk) => carry(direction, chunk))
      from.on('end', () => carry(direction, null))
      // A side that was reset resets the other.
      from.on('error', () => this.destroy())
      from.on('close', (hadError) => {
        if (hadError) this.destroy()
      })
    }
  }

  send(direction: Direction, chunk: Buffer | null): void {
    const to = this.#sockets[direction]
    if (to.destroyed) return
    if (chunk === null) to.end()
    else to.write(chunk)
  }

  hold(direction: Direction, chunk: Buffer | null): void {
    this.#held[direction].push(chunk)
  }

  release(direction: Direction): void {
    for (const chunk of this.#held[direction].splice(0)) this.send(direction, chunk)
  }

  destroy(): void {
    for (const socket of Object.values(this.#sockets)) if (!socket.destroyed) socket.resetAndDestroy()
  }
}
