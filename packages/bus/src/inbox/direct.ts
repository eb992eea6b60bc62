import type { Consumer, Delivery } from '../amqp/consumer.ts'
import { isControl } from '../envelope/control.ts'
import { decodeMessage } from '../envelope/decode.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import { invoke } from './invoke.ts'
import type { InvokeOptions } from './invoke.ts'
import { decideOutcome } from './outcome.ts'
import type { HandlerContext } from './subscription.ts'
import type { SettledMessage } from './subscriber.ts'

export type DirectContext = Omit<HandlerContext<never>, 'tx'>

export interface DirectSubscriberOptions extends InvokeOptions<DirectContext> {
  readonly consumer: Consumer
  readonly logger: Logger
}

/**
 * A subscriber without an inbox (`inbox: false`): the handler runs at least once per event and sees duplicates. A failure
 * goes back to the broker, which gives up at the queue's delivery limit; what cannot succeed is rejected into the dead
 * letter queue at once.
 */
export class DirectSubscriber {
  readonly signals: { readonly settled: Signal<SettledMessage>; readonly idle: Signal } = {
    settled: new Signal(),
    idle: new Signal(),
  }
  readonly #options: DirectSubscriberOptions
  #isRunning = false
  #waiting: Delivery[] = []
  #running = 0

  constructor(options: DirectSubscriberOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    await this.#options.consumer.start()
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    await this.#options.consumer.stop()
    for (const delivery of this.#waiting.splice(0)) delivery.requeue()
    while (this.#running > 0) await this.signals.idle.next()
    await this.#options.consumer.close()
  }

  /** For the consumer. */
  accept(delivery: Delivery): void {
    // Of a publisher that has not heard yet that there is no inbox to ask.
    if (isControl(delivery.message)) {
      delivery.ack()
      return
    }
    this.#waiting.push(delivery)
    this.#dispatch()
  }

  #dispatch(): void {
    while (this.#isRunning && this.#running < this.#options.subscription.concurrency) {
      const delivery = this.#waiting.shift()
      if (delivery === undefined) break
      this.#running++
      void this.#handle(delivery).finally(() => {
        this.#running--
        this.#dispatch()
      })
    }
    if (this.#running === 0) this.signals.idle.emit()
  }

  async #handle(delivery: Delivery): Promise<void> {
    const { subscription, logger } = this.#options
    const decoded = decodeMessage(delivery.message)
    if (!decoded.ok) {
      logger.error(
        { subscription: subscription.name, reason: decoded.reason },
        'a message cannot be read; it goes to the dead letter queue',
      )
      delivery.reject()
      return
    }
    const { message } = decoded
    const attempt = delivery.deliveryCount + 1
    try {
      await invoke(this.#options, message, (signal) => ({ signal, attempt, subscription: subscription.name }))
      delivery.ack()
      this.signals.settled.emit({ id: message.id, name: message.name, kind: 'handled' })
    } catch (error) {
      const fields = { subscription: subscription.name, id: message.id, event: message.name, error, attempt }
      // How often is the broker's to decide, by the delivery limit; whether at all is the policy's.
      if (decideOutcome(error, 0, subscription.retry, 0).kind === 'park') {
        logger.error(fields, 'the handler failed for good; the message goes to the dead letter queue')
        delivery.reject()
      } else {
        logger.warn(fields, 'the handler failed; the message goes back to the queue')
        delivery.requeue()
      }
      this.signals.settled.emit({ id: message.id, name: message.name, kind: 'failed' })
    }
  }
}
