import { createBus } from '@warren/bus'
import type { ReconcileOptions } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import { alternations } from './bench.ts'
import type { Bench, BenchContext } from './bench.ts'
import { valueRow } from './row.ts'
import { alternate } from './statistics.ts'
import { names, newOrders, ORDER_CREATED, orders } from './support/orders.ts'
import { OpenLoop } from './support/open-loop.ts'
import { connectRaw } from './support/raw.ts'
import { until } from './support/until.ts'

const EVENTS_PER_SECOND = 1_000
/** Events that share a transaction: what is measured is not publishing. */
const PER_TRANSACTION = 50
/** Everything so many times as often as by default: what it costs is too little to be seen otherwise. */
const FASTER = 30
const faster: ReconcileOptions = {
  intervalMs: 30_000 / FASTER,
  announceMs: 20_000 / FASTER,
  reportMs: 5_000 / FASTER,
  graceMs: 500,
}
const TIMEOUT_MS = 120_000

interface Measured {
  readonly cpuS: number
  readonly controlMessages: number
}

/**
 * What reconciliation takes of a service that publishes 1,000 events a second and handles them itself: CPU time of its process
 * with and without, and messages on the broker. It runs 30 times as often as by default, and what it takes is divided by
 * that; the digests, which are of as many events as were published, are then taken in 30 parts.
 */
export const run: Bench = async (context) => {
  const seconds = context.quick ? 10 : 30
  const messages: number[] = []
  const measured = await alternate(
    alternations(context),
    async (round) => {
      const { cpuS, controlMessages } = await measure(context, faster, seconds)
      messages.push(controlMessages)
      context.progress(
        `reconcile-cost: round ${round + 1} with: ${cpuS.toFixed(1)} s of CPU, ${controlMessages} messages`,
      )
      return cpuS
    },
    async (round) => {
      const { cpuS } = await measure(context, false, seconds)
      context.progress(`reconcile-cost: round ${round + 1} without: ${cpuS.toFixed(1)} s of CPU`)
      return cpuS
    },
  )
  const shares = measured.map(({ warren, peer }) => ({ warren: ((warren / peer - 1) / FASTER) * 100, peer }))
  const events = EVENTS_PER_SECOND * seconds
  const perHundred = messages.map((count) => ({ warren: (count / FASTER / events) * 100, peer: events }))
  return [
    valueRow(shares, '%', {
      name: 'reconciliation: share of the CPU time of the service',
      bar: { atMost: 2 },
      note: `(with ÷ without − 1) ÷ ${FASTER}; beside it the seconds without`,
    }),
    valueRow(perHundred, '%', {
      name: 'reconciliation: share of the messages',
      bar: { atMost: 1 },
      note: `counted by a queue beside the subscription's and the control queue, ÷ ${FASTER}; beside it the events`,
    }),
  ]
}

async function measure(
  { broker, database }: BenchContext,
  reconcile: ReconcileOptions | false,
  seconds: number,
): Promise<Measured> {
  const vhost = await broker.createVhost()
  const url = vhost.amqpUrls[0] ?? ''
  const store = postgresStore({ connectionString: await database.create('reconcile_cost') })
  const bus = createBus({ service: 'bench', catalog: orders, store, endpoints: [url], reconcile })
  const raw = await connectRaw(url)
  let handled = 0
  let controlMessages = 0
  await bus.subscribe('bench', ['order.#'], () => {
    handled++
  })
  await bus.start()
  try {
    if (reconcile !== false) {
      const channel = await raw.createChannel()
      await channel.assertQueue('tap', { durable: true, arguments: { 'x-queue-type': 'quorum' } })
      await channel.bindQueue('tap', names.directExchange, names.subscriptionQueue('bench'))
      await channel.bindQueue('tap', names.controlExchange, 'announcement')
      await channel.bindQueue('tap', names.controlExchange, names.controlQueue('bench'))
      await channel.consume('tap', () => controlMessages++, { noAck: true })
      await bus.publish(ORDER_CREATED, newOrders(1)[0] ?? fail())
      await until('the subscription is known', async () => (await store.reconciliation.registry.list()).length > 0, {
        timeoutMs: TIMEOUT_MS,
      })
    }
    const batch = newOrders(PER_TRANSACTION)
    const failures: unknown[] = []
    const before = { cpu: process.cpuUsage(), handled, controlMessages }
    const loop = new OpenLoop(EVENTS_PER_SECOND / PER_TRANSACTION, () => {
      bus
        .transaction(async (tx) => {
          for (const order of batch) await bus.publish(tx, ORDER_CREATED, order)
        })
        .catch((error: unknown) => failures.push(error))
    })
    const transactions = await loop.runFor(seconds * 1_000)
    await until('everything is handled', () => handled - before.handled >= transactions * PER_TRANSACTION, {
      timeoutMs: TIMEOUT_MS,
    })
    if (failures.length > 0) throw new AggregateError(failures, 'events could not be published')
    const { user, system } = process.cpuUsage(before.cpu)
    return { cpuS: (user + system) / 1_000_000, controlMessages: controlMessages - before.controlMessages }
  } finally {
    await raw.close()
    await bus.stop()
    await broker.deleteVhost(vhost.name)
  }
}

function fail(): never {
  throw new Error('there is no order')
}
