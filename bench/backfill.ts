import { createBus } from '@warren/bus'
import type { Backfill, BackfillStore } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import { ratioRow, valueRow } from './row.ts'
import { alternate, quantile } from './statistics.ts'
import { inParallel } from './support/in-parallel.ts'
import { OpenLoop } from './support/open-loop.ts'
import { newOrder, newOrders, ORDER_CREATED, orderExchange, orders } from './support/orders.ts'
import { connectRaw } from './support/raw.ts'
import { until } from './support/until.ts'

const LIVE_PER_SECOND = 100
/** The default of the service. */
const BACKFILL_PER_SECOND = 200
const SUBSCRIPTION = 'late'
const TIMEOUT_MS = 120_000

/**
 * How long a live event takes to its handler while a backfill goes to the same subscription at the default rate, beside the
 * same live traffic alone: from the resolved publish() to the start of the handler. Publisher and subscriber are one process, so that
 * one clock measures. The backfill is paused while live traffic is alone.
 */
export const run: Bench = async (context) => {
  const { quick, broker, database, progress } = context
  const windowMs = quick ? 5_000 : 15_000
  const rounds = alternations(context)
  const vhost = await broker.createVhost()
  const url = vhost.amqpUrls[0] ?? ''
  const publisherStore = postgresStore({ connectionString: await database.create('backfill_publisher') })
  const subscriberStore = postgresStore({ connectionString: await database.create('backfill_subscriber') })
  const reconcile = { announceMs: 500, leaseMs: 2_000 }
  const bus = { catalog: orders, endpoints: [url], reconcile }
  const publisher = createBus({ ...bus, service: 'bench', store: publisherStore })
  const subscriber = createBus({ ...bus, service: 'late', store: subscriberStore })
  const started = new Map<string, number>()
  const raw = await connectRaw(url)
  try {
    await publisher.start()
    const past = Math.ceil((windowMs / 1_000) * BACKFILL_PER_SECOND * rounds * 1.5)
    await publishIntoNowhere(past)
    await subscriber.subscribe(SUBSCRIPTION, ['order.#'], (event) => {
      started.set(event.data.orderId, performance.now())
    })
    await subscriber.start()
    const { reconciliation } = publisherStore
    await until('the subscription is registered', async () => (await reconciliation.registry.list()).length > 0, {
      timeoutMs: TIMEOUT_MS,
    })
    const { backfill } = reconciliation
    const { id } = await backfill.request({
      subscription: SUBSCRIPTION,
      patterns: ['order.#'],
      range: { fromMs: 0, toMs: await reconciliation.nowMs() },
      rate: BACKFILL_PER_SECOND,
      requestedBy: 'bench',
      counted: null,
    })
    const pairs = await alternate(
      rounds,
      async (round) => {
        await backfill.act(id, 'resume', 'bench')
        const before = await goesOn(backfill, id)
        const p99 = await liveP99(windowMs)
        const sent = ((await backfill.find(id))?.sent ?? 0) - before.sent
        if (sent === 0) throw new Error('the backfill stood still while it was measured')
        progress(`backfill: round ${round + 1}, beside ${sent} events p99 ${p99.toFixed(1)} ms`)
        return p99
      },
      async (round) => {
        await backfill.act(id, 'pause', 'bench')
        await standsStill(backfill, id)
        const p99 = await liveP99(windowMs)
        progress(`backfill: round ${round + 1}, alone p99 ${p99.toFixed(1)} ms`)
        return p99
      },
    )
    const name = `live ${LIVE_PER_SECOND} events/s, p99`
    return [
      ratioRow(pairs, 'ms', { name: `${name}: beside a backfill ÷ alone`, bar: { atMost: 2 } }),
      valueRow(pairs, 'ms', { name: `${name} beside a backfill` }),
    ]
  } finally {
    await Promise.all([publisher.stop(), subscriber.stop()])
    await raw.close()
    await broker.deleteVhost(vhost.name)
  }

  /** Sent, as it was before the subscription was there. Into a queue that goes: without one they would wait for the next. */
  async function publishIntoNowhere(count: number): Promise<void> {
    const channel = await raw.createChannel()
    const queue = 'nowhere'
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    await channel.bindQueue(queue, orderExchange, '#')
    const batches = Array.from({ length: Math.ceil(count / 500) }, () => newOrders(500))
    await inParallel(4, batches, (batch) =>
      publisher.transaction(async (tx) => {
        for (const order of batch) await publisher.publish(tx, ORDER_CREATED, order)
      }),
    )
    const isSent = async (): Promise<boolean> => (await publisherStore.reconciliation.ledger.oldestUnsentMs()) === null
    await until('the past is sent', isSent, { timeoutMs: TIMEOUT_MS })
    await channel.deleteQueue(queue)
    await channel.close()
  }

  async function liveP99(ms: number): Promise<number> {
    const done = new Map<string, number>()
    const failures: unknown[] = []
    const load = new OpenLoop(LIVE_PER_SECOND, () => {
      const order = newOrder()
      publisher.publish(ORDER_CREATED, order).then(
        () => done.set(order.orderId, performance.now()),
        (error: unknown) => failures.push(error),
      )
    })
    const sent = await load.runFor(ms)
    const isDrained = (): boolean =>
      failures.length > 0 || (done.size === sent && [...done.keys()].every((orderId) => started.has(orderId)))
    await until('every live event reaches its handler', isDrained, { timeoutMs: TIMEOUT_MS })
    if (failures.length > 0) throw new AggregateError(failures, 'orders could not be published')
    return quantile(
      [...done].map(([orderId, atMs]) => (started.get(orderId) ?? Number.NaN) - atMs),
      0.99,
    )
  }
}

async function goesOn(backfill: BackfillStore, id: string): Promise<Backfill> {
  const before = await backfill.find(id)
  return until(
    'the backfill goes on',
    async () => {
      const now = await backfill.find(id)
      return now !== null && now.sent > (before?.sent ?? 0) && now
    },
    { timeoutMs: TIMEOUT_MS },
  )
}

/** A batch that is under way when it is paused takes up to a second. */
async function standsStill(backfill: BackfillStore, id: string): Promise<void> {
  let sent = -1
  await until(
    'the backfill stands still',
    async () => {
      const before = sent
      sent = (await backfill.find(id))?.sent ?? 0
      return sent === before
    },
    { timeoutMs: TIMEOUT_MS, everyMs: 1_500 },
  )
}
