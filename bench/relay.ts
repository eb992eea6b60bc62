import { createBus } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import type { ChannelModel } from 'amqplib'
import { setTimeout as delay } from 'node:timers/promises'
import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import { ratioRow } from './row.ts'
import { alternate } from './statistics.ts'
import { collectGarbage } from './support/garbage.ts'
import { names, newOrders, ORDER_CREATED, orders } from './support/orders.ts'
import { connectRaw, declareOrders, publishRaw, rawMessage } from './support/raw.ts'
import { within } from './support/within.ts'

const WINDOW = 1000
const SETTLE_MS = 500
const TIMEOUT_MS = 120_000

/**
 * One relay, from a backlog in PostgreSQL to the last confirm with every pending row removed, beside amqplib publishing
 * as many messages of the same size from memory.
 *
 * Made equal: the node (both connect to the first one, where the queue has its leader), exchange, routing key and
 * bindings, body, properties and headers, mandatory, persistent, noDelay, the window. Between two measurements the queue
 * is purged, the broker and the database get time to write, and garbage is collected.
 *
 * Warren's clock starts when the COMMIT that makes the backlog visible is about to be sent, with the relay connected
 * and its leases held, and stops when no pending row is left. The peer's messages are built before its clock starts.
 */
export const run: Bench = async (context) => {
  const { quick, broker, database, progress } = context
  const count = quick ? 5_000 : 20_000
  const vhost = await broker.createVhost()
  const url = vhost.amqpUrls[0] ?? ''
  const raw = await connectRaw(url)
  const queue = names.subscriptionQueue('bench')
  await declareOrders(raw, queue)

  const store = postgresStore({ connectionString: await database.create('relay') })
  const bus = createBus({ service: 'bench', catalog: orders, store, endpoints: [url] })
  await bus.start()
  const channel = await raw.createConfirmChannel()
  const settle = async (): Promise<void> => {
    await purge(raw, queue)
    await database.settle()
    await delay(SETTLE_MS)
    collectGarbage()
  }

  const relay = async (events: number): Promise<number> => {
    let confirmed = 0
    const allConfirmed: PromiseWithResolvers<void> = Promise.withResolvers()
    const stopListening = bus.signals.relayed.on(({ outcome }) => {
      if (outcome.kind !== 'confirmed') allConfirmed.reject(new Error(`an event was ${outcome.kind}`))
      if (++confirmed === events) allConfirmed.resolve()
    })
    const data = newOrders(events)
    let startedAtMs = 0
    await bus.transaction(async (tx) => {
      await Promise.all(data.map((order) => bus.publish(tx, ORDER_CREATED, order)))
      await database.settle()
      await delay(SETTLE_MS)
      collectGarbage()
      startedAtMs = performance.now()
    })
    await within('every event is confirmed', allConfirmed.promise, TIMEOUT_MS)
    while ((await pendingRows()) > 0) await delay(1)
    const seconds = (performance.now() - startedAtMs) / 1000
    stopListening()
    await assertQueued(raw, queue, events)
    return events / seconds
  }
  const pendingRows = async (): Promise<number> => (await store.outbox.backlog()).pending

  const publish = async (events: number): Promise<number> => {
    const messages = newOrders(events).map(rawMessage)
    await settle()
    const startedAtMs = performance.now()
    await within('every message is confirmed', publishRaw(channel, messages, WINDOW), TIMEOUT_MS)
    const seconds = (performance.now() - startedAtMs) / 1000
    await assertQueued(raw, queue, events)
    return events / seconds
  }

  try {
    progress('relay: warming up')
    await relay(1_000)
    await publish(1_000)
    const pairs = await alternate(
      alternations(context),
      async (round) => {
        await settle()
        const rate = await relay(count)
        progress(`relay: round ${round + 1}, Warren ${Math.round(rate)} msg/s`)
        return rate
      },
      async (round) => {
        await settle()
        const rate = await publish(count)
        progress(`relay: round ${round + 1}, amqplib ${Math.round(rate)} msg/s`)
        return rate
      },
    )
    return [
      ratioRow(pairs, 'msg/s', { name: 'relay, outbox → confirmed ÷ raw confirmed publish', bar: { atLeast: 0.85 } }),
    ]
  } finally {
    await bus.stop()
    await raw.close()
    await broker.deleteVhost(vhost.name)
  }
}

async function purge(model: ChannelModel, queue: string): Promise<void> {
  const channel = await model.createChannel()
  await channel.purgeQueue(queue)
  await channel.close()
}

async function assertQueued(model: ChannelModel, queue: string, expected: number): Promise<void> {
  const channel = await model.createChannel()
  const { messageCount } = await channel.checkQueue(queue)
  await channel.close()
  if (messageCount < expected) throw new Error(`${expected} events were confirmed, ${messageCount} are in the queue`)
}
