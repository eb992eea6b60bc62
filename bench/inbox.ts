import { createBus } from '@warren/bus'
import type { Bus } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import type { PostgresTx } from '@warren/bus/postgres'
import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import { ratioRow } from './row.ts'
import { alternate } from './statistics.ts'
import { collectGarbage } from './support/garbage.ts'
import { EFFECTS_TABLE, INSERT_EFFECT, newOrders, orders } from './support/orders.ts'
import { assertHandledOnce } from './support/handled-once.ts'
import { connectRaw, publishRaw, rawMessage } from './support/raw.ts'
import { within } from './support/within.ts'

const WINDOW = 1000
const ONE_BY_ONE = 1
const TIMEOUT_MS = 180_000

/**
 * A handler with one INSERT behind the inbox: with the default batch size, where up to 50 messages share a transaction,
 * beside one transaction for each message. Everything else is the same: prefetch, concurrency, and messages that wait in
 * the queue already. The rate is that of the last nine tenths, so that neither side pays for its start.
 */
export const run: Bench = async (context) => {
  const { quick, broker, database, progress } = context
  const counts = quick ? { batched: 5_000, single: 1_200 } : { batched: 20_000, single: 5_000 }
  const vhost = await broker.createVhost()
  const url = vhost.amqpUrls[0] ?? ''
  const raw = await connectRaw(url)
  const connectionString = await database.create('inbox')

  const open = async (batchSize?: number): Promise<Bus<typeof orders, PostgresTx>> => {
    const store = postgresStore({ connectionString })
    const bus = createBus({ service: 'bench', catalog: orders, store, endpoints: [url], relay: false })
    await bus.subscribe(
      'bench',
      ['order.#'],
      async (event, { tx }) => {
        await tx.query(INSERT_EFFECT, [event.data.orderId])
      },
      batchSize === undefined ? {} : { batchSize },
    )
    return bus
  }
  const handle = async (count: number, batchSize?: number): Promise<number> => {
    const channel = await raw.createConfirmChannel()
    await publishRaw(channel, newOrders(count).map(rawMessage), WINDOW)
    await channel.close()
    await database.settle()
    collectGarbage()

    const bus = await open(batchSize)
    const rate = rateOf(bus, count)
    await bus.start()
    try {
      return await within('every message is handled', rate, TIMEOUT_MS)
    } finally {
      await bus.stop()
    }
  }

  try {
    // The first start makes the tables and the queue, which are then filled while nobody consumes.
    const first = await open()
    await first.start()
    await first.stop()
    await database.query(connectionString, EFFECTS_TABLE)

    const pairs = await alternate(
      alternations(context),
      async (round) => {
        const rate = await handle(counts.batched)
        progress(`inbox: round ${round + 1}, in batches ${Math.round(rate)} msg/s`)
        return rate
      },
      async (round) => {
        const rate = await handle(counts.single, ONE_BY_ONE)
        progress(`inbox: round ${round + 1}, one by one ${Math.round(rate)} msg/s`)
        return rate
      },
    )
    await assertHandledOnce(database, connectionString, pairs.length * (counts.batched + counts.single))
    return [ratioRow(pairs, 'msg/s', { name: 'handler with inbox: micro-batched ÷ per message', bar: { atLeast: 6 } })]
  } finally {
    await raw.close()
    await broker.deleteVhost(vhost.name)
  }
}

/** Messages handled in a second, once `count` of them are; the first tenth is not counted. */
function rateOf(bus: Bus<typeof orders, PostgresTx>, count: number): Promise<number> {
  const skipped = Math.floor(count / 10)
  let handled = 0
  let startedAtMs = 0
  return new Promise((resolve, reject) => {
    bus.signals.received.on(({ kind }) => {
      if (kind !== 'handled') reject(new Error(`a message was ${kind} instead of handled`))
      handled++
      if (handled === skipped) startedAtMs = performance.now()
      if (handled === count) resolve(((count - skipped) * 1000) / (performance.now() - startedAtMs))
    })
  })
}
