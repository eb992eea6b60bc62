import { expect, it, onTestFinished } from 'vitest'
import { privateCluster } from '../../../../test/support/broker.ts'
import type { Store } from '../../src/index.ts'
import { opened, moved } from '../support/bank.ts'
import { startScript } from '../support/child.ts'
import type { Child } from '../support/child.ts'
import { orderViolations } from '../support/order-checker.ts'
import { declareSharedQueue, makeBank } from '../support/ordered.ts'
import type { BankBus } from '../support/ordered.ts'
import { eventually, freshDatabase } from '../support/service.ts'

/** 100,000 in `npm run test:torture`. */
const EVENTS = Number(process.env['WARREN_TEST_ORDER_EVENTS'] ?? 5_000)
const ENTITIES = 500
const PER_TRANSACTION = 10
const PUBLISHERS = 4
const KILL_SERVICE_EVERY_MS = 10_000
const KILL_NODE_EVERY_MS = 30_000
const TIMEOUT_MS = 60 * 60_000

it.each([
  ['one at a time', EVENTS],
  ['both at once', EVENTS / 5],
])(
  'keeps the order over two instances that consume %s, while services and nodes are killed and one in twenty handlers fails (%i events)',
  async (how, events) => {
    const cluster = await privateCluster({ nodes: 3 })
    onTestFinished(() => cluster.down())
    const { amqpUrls: endpoints } = await cluster.createVhost()
    if (how === 'both at once') await declareSharedQueue(endpoints)
    const database = await freshDatabase('postgres')
    const { bus, store } = await makeBank({ store: database.open(), endpoints })
    await bus.start()
    await store.transaction((tx) =>
      tx.query('create table handled_event (n bigserial primary key, account text, sequence int, instance int)'),
    )

    const instances = new Instances({ endpoints, database: database.url })
    await instances.start()
    await eventually(async () => (await store.order.interests('account.ledger')).length === 1)

    const chaos = new AbortController()
    const kills = Promise.all([
      every(KILL_SERVICE_EVERY_MS, chaos.signal, () => instances.killOne()),
      every(KILL_NODE_EVERY_MS, chaos.signal, async () => {
        const { name } = cluster.nodes[Math.floor(Math.random() * cluster.nodes.length)] ?? { name: '' }
        await cluster.kill(name)
        nodeKills += 1
        await cluster.start(name)
      }),
    ])
    let nodeKills = 0
    const startedAtMs = performance.now()
    const published = await publishAll(bus, store, events)
    const publishedAtMs = performance.now()
    await eventually(async () => (await count(store)) >= events * 0.8, TIMEOUT_MS)
    chaos.abort()
    await kills
    await eventually(async () => (await count(store)) >= events, 10 * 60_000)
    const seconds = (performance.now() - startedAtMs) / 1000

    const { rows } = await store.query<{ entity: string; sequence: number }>(
      'select account as entity, sequence from handled_event order by n',
    )
    const violations = orderViolations(rows, published)
    const summary = {
      ...{ how, events, entities: ENTITIES, seconds: Math.round(seconds) },
      publishedInSeconds: Math.round((publishedAtMs - startedAtMs) / 1000),
      ...{ serviceKills: instances.kills, nodeKills, violations: violations.length },
    }
    process.stderr.write(`order: ${JSON.stringify(summary)}\n`)
    expect(violations.slice(0, 20)).toEqual([])
    expect(rows).toHaveLength(events)
    // A planted violation in this very log is found.
    expect(orderViolations(swappedOnce(rows), published).length).toBeGreaterThan(0)
    expect(await store.failures.blocked({})).toEqual([])
  },
  TIMEOUT_MS,
)

/** Two processes of one service, which are killed and started again. */
class Instances {
  kills = 0
  readonly #options: { readonly endpoints: readonly string[]; readonly database: string }
  readonly #children: Child[] = []

  constructor(options: { readonly endpoints: readonly string[]; readonly database: string }) {
    this.#options = options
  }

  async start(): Promise<void> {
    for (let each = 0; each < 2; each++) this.#children.push(startScript('ordered-service.ts', this.#options))
    await Promise.all(this.#children.map((child) => child.printed('ready')))
  }

  async killOne(): Promise<void> {
    const victim = this.#children.shift()
    victim?.process.kill('SIGKILL')
    await victim?.exited
    this.kills += 1
    const next = startScript('ordered-service.ts', this.#options)
    this.#children.push(next)
    await Promise.race([next.printed('ready'), next.exited])
  }
}

/** Publishes all, several transactions at a time, and tells how many of each entity. */
async function publishAll(bus: BankBus, store: Store, events: number): Promise<ReadonlyMap<string, number>> {
  const published = new Map<string, number>()
  let left = events
  const publisher = async (): Promise<void> => {
    while (left > 0) {
      const size = Math.min(PER_TRANSACTION, left)
      left -= size
      // In one order, so that two transactions cannot wait for each other.
      const accounts = Array.from({ length: size }, () => `a${Math.floor(Math.random() * ENTITIES)}`).toSorted()
      await bus.transaction(async (tx) => {
        for (const account of accounts) await bus.publish(tx, Math.random() < 0.5 ? opened : moved, { account })
      })
      for (const account of accounts) published.set(account, (published.get(account) ?? 0) + 1)
      // What waits in the store is the work of the relays; a little of it at a time, as in life.
      await eventually(async () => (await store.outbox.backlog()).pending < 5_000, TIMEOUT_MS)
    }
  }
  await Promise.all(Array.from({ length: PUBLISHERS }, publisher))
  return published
}

async function count(store: Store): Promise<number> {
  const { rows } = await store.query<{ count: string }>('select count(*) as count from handled_event')
  return Number(rows[0]?.count)
}

async function every(periodMs: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  const isOver = (): boolean => signal.aborted
  while (!isOver()) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, periodMs)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
    if (!isOver()) await act()
  }
}

/** Two events of one entity change places. */
function swappedOnce<T extends { readonly entity: string }>(log: readonly T[]): readonly T[] {
  const first = log.findIndex(({ entity }, index) => log.slice(index + 1).some((later) => later.entity === entity))
  const second = log.findIndex(({ entity }, index) => index > first && entity === log[first]?.entity)
  return log.map((each, index) => {
    if (index === first) return log[second] ?? each
    return index === second ? (log[first] ?? each) : each
  })
}
