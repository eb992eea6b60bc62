import { connect } from 'amqplib'
import type { ChannelModel, ConfirmChannel, Options } from 'amqplib'
import { randomUUID } from 'node:crypto'
import type { Order } from './orders.ts'
import { names, ORDER_CREATED, orderExchange } from './orders.ts'

export interface RawMessage {
  readonly exchange: string
  readonly routingKey: string
  readonly body: Buffer
  readonly options: Options.Publish
}

/** amqplib with the socket options that Warren uses: without noDelay each side would be measured against Nagle. */
export async function connectRaw(url: string, name = 'bench raw'): Promise<ChannelModel> {
  const model = await connect(url, { noDelay: true, keepAlive: true, clientProperties: { connection_name: name } })
  model.on('error', () => undefined)
  return model
}

/** The order as the message that Warren makes of it: same body, same properties, headers of the same size. */
export function rawMessage(order: Order): RawMessage {
  const now = new Date()
  const id = randomUUID()
  return {
    exchange: orderExchange,
    routingKey: ORDER_CREATED,
    body: Buffer.from(JSON.stringify(order)),
    options: {
      messageId: id,
      type: ORDER_CREATED,
      contentType: 'application/json',
      timestamp: Math.floor(now.getTime() / 1000),
      appId: 'bench',
      deliveryMode: 2,
      mandatory: true,
      headers: {
        cloudEvents_specversion: '1.0',
        cloudEvents_id: id,
        cloudEvents_source: 'bench',
        cloudEvents_type: ORDER_CREATED,
        cloudEvents_subject: order.orderId,
        cloudEvents_time: now.toISOString(),
        cloudEvents_datacontenttype: 'application/json',
        'warren-attempt': 100_000,
      },
    },
  }
}

/** Declares Warren's exchanges for orders, and one quorum queue that takes them all. */
export async function declareOrders(model: ChannelModel, queue: string): Promise<void> {
  const channel = await model.createChannel()
  await channel.assertExchange(names.eventsExchange, 'topic', { durable: true })
  await channel.assertExchange(orderExchange, 'topic', { durable: true })
  await channel.bindExchange(names.eventsExchange, orderExchange, '#')
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await channel.bindQueue(queue, orderExchange, 'order.#')
  await channel.close()
}

/** Publishes all with at most `window` unconfirmed, and resolves when the last is confirmed. Rejects on the first nack. */
export function publishRaw(channel: ConfirmChannel, messages: readonly RawMessage[], window: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0
    let unconfirmed = 0
    let isFull = false
    const onConfirm = (error: Error | null): void => {
      if (error !== null) {
        reject(error)
        return
      }
      unconfirmed--
      if (next < messages.length) pump()
      else if (unconfirmed === 0) {
        channel.off('drain', onDrain)
        resolve()
      }
    }
    const pump = (): void => {
      while (!isFull && unconfirmed < window) {
        const message = messages[next]
        if (message === undefined) return
        next++
        unconfirmed++
        const { exchange, routingKey, body, options } = message
        isFull = !channel.publish(exchange, routingKey, body, options, onConfirm)
      }
    }
    const onDrain = (): void => {
      isFull = false
      pump()
    }
    channel.on('drain', onDrain)
    pump()
  })
}
