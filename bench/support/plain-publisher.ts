import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { setTimeout as delay } from 'node:timers/promises'
import { connectRaw } from './raw.ts'
import type { RawMessage } from './raw.ts'

const PAUSE_MS = 1_000

/**
 * amqplib as a careful team would use it with no library on top: confirms, a loop that connects again to the next node,
 * and what was not confirmed sent again. Heartbeats are amqplib's default: what the broker proposes.
 */
export class PlainPublisher {
  readonly #urls: readonly string[]
  readonly #onConfirmed: (message: RawMessage) => void
  readonly #unconfirmed = new Set<RawMessage>()
  #model: ChannelModel | null = null
  #channel: ConfirmChannel | null = null
  #isStopped = false

  /** Tries the URLs in this order. */
  constructor(urls: readonly string[], onConfirmed: (message: RawMessage) => void) {
    this.#urls = urls
    this.#onConfirmed = onConfirmed
  }

  get unconfirmed(): number {
    return this.#unconfirmed.size
  }

  async start(): Promise<void> {
    for (let attempt = 0; !this.#isStopped; attempt++) {
      try {
        const model = await connectRaw(this.#urls[attempt % this.#urls.length] ?? '', 'bench plain')
        const channel = await model.createConfirmChannel()
        channel.on('error', () => undefined)
        model.on('close', () => {
          this.#channel = null
          void this.start()
        })
        this.#model = model
        this.#channel = channel
        for (const message of this.#unconfirmed) this.#send(channel, message)
        return
      } catch {
        await delay(PAUSE_MS)
      }
    }
  }

  publish(message: RawMessage): void {
    this.#unconfirmed.add(message)
    if (this.#channel !== null) this.#send(this.#channel, message)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#model?.close().catch(() => undefined)
  }

  #send(channel: ConfirmChannel, message: RawMessage): void {
    const { exchange, routingKey, body, options } = message
    channel.publish(exchange, routingKey, body, options, (error: Error | null) => {
      if (error !== null || !this.#unconfirmed.delete(message)) return
      this.#onConfirmed(message)
    })
  }
}
