import { IllegalOperationError } from 'amqplib'
import type { Channel, ChannelModel, ConsumeMessage, Message } from 'amqplib'
import type { RawMessage } from '../envelope/decode.ts'
import type { Logger } from '../logger.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { answerOf, closeChannel } from './channel.ts'
import type { Connection } from './connection.ts'
import { QueueWatch } from './queue-watch.ts'

/**
 * One message from the queue, to be settled once by ack(), requeue() or reject(). Settling again does nothing, and so
 * does settling after its channel is gone: then the broker has put it back into the queue already.
 */
export interface Delivery {
  readonly message: RawMessage
  readonly redelivered: boolean
  /** How often the broker counts it as delivered in vain before; 0 where the queue does not count. */
  readonly deliveryCount: number
  readonly ack: () => void
  readonly requeue: () => void
  /** To the dead letter exchange. */
  readonly reject: () => void
}

export interface SessionOptions {
  readonly connection: Connection
  readonly queue: string
  readonly prefetch?: number | undefined
  readonly watchMs?: number | undefined
  readonly silentMs?: number | undefined
  readonly onDelivery: (delivery: Delivery) => void
  readonly logger: Logger
}

/** `silent`: it does not consume any more, but is open. */
type OnEnd = (session: Session, why: 'cancelled' | 'lost' | 'silent') => void

/** One channel and the deliveries on it. A delivery tag means nothing on any other channel: there it would be a 406. */
export class Session {
  readonly #channel: Channel
  readonly #options: SessionOptions
  readonly #onEnd: OnEnd
  readonly #model: ChannelModel
  readonly #prefetch: number
  readonly #acknowledgements: Acknowledgements
  #watch: QueueWatch | null = null
  #consumerTag: string | null = null
  #isOpen = true
  #unsettled = 0
  #lastDeliveryMs = 0

  private constructor(model: ChannelModel, channel: Channel, options: SessionOptions, onEnd: OnEnd) {
    this.#model = model
    this.#channel = channel
    this.#options = options
    this.#onEnd = onEnd
    this.#prefetch = options.prefetch ?? 500
    this.#acknowledgements = new Acknowledgements({
      prefetch: this.#prefetch,
      send: (deliveryTag, multiple) => this.#tell(() => channel.ack({ fields: { deliveryTag } } as Message, multiple)),
    })
    channel.on('error', (error) =>
      options.logger.warn({ queue: options.queue, error }, 'the broker closed the consuming channel'),
    )
    channel.on('close', () => this.#end('lost'))
  }

  static async open(model: ChannelModel, options: SessionOptions, onEnd: OnEnd): Promise<Session> {
    return new Session(model, await model.createChannel(), options, onEnd)
  }

  get isConsuming(): boolean {
    return this.#isOpen && this.#consumerTag !== null
  }

  get unsettled(): number {
    return this.#isOpen ? this.#unsettled : 0
  }

  /** Begins to deliver, and again after cancel(). */
  async consume(): Promise<void> {
    await this.#channel.prefetch(this.#prefetch)
    const consuming = this.#channel.consume(this.#options.queue, (message) => {
      if (message === null) this.#end('cancelled')
      else this.#deliver(message)
    })
    const { consumerTag } = await answerOf(consuming, `consume from "${this.#options.queue}"`)
    if (!this.#isOpen) throw new Error('the channel was closed while the consumer was set up')
    this.#consumerTag = consumerTag
    this.#lastDeliveryMs = performance.now()
    const { queue, watchMs: intervalMs = 5_000, silentMs = 120_000 } = this.#options
    this.#watch = new QueueWatch({
      ...{ model: this.#model, queue, intervalMs },
      isSilent: () => this.#unsettled === 0 && performance.now() - this.#lastDeliveryMs >= silentMs,
      onTrouble: (trouble) => {
        if (trouble === 'gone') this.#end('cancelled')
        else void this.cancel().then(() => this.#onEnd(this, 'silent'))
      },
    })
  }

  async cancel(): Promise<void> {
    const tag = this.#consumerTag
    this.#consumerTag = null
    this.#watch?.stop()
    if (tag === null || !this.#isOpen) return
    // Rejects when the channel goes meanwhile.
    await answerOf(this.#channel.cancel(tag), 'end consuming').catch(() => undefined)
  }

  async close(): Promise<void> {
    if (this.#isOpen) this.#acknowledgements.flush()
    this.#isOpen = false
    this.#watch?.stop()
    await closeChannel(this.#channel)
  }

  #end(why: 'cancelled' | 'lost'): void {
    if (!this.#isOpen) return
    // A consumer that was cancelled still has its channel.
    if (why === 'cancelled') this.#acknowledgements.flush()
    else this.#acknowledgements.stop()
    this.#isOpen = false
    this.#watch?.stop()
    this.#onEnd(this, why)
  }

  #deliver(message: ConsumeMessage): void {
    this.#unsettled++
    this.#lastDeliveryMs = performance.now()
    const { fields, properties, content: body } = message
    // Returns and losses so far. 4.3 also has x-acquired-count, of every delivery.
    const count: unknown = properties.headers?.['x-delivery-count']
    let isSettled = false
    const settle = (act: () => void): void => {
      if (isSettled || !this.#isOpen) return
      isSettled = true
      this.#unsettled--
      act()
    }
    const reject = (requeue: boolean): void =>
      settle(() => {
        this.#acknowledgements.answered(fields.deliveryTag)
        // Not a nack: from 4.3 one that requeues no longer counts towards the delivery limit (nor does basic.recover), and a
        // message that always fails would go round for ever. A reject counts on all versions.
        this.#tell(() => this.#channel.reject(message, requeue))
      })
    try {
      this.#options.onDelivery({
        message: { body, fields, properties },
        redelivered: fields.redelivered,
        deliveryCount: typeof count === 'number' ? count : 0,
        ack: () => settle(() => this.#acknowledgements.add(fields.deliveryTag)),
        requeue: () => reject(true),
        reject: () => reject(false),
      })
    } catch (error) {
      // Thrown into amqplib's frame loop it would end the whole connection.
      this.#options.logger.error({ queue: this.#options.queue, error }, 'a delivery could not be taken')
    }
  }

  #tell(act: () => void): void {
    if (!this.#isOpen) return
    this.#options.connection.cork()
    try {
      act()
    } catch (error) {
      // The connection is closing, and the broker puts the message back.
      if (!(error instanceof IllegalOperationError)) throw error
    }
  }
}
