import { connect } from 'amqplib'
import type { Pair } from './verdict.ts'

/** Queues of our own beside those of the subscriptions: each gets a copy of all that is sent to its subscription alone. */
export interface Taps extends AsyncDisposable {
  /** Events, and no barriers; in the order in which they came. */
  resent(): readonly Pair[]
}

/**
 * Binds a queue to the direct exchange for each subscription. What the broker puts into it was sent to that subscription alone, so
 * it counts resends on the broker, whatever Warren says of them.
 */
export async function openTaps(endpoint: string, subscriptions: readonly string[]): Promise<Taps> {
  const connection = await connect(endpoint)
  connection.on('error', () => undefined)
  const channel = await connection.createChannel()
  const pairs: Pair[] = []
  await channel.assertExchange('ex.warren.direct', 'direct', { durable: true })
  for (const subscription of subscriptions) {
    const queue = `prove.tap.${subscription}`
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    await channel.bindQueue(queue, 'ex.warren.direct', `qu.${subscription}`)
    await channel.consume(
      queue,
      (message) => {
        const id: unknown = message?.properties.messageId
        const isBarrier = message?.properties.headers?.['warren-control'] !== undefined
        if (typeof id === 'string' && !isBarrier) pairs.push({ subscription, id })
      },
      { noAck: true },
    )
  }
  return {
    resent: () => pairs,
    [Symbol.asyncDispose]: async () => {
      await connection.close().catch(() => undefined)
    },
  }
}
