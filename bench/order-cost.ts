import { catalog, createBus, entity } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import { z } from 'zod'
import { alternations } from './bench.ts'
import type { Bench, BenchContext } from './bench.ts'
import { ratioRow } from './row.ts'
import type { Row } from './row.ts'
import { alternate } from './statistics.ts'
import { inParallel } from './support/in-parallel.ts'

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

/**
 * What order per entity costs: the same events of 500 entities, published one per transaction and handled, with the entity
 * and the subscription ordered beside both not.
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
  return rows
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
