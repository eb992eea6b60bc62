import { createBus } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import { valueRow } from './row.ts'
import type { Row } from './row.ts'
import { quantile } from './statistics.ts'
import { collectGarbage } from './support/garbage.ts'
import { OpenLoop } from './support/open-loop.ts'
import {
  EFFECTS_TABLE,
  INSERT_EFFECT,
  INSERT_ORDER,
  newOrder,
  ORDER_CREATED,
  orders,
  ORDERS_TABLE,
  orderValues,
} from './support/orders.ts'
import { assertHandledOnce } from './support/handled-once.ts'
import { connectRaw, rawMessage } from './support/raw.ts'
import { until } from './support/until.ts'

const RATE = 1_000
const CONNECTIONS = 16
const QUEUE = 'raw-latency'
const DRAIN_TIMEOUT_MS = 60_000

interface Latencies {
  /** From the resolved commit, or amqplib's publish(), to the start of the handler. */
  readonly sinceDone: readonly number[]
  /** The same from the moment the COMMIT was about to be sent. */
  readonly sinceIssued: readonly number[]
}

/**
 * How long an event takes to its handler at 1,000 events/s, offered at a steady rate: Warren from the commit of an order
 * with its event, beside amqplib from publish() to the consumer's callback, through quorum queues of the same broker.
 * Both handlers live in the publishing process, so that one clock measures.
 *
 * The peer has no database: what Warren adds is the price of the outbox. The first second is left out.
 */
export const run: Bench = async (context) => {
  const { quick, broker, database, progress } = context
  const ms = quick ? 3_000 : 15_000
  const vhost = await broker.createVhost()
  const url = vhost.amqpUrls[0] ?? ''
  const connectionString = await database.create('latency')
  await database.query(connectionString, ORDERS_TABLE)
  await database.query(connectionString, EFFECTS_TABLE)

  const store = postgresStore({
    connectionString,
    maxConnections: CONNECTIONS + 10,
    // A machine that cannot keep up is to show in the latencies, not to end the run.
    connectTimeoutMs: DRAIN_TIMEOUT_MS,
  })
  const bus = createBus({ service: 'bench', catalog: orders, store, endpoints: [url] })
  let onStart: (orderId: string) => void = () => undefined
  await bus.subscribe('bench', ['order.#'], async (event, { tx }) => {
    onStart(event.data.orderId)
    await tx.query(INSERT_EFFECT, [event.data.orderId])
  })
  await bus.start()
  const raw = await connectRaw(url)
  await declareRawQueue()
  let total = 0

  async function declareRawQueue(): Promise<void> {
    const channel = await raw.createChannel()
    await channel.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    await channel.close()
  }

  const warren = async (): Promise<Latencies> => {
    const issued = new Map<string, number>()
    const done = new Map<string, number>()
    const started = new Map<string, number>()
    onStart = (orderId) => started.set(orderId, performance.now())
    const failures: unknown[] = []
    const load = new OpenLoop(RATE, () => {
      const order = newOrder()
      bus
        .transaction(async (tx) => {
          await tx.query(INSERT_ORDER, orderValues(order))
          await bus.publish(tx, ORDER_CREATED, order)
          issued.set(order.orderId, performance.now())
        })
        .then(
          () => done.set(order.orderId, performance.now()),
          (error: unknown) => failures.push(error),
        )
    })
    const sent = await load.runFor(ms)
    total += sent
    const isDrained = (): boolean => failures.length > 0 || (started.size === sent && done.size === sent)
    await until('every event reaches its handler', isDrained, { timeoutMs: DRAIN_TIMEOUT_MS })
    if (failures.length > 0) throw new AggregateError(failures, 'orders could not be written')
    return {
      sinceDone: since(done, started),
      sinceIssued: since(issued, started),
    }
  }

  const amqplib = async (): Promise<Latencies> => {
    const issued = new Map<string, number>()
    const started = new Map<string, number>()
    const publishing = await raw.createConfirmChannel()
    const consuming = await raw.createChannel()
    await consuming.prefetch(500)
    await consuming.consume(QUEUE, (message) => {
      if (message === null) return
      started.set(String(message.properties.messageId), performance.now())
      consuming.ack(message)
    })
    const load = new OpenLoop(RATE, () => {
      const { body, options } = rawMessage(newOrder())
      issued.set(String(options.messageId), performance.now())
      publishing.publish('', QUEUE, body, options)
    })
    const sent = await load.runFor(ms)
    await until('every message reaches its consumer', () => started.size === sent, { timeoutMs: DRAIN_TIMEOUT_MS })
    await publishing.close()
    await consuming.close()
    return { sinceDone: since(issued, started), sinceIssued: since(issued, started) }
  }

  const rounds: { readonly warren: Latencies; readonly peer: Latencies }[] = []
  try {
    for (let round = 0; round < alternations(context); round++) {
      collectGarbage()
      const ours = await warren()
      collectGarbage()
      const peer = await amqplib()
      rounds.push({ warren: ours, peer })
      progress(`latency: round ${round + 1}, Warren ${describe(ours)}, amqplib ${describe(peer)}`)
    }
    await until('every effect is committed', async () => (await effects()) >= total, { timeoutMs: DRAIN_TIMEOUT_MS })
    await assertHandledOnce(database, connectionString, total)
  } finally {
    await bus.stop()
    await raw.close()
    await broker.deleteVhost(vhost.name)
  }

  async function effects(): Promise<number> {
    const [row] = await database.query<{ count: string }>(connectionString, 'select count(*) from effects')
    return Number(row?.count)
  }
  const rowOf = (share: number, from: keyof Latencies, atMost?: number): Row =>
    valueRow(
      rounds.map(({ warren: ours, peer }) => ({
        warren: quantile(ours[from], share),
        peer: quantile(peer[from], share),
      })),
      'ms',
      {
        name: `commit ${from === 'sinceDone' ? '' : 'issued '}→ handler at ${RATE} events/s, p${share * 100}`,
        ...(atMost === undefined ? {} : { bar: { atMost } }),
      },
    )
  return [
    rowOf(0.5, 'sinceDone', 20),
    rowOf(0.99, 'sinceDone', 100),
    rowOf(0.5, 'sinceIssued'),
    rowOf(0.99, 'sinceIssued'),
  ]
}

/** Of those that started after the first second. Below 0 when a handler was quicker than the answer to the COMMIT. */
function since(begun: ReadonlyMap<string, number>, started: ReadonlyMap<string, number>): number[] {
  const fromMs = Math.min(...begun.values()) + 1_000
  return [...begun].flatMap(([id, atMs]) => (atMs < fromMs ? [] : [(started.get(id) ?? NaN) - atMs]))
}

function describe({ sinceDone }: Latencies): string {
  const [p50, p99] = [quantile(sinceDone, 0.5), quantile(sinceDone, 0.99)]
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`
}
