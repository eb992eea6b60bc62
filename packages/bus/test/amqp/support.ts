import { connect } from 'amqplib'
import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { startProxy } from '../../../../test/support/proxy.ts'
import type { TcpProxy } from '../../../../test/support/proxy.ts'
import { Connection } from '../../src/amqp/connection.ts'
import type { ConnectionOptions } from '../../src/amqp/connection.ts'
import { Consumer } from '../../src/amqp/consumer.ts'
import type { ConsumerOptions, Delivery } from '../../src/amqp/consumer.ts'
import { parseEndpoints } from '../../src/amqp/endpoints.ts'
import { Publisher } from '../../src/amqp/publisher.ts'
import type { PublisherOptions } from '../../src/amqp/publisher.ts'
import type { Message } from '../../src/envelope/message.ts'
import { newId } from '../../src/envelope/uuid.ts'
import type { Logger } from '../../src/logger.ts'
import { Signal } from '../../src/signal.ts'

export interface Line {
  readonly level: keyof Logger
  readonly fields: object
  readonly message: string
}

/** A logger whose lines can be read and waited for. */
export function recordingLogger(): Logger & { readonly lines: Line[]; readonly logged: Signal<Line> } {
  const lines: Line[] = []
  const logged = new Signal<Line>()
  const log = (level: keyof Logger) => (fields: object, message: string) => {
    const line = { level, fields, message }
    lines.push(line)
    logged.emit(line)
  }
  return { lines, logged, debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}

/** A connection, not started; stopped when the test ends. */
export function makeConnection(
  urls: readonly string[],
  options: Partial<Omit<ConnectionOptions, 'endpoints'>> = {},
): Connection {
  const connection = new Connection({
    endpoints: parseEndpoints(urls),
    name: 'test',
    order: 'given',
    logger: recordingLogger(),
    ...options,
  })
  onTestFinished(() => connection.stop())
  return connection
}

export async function startConnection(...args: Parameters<typeof makeConnection>): Promise<Connection> {
  const connection = makeConnection(...args)
  await connection.start()
  return connection
}

export async function startPublisher(
  connection: Connection,
  options: Partial<Omit<PublisherOptions, 'connection'>> = {},
): Promise<Publisher> {
  const publisher = new Publisher({ connection, logger: recordingLogger(), ...options })
  onTestFinished(() => publisher.stop())
  await publisher.start()
  return publisher
}

/** A started consumer and what it was given. */
export async function startConsumer(
  options: Pick<ConsumerOptions, 'connection' | 'queue'> & Partial<ConsumerOptions>,
): Promise<{ consumer: Consumer; deliveries: Delivery[]; delivered: Signal<Delivery> }> {
  const deliveries: Delivery[] = []
  const delivered = new Signal<Delivery>()
  const consumer = new Consumer({
    ensure: () => Promise.resolve(),
    logger: recordingLogger(),
    onDelivery: (delivery) => {
      deliveries.push(delivery)
      delivered.emit(delivery)
    },
    ...options,
  })
  onTestFinished(() => consumer.close())
  await consumer.start()
  return { consumer, deliveries, delivered }
}

/** A proxy in front of a node, closed when the test ends, and the URL through it. */
export async function proxyTo(url: string): Promise<{ proxy: TcpProxy; url: string }> {
  const proxy = await startProxy({ port: Number(new URL(url).port) })
  onTestFinished(() => proxy.close())
  return { proxy, url: proxy.through(url) }
}

/** A plain amqplib connection and channel, past the proxies, to set things up and to look at them. */
export async function rawChannel(url: string): Promise<{ model: ChannelModel; channel: ConfirmChannel }> {
  const model = await connect(url)
  model.on('error', () => undefined)
  onTestFinished(() => {
    // Not close(): the node may be frozen or gone.
    const socket: unknown = Reflect.get(model.connection, 'stream')
    if (socket instanceof Socket) socket.destroy()
  })
  const channel = await model.createConfirmChannel()
  channel.on('error', () => undefined)
  return { model, channel }
}

/** A durable queue, quorum unless told otherwise, and a message to it through the default exchange. */
export async function makeQueue(
  channel: ConfirmChannel,
  queue = `qu.test-${newId()}`,
  options: { readonly type?: 'quorum' | 'classic'; readonly arguments?: object } = {},
): Promise<string> {
  const { type = 'quorum', arguments: others = {} } = options
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': type, ...others } })
  return queue
}

export function messageTo(queue: string, content: string | Buffer = '{}', changes: Partial<Message> = {}): Message {
  return {
    exchange: '',
    routingKey: queue,
    body: Buffer.from(content),
    properties: {
      messageId: newId(),
      type: 'order.payment.onPaid',
      contentType: 'application/json',
      timestamp: Math.floor(Date.now() / 1000),
      appId: 'test',
      deliveryMode: 2,
      headers: {},
    },
    ...changes,
  }
}

/** Resolves when `isTrue`, looked at now and after each emission. */
export async function until(signal: { next(): Promise<unknown> }, isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await signal.next()
}

/** How long it takes, in milliseconds. */
export async function msOf(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now()
  await work()
  return performance.now() - startedAtMs
}
