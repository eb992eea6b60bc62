import { setTimeout as delay } from 'node:timers/promises'
import { catalog, createBus, entity } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import { z } from 'zod'
import { alternations } from './bench.ts'
import type { Bench, BenchContext } from './bench.ts'
import { ratioRow } from './row.ts'
import type { Row } from './row.ts'
import { alternate } from './statistics.ts'
import { inParallel } from './support/in-parallel.ts'
import { until } from './support/until.ts'

const payload = z.object({ id: z.string(), step: z.number() })
const shop = catalog(
  entity('parcel', { identity: 'id', ordered: true, events: { 'way.onMoved': payload } }),
  entity('letter', { identity: 'id', events: { 'way.onMoved': payload } }),
)
const ENTITIES = 500
const CONNECTIONS = 8

interface Round {
  readonly written: number
  readonly handled: number
}

/** As long as one statement of a handler, or a call to a neighbour. */
const HANDLER_MS = 5

/**
 * What order per entity costs: the same events of 500 entities, published one per transaction and handled, with the entity
 * and the subscription ordered beside both not; and a backlog of them handled by handlers that take their time.
 */
export const run: Bench = async (context) => {
  const { quick, progress } = context
  const count = quick ? 2_000 : 10_000
  const rounds: { ordered: Round[]; plain: Round[] } = { ordered: [], plain: [] }
  const measure = (kind: 'ordered' | 'plain') => async (round: number) => {
    const result = await publishAndHandle(context, kind === 'ordered', count)
    rounds[kind].push(result)
    progress(
      `order, ${kind}: round ${round + 1}, written ${Math.round(result.written)}/s, handled ${Math.round(result.handled)}/s`,
    )
    return result.handled
  }
  const handled = await alternate(alternations(context), measure('ordered'), measure('plain'))
  const written = rounds.ordered.map((each, index) => ({
    warren: each.written,
    peer: rounds.plain[index]?.written ?? NaN,
  }))
  const note = `${ENTITIES} entities, a store of its own for each round`
  const rows: Row[] = [
    ratioRow(written, 'tx/s', { name: 'publish of an ordered entity ÷ of one that is not', note }),
    ratioRow(handled, 'events/s', { name: 'published → handled in order ÷ in no order', note }),
  ]
  return [...rows, ...(await backlogs(context, count))]
}

async function backlogs(context: BenchContext, count: number): Promise<readonly Row[]> {
  const measure = (kind: string, options: { readonly ordered: boolean; readonly instances: number }) => async () => {
    const rate = await handleBacklog(context, { ...options, count })
    context.progress(`backlog, ${kind}: ${Math.round(rate)}/s`)
    return rate
  }
  const one = measure('in order', { ordered: true, instances: 1 })
  const inOrder = await alternate(alternations(context), one, measure('in no order', { ordered: false, instances: 1 }))
  const byTwo = await alternate(alternations(context), measure('two instances', { ordered: true, instances: 2 }), one)
  const note = `handlers of ${HANDLER_MS} ms`
  return [
    ratioRow(inOrder, 'events/s', { name: 'a backlog handled in order ÷ in no order', note }),
    ratioRow(byTwo, 'events/s', { name: 'a backlog handled in order by two instances ÷ by one', note }),
  ]
}

/** Publishes while nobody consumes, then starts all instances at once. Resolves with the rate at which they handle. */
async function handleBacklog(
  { broker, database }: BenchContext,
  { ordered, instances, count }: { readonly ordered: boolean; readonly instances: number; readonly count: number },
): Promise<number> {
  const vhost = await broker.createVhost()
  const connectionString = await database.create('backlog')
  const all = Promise.withResolvers<undefined>()
  let seen = 0
  const makeBus = () =>
    createBus({
      ...{ service: 'bench', catalog: shop, endpoints: vhost.amqpUrls, reconcile: false },
      store: postgresStore({ connectionString, maxConnections: CONNECTIONS + 8 }),
    })
  const name = ordered ? 'parcel.way.onMoved' : 'letter.way.onMoved'
  const makeSubscriber = async () => {
    const bus = makeBus()
    const handler = async (): Promise<void> => {
      await delay(HANDLER_MS)
      if (++seen === count) all.resolve(undefined)
    }
    await bus.subscribe('bench', [name], handler, { ordered })
    return bus
  }
  const first = await makeSubscriber()
  await first.start()
  await first.stop()
  const publisher = makeBus()
  await publisher.start()
  const steps = Array.from({ length: count }, (_, step) => step)
  await inParallel(CONNECTIONS, steps, (step) =>
    publisher.publish(name, { id: `e${Math.floor(Math.random() * ENTITIES)}`, step }),
  )
  await until(
    'everything is sent',
    async () => {
      const [row] = await database.query<{ count: string }>(
        connectionString,
        'select count(*) as count from warren.outbox_pending',
      )
      return row?.count === '0'
    },
    { timeoutMs: 120_000 },
  )
  const subscribers = await Promise.all(Array.from({ length: instances }, makeSubscriber))
  const startedAtMs = performance.now()
  await Promise.all(subscribers.map((bus) => bus.start()))
  try {
    await all.promise
    return (count * 1000) / (performance.now() - startedAtMs)
  } finally {
    for (const bus of [...subscribers, publisher]) await bus.stop()
    await broker.deleteVhost(vhost.name)
  }
}

async function publishAndHandle({ broker, database }: BenchContext, ordered: boolean, count: number): Promise<Round> {
  const vhost = await broker.createVhost()
  const connectionString = await database.create('order')
  const store = postgresStore({ connectionString, maxConnections: CONNECTIONS + 8 })
  const bus = createBus({ service: 'bench', catalog: shop, store, endpoints: vhost.amqpUrls, reconcile: false })
  const name = ordered ? 'parcel.way.onMoved' : 'letter.way.onMoved'
  const all = Promise.withResolvers<undefined>()
  let seen = 0
  const handler = (): void => {
    if (++seen === count) all.resolve(undefined)
  }
  await bus.subscribe('bench', [name], handler, { ordered })
  await bus.start()
  try {
    const steps = Array.from({ length: count }, (_, step) => step)
    const startedAtMs = performance.now()
    const written = await inParallel(CONNECTIONS, steps, (step) =>
      bus.publish(name, { id: `e${step % ENTITIES}`, step }),
    )
    await all.promise
    return { written, handled: (count * 1000) / (performance.now() - startedAtMs) }
  } finally {
    await bus.stop()
    await broker.deleteVhost(vhost.name)
  }
}
