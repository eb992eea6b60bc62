import { connect } from 'amqplib'
import type { Channel, ChannelModel } from 'amqplib'
import { Socket } from 'node:net'
import { openChannel } from './channel.ts'
import type { Endpoint } from './endpoints.ts'
import { classifyConnectError } from './refusal.ts'
import type { ConnectFailure } from './refusal.ts'
import { replyCodeOf } from './reply.ts'
import { nodeTlsOptions } from './tls.ts'
import type { TlsOptions } from './tls.ts'

export interface LinkOptions {
  readonly name: string
  readonly tls: TlsOptions | undefined
  readonly heartbeatS: number
  /** For all of TCP, TLS and the AMQP handshake. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

// An exchange of every vhost; a passive declare of it needs no permission.
const PROBED_EXCHANGE = 'amq.topic'
const CLOSE_TIMEOUT_MS = 2_000

/** One open connection to one node, from its handshake to its loss; never reused. */
export class Link {
  readonly endpoint: Endpoint
  readonly model: ChannelModel
  /** Resolves when the connection is gone, whoever ended it. */
  readonly lost: Promise<Error>
  readonly #socket: Socket
  #reason: Error | null = null
  #isCorked = false
  #prober: Channel | null = null
  #asking: Promise<boolean> | null = null

  private constructor(endpoint: Endpoint, model: ChannelModel) {
    this.endpoint = endpoint
    this.model = model
    this.#socket = socketOf(model)
    this.lost = new Promise((resolve) => {
      let last: Error | undefined
      // Without a listener amqplib's 'error' would end the process; 'close' follows it and comes in every case.
      model.on('error', (error) => (last = error))
      model.on('close', (error) => {
        resolve(this.#reason ?? error ?? last ?? new Error('the connection was closed'))
        // amqplib only half-closes it, and on a dead network the socket would hang on and keep the process alive.
        this.#socket.destroy()
      })
    })
  }

  /** Opens a connection; every failure is a value. */
  static async open(endpoint: Endpoint, options: LinkOptions): Promise<Link | ConnectFailure> {
    const givenUp = deadline(options.timeoutMs, options.signal)
    try {
      const connecting = connect(
        {
          protocol: endpoint.isTls ? 'amqps' : 'amqp',
          hostname: endpoint.host,
          port: endpoint.port,
          ...endpoint.credentials,
          // amqplib unescapes it once more.
          vhost: encodeURIComponent(endpoint.vhost),
          heartbeat: options.heartbeatS,
        },
        {
          ...(endpoint.isTls ? nodeTlsOptions(options.tls) : {}),
          noDelay: true,
          keepAlive: true,
          // Of silence; a node that trickles would never be given up by it alone.
          timeout: options.timeoutMs,
          clientProperties: { connection_name: options.name },
        },
      )
      const model = await Promise.race([connecting, givenUp.promise])
      if (model !== null) return new Link(endpoint, model)
      connecting.then(
        (late) => new Link(endpoint, late).destroy(new Error('it came too late')),
        () => undefined,
      )
      return { kind: 'unreachable', endpoint, reason: `no answer within ${options.timeoutMs} ms` }
    } catch (error) {
      return classifyConnectError(error, endpoint)
    } finally {
      givenUp.clear()
    }
  }

  /** Bytes read from the node so far; heartbeats count. */
  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  /**
   * Asks the node something trivial. False when neither the answer nor anything else came in time; a refusal is an
   * answer. Does not ask while another question is open, but waits for that one.
   */
  answers(timeoutMs: number): Promise<boolean> {
    this.#asking ??= this.#ask(timeoutMs).finally(() => (this.#asking = null))
    return this.#asking
  }

  async #ask(timeoutMs: number): Promise<boolean> {
    const bytesBefore = this.bytesRead
    const givenUp = deadline(timeoutMs)
    const isAnswered = await Promise.race([this.#probe(), givenUp.promise])
    givenUp.clear()
    return isAnswered ?? this.bytesRead > bytesBefore
  }

  async #probe(): Promise<boolean> {
    try {
      this.#prober ??= await this.#openProber()
      await this.#prober.checkExchange(PROBED_EXCHANGE)
      return true
    } catch (error) {
      return replyCodeOf(error) !== null
    }
  }

  async #openProber(): Promise<Channel> {
    const channel = await openChannel(this.model)
    channel.on('close', () => (this.#prober = null))
    return channel
  }

  /**
   * What is sent until the event loop has come round leaves in one system call. amqplib makes one of its own for each
   * message and each ack: 3 of 28 µs per published message, 3 of 8 µs per ack.
   */
  cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#socket.cork()
    // amqplib passes messages on to the socket in an immediate of its own; the second one is certainly after that.
    setImmediate(() =>
      setImmediate(() => {
        this.#isCorked = false
        this.#socket.uncork()
      }),
    )
  }

  /** Ends the connection at once, without asking the node. */
  destroy(reason: Error): void {
    this.#reason ??= reason
    this.#socket.destroy(reason)
  }

  /** Closes it the polite way; destroys it when the node does not answer. */
  async close(): Promise<void> {
    const reason = new Error('the connection was closed by this service')
    this.#reason ??= reason
    const timer = setTimeout(() => this.destroy(reason), CLOSE_TIMEOUT_MS)
    // Rejects when it is closed already, and is never settled when the node does not answer.
    this.model.close().catch(() => undefined)
    await this.lost
    clearTimeout(timer)
  }
}

/** amqplib exposes the socket only here; it is needed to give up a frozen node without waiting for the heartbeat. */
function socketOf(model: ChannelModel): Socket {
  const stream: unknown = Reflect.get(model.connection, 'stream')
  if (!(stream instanceof Socket)) throw new TypeError('this version of amqplib keeps its socket somewhere else')
  return stream
}

/** Resolves with null after the time, or when aborted. What arrived in time is read first, also after a blocked loop. */
function deadline(timeoutMs: number, signal?: AbortSignal): { promise: Promise<null>; clear: () => void } {
  const { promise, resolve } = Promise.withResolvers<null>()
  const end = (): void => resolve(null)
  // After the timers the loop polls its sockets, and only then come the immediates.
  const timer = setTimeout(() => setImmediate(end), timeoutMs)
  signal?.addEventListener('abort', end, { once: true })
  const clear = (): void => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
  return { promise, clear }
}
