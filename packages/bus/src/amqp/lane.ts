import { IllegalOperationError } from 'amqplib'
import type { ChannelModel, ConfirmChannel, Message as AmqplibMessage } from 'amqplib'
import type { Message } from '../envelope/message.ts'
import { closeChannel } from './channel.ts'
import { replyCodeOf, textOf } from './reply.ts'
import { Window } from './window.ts'

export type PublishOutcome =
  /** Every queue that the event was routed to has it, and there was at least one. */
  | { readonly kind: 'confirmed' }
  /** No queue took it. */
  | { readonly kind: 'returned'; readonly replyCode: number; readonly replyText: string }
  /** The broker could not keep it. */
  | { readonly kind: 'nacked' }
  /** It may or may not have arrived: publish it again with the same id. */
  | { readonly kind: 'unknown'; readonly reason: 'timeout' | 'connection-lost' }
  /**
   * The broker closed the channel while this message and others were in flight, and one of them is the cause; or it
   * cannot be encoded (code 0).
   */
  | { readonly kind: 'refused'; readonly code: number; readonly text: string }

export type Settle = (outcome: PublishOutcome) => void

export interface LaneEvents {
  /** The lane was full and can take more again. */
  readonly onRoom: () => void
  /** It ended; what was in flight is settled. */
  readonly onEnd: (lane: Lane) => void
}

interface InFlight {
  readonly settle: Settle
  readonly sentAtMs: number
  readonly message: Message
  returned: PublishOutcome | null
}

/** The header by which a return is matched to its message; its value is the delivery tag. */
export const ATTEMPT_HEADER = 'warren-attempt'

const CONFIRMED: PublishOutcome = { kind: 'confirmed' }
const NACKED: PublishOutcome = { kind: 'nacked' }
const TIMED_OUT: PublishOutcome = { kind: 'unknown', reason: 'timeout' }
export const CONNECTION_LOST: PublishOutcome = { kind: 'unknown', reason: 'connection-lost' }

// Reply codes that blame the bytes we sent, not the state of the broker: frame error, syntax error, command invalid,
// unexpected frame. They close the connection instead of the channel.
const BLAMES_CONTENT: ReadonlySet<number | null> = new Set([501, 502, 503, 505])

/**
 * One confirm channel and what is in flight on it. Ends when the channel does: what is in flight is settled then, and
 * nothing can be sent any more.
 */
export class Lane {
  readonly #model: ChannelModel
  readonly #channel: ConfirmChannel
  readonly #inFlight = new Window<InFlight>()
  #refusal: { readonly code: number; readonly text: string } | null = null
  #isOpen = true
  #isFull = false
  #hasConfirmed = false
  #hasNacked = false

  private constructor(model: ChannelModel, channel: ConfirmChannel, { onRoom, onEnd }: LaneEvents) {
    this.#model = model
    this.#channel = channel
    channel.on('ack', ({ deliveryTag, multiple }) => {
      this.#hasConfirmed = true
      this.#inFlight.settle(deliveryTag, multiple, confirm)
    })
    channel.on('nack', ({ deliveryTag, multiple }) => {
      this.#hasNacked = true
      this.#inFlight.settle(deliveryTag, multiple, nack)
    })
    channel.on('return', (message) => this.#markReturned(message))
    channel.on('drain', () => {
      this.#isFull = false
      onRoom()
    })
    channel.on('error', (error) => (this.#refusal = { code: replyCodeOf(error) ?? 0, text: textOf(error) }))
    channel.on('close', () => {
      this.#end()
      onEnd(this)
    })
    model.on('error', this.#onConnectionError)
  }

  static async open(model: ChannelModel, events: LaneEvents): Promise<Lane> {
    return new Lane(model, await model.createConfirmChannel(), events)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The socket does not keep up: send nothing until `onRoom`. */
  get isFull(): boolean {
    return this.#isFull
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  /** The broker closed it because of what was sent. */
  get isRefused(): boolean {
    return this.#refusal !== null
  }

  get hasConfirmed(): boolean {
    return this.#hasConfirmed
  }

  get hasNacked(): boolean {
    return this.#hasNacked
  }

  /** `sentAtMs` of the oldest message in flight. */
  get oldestSentAtMs(): number | null {
    return this.#inFlight.oldest()?.sentAtMs ?? null
  }

  /** Calls `settle` exactly once, later or now. */
  send(message: Message, sentAtMs: number, settle: Settle): void {
    const { exchange, routingKey, body, properties } = message
    const headers = { ...properties.headers, [ATTEMPT_HEADER]: this.#inFlight.nextTag }
    try {
      this.#isFull = !this.#channel.publish(exchange, routingKey, body, { ...properties, headers, mandatory: true })
    } catch (error) {
      // amqplib encodes before it writes: nothing was sent and no delivery tag was used.
      settle(
        error instanceof IllegalOperationError ? CONNECTION_LOST : { kind: 'refused', code: 0, text: textOf(error) },
      )
      return
    }
    this.#inFlight.add({ settle, sentAtMs, message, returned: null })
  }

  /** Settles what was sent `timeoutMs` ago or earlier as timed out. */
  timeOut(nowMs: number, timeoutMs: number): void {
    for (const entry of this.#inFlight.takeWhile((each) => nowMs - each.sentAtMs >= timeoutMs)) entry.settle(TIMED_OUT)
  }

  /** What is still in flight is unknown then. */
  async close(): Promise<void> {
    if (this.#isOpen) await closeChannel(this.#channel)
  }

  // The return comes before the ack on this channel and carries no delivery tag of its own.
  #markReturned({ fields, properties }: AmqplibMessage): void {
    const tag: unknown = properties.headers?.[ATTEMPT_HEADER]
    const entry = typeof tag === 'number' ? this.#inFlight.get(tag) : undefined
    if (entry === undefined) return
    const replyCode: unknown = Reflect.get(fields, 'replyCode')
    const replyText: unknown = Reflect.get(fields, 'replyText')
    entry.returned = {
      kind: 'returned',
      replyCode: typeof replyCode === 'number' ? replyCode : 0,
      replyText: typeof replyText === 'string' ? replyText : '',
    }
  }

  readonly #onConnectionError = (error: Error): void => {
    const code = replyCodeOf(error)
    if (BLAMES_CONTENT.has(code)) this.#refusal = { code: code ?? 0, text: textOf(error) }
  }

  #end(): void {
    this.#isOpen = false
    this.#isFull = false
    this.#model.off('error', this.#onConnectionError)
    const refusal = this.#refusal
    for (const { settle, message } of this.#inFlight.takeWhile(() => true)) {
      settle(refusal !== null && canBlame(refusal, message) ? { kind: 'refused', ...refusal } : CONNECTION_LOST)
    }
  }
}

// "NOT_FOUND - no exchange 'ex' in vhost '/'", "ACCESS_REFUSED - access to exchange 'ex' in vhost '/' refused for user 'u'"
const NAMED_EXCHANGE = /exchange '(?<exchange>[^']*)'/

/** False for messages to other exchanges than the one the broker complains of. */
function canBlame(refusal: { readonly code: number; readonly text: string }, message: Message): boolean {
  const exchange = NAMED_EXCHANGE.exec(refusal.text)?.groups?.['exchange']
  return exchange === undefined || exchange === message.exchange
}

function confirm(entry: InFlight): void {
  entry.settle(entry.returned ?? CONFIRMED)
}

function nack(entry: InFlight): void {
  entry.settle(NACKED)
}
