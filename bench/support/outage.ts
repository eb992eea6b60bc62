import { createBus } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import type { ClusterNode, Vhost } from '@warren/cluster/local'
import { setTimeout as delay } from 'node:timers/promises'
import type { BenchContext } from '../bench.ts'
import { OpenLoop } from './open-loop.ts'
import { names, newOrder, ORDER_CREATED, orders } from './orders.ts'
import { PlainPublisher } from './plain-publisher.ts'
import { connectRaw, declareOrders, rawMessage } from './raw.ts'
import { until } from './until.ts'

const RATE = 500
const BEFORE_MS = 2_000
const SETTLE_TIMEOUT_MS = 60_000
const PLAIN_QUEUE = 'plain'

export interface Outage {
  readonly strike: (node: string) => Promise<void>
  readonly heal: (node: string) => Promise<void>
  /** How long publishing goes on after the strike, and after the healing when that comes while publishing. */
  readonly afterMs: number
  /** Heal when so much time has passed, while publishing; null: only once publishing has ended. */
  readonly healAfterMs: number | null
  /** Whether the node that is struck also leads the queues. */
  readonly strikesLeader: boolean
}

export interface Gaps {
  /** Longest time without a confirm, from shortly before the strike until the end. */
  readonly warren: number
  readonly peer: number
}

/**
 * Publishes 500 events/s with Warren and as many messages with plain amqplib, both connected to the same node. Breaks
 * it, and tells how long each went without a confirm.
 *
 * Throws when a message that was confirmed is not in its queue afterwards, or when one of Warren's events stays unsettled.
 */
export async function measureOutage(context: BenchContext, outage: Outage): Promise<Gaps> {
  const { broker, database } = context
  const vhost = await broker.createVhost()
  const store = postgresStore({ connectionString: await database.create('outage') })
  const bus = createBus({ service: 'bench', catalog: orders, store, endpoints: vhost.amqpUrls })
  await bus.start()
  const struck = await connectedNode(context, vhost, 'bench publish')
  const queue = names.subscriptionQueue('bench')
  const urls = urlsFrom(vhost, broker.nodes, struck)
  await declareOn((outage.strikesLeader ? urls[0] : urls[1]) ?? '', queue)

  const warren = new Confirms()
  const peer = new Confirms()
  bus.signals.relayed.on(({ event, outcome }) => {
    if (outcome.kind === 'confirmed') warren.add(event.id)
  })
  const plain = new PlainPublisher(urls, ({ options }) => peer.add(String(options.messageId)))
  await plain.start()
  const failures: unknown[] = []
  const load = new OpenLoop(RATE, () => {
    bus.publish(ORDER_CREATED, newOrder()).catch((error: unknown) => failures.push(error))
    plain.publish({ ...rawMessage(newOrder()), exchange: '', routingKey: PLAIN_QUEUE })
  })

  load.start()
  await delay(BEFORE_MS)
  const fromMs = performance.now()
  await outage.strike(struck.name)
  if (outage.healAfterMs !== null) {
    await delay(outage.healAfterMs)
    await outage.heal(struck.name)
  }
  await delay(outage.afterMs)
  load.stop()
  const untilMs = performance.now()
  const gaps = { warren: warren.longestGapMs(fromMs, untilMs), peer: peer.longestGapMs(fromMs, untilMs) }

  if (outage.healAfterMs === null) await outage.heal(struck.name)
  if (failures.length > 0) throw new AggregateError(failures, 'events could not be published')
  await until('every event is settled', async () => (await store.outbox.backlog()).pending === 0, {
    timeoutMs: SETTLE_TIMEOUT_MS,
  })
  const { unroutable, unpublishable } = await store.outbox.backlog()
  if (unroutable + unpublishable > 0) throw new Error(`${unroutable} events are unroutable, ${unpublishable} refused`)
  await until('amqplib has every confirm', () => plain.unconfirmed === 0, { timeoutMs: SETTLE_TIMEOUT_MS })
  await bus.stop()
  await plain.stop()
  await until('every member of the queue is online', () => isWhole(context, vhost, queue), {
    timeoutMs: SETTLE_TIMEOUT_MS,
    everyMs: 250,
  })
  await assertKept('Warren', urls[0] ?? '', queue, warren.ids)
  await assertKept('amqplib', urls[0] ?? '', PLAIN_QUEUE, peer.ids)
  await broker.deleteVhost(vhost.name)
  return gaps
}

class Confirms {
  readonly ids = new Set<string>()
  readonly #atMs: number[] = []

  add(id: string): void {
    this.ids.add(id)
    this.#atMs.push(performance.now())
  }

  longestGapMs(fromMs: number, untilMs: number): number {
    let last = this.#atMs.findLast((atMs) => atMs <= fromMs) ?? fromMs
    let longest = 0
    for (const atMs of [...this.#atMs.filter((each) => each > fromMs && each < untilMs), untilMs]) {
      longest = Math.max(longest, atMs - last)
      last = atMs
    }
    return longest
  }
}

/** The node that the connection of this name is on. */
async function connectedNode({ broker }: BenchContext, vhost: Vhost, connection: string): Promise<ClusterNode> {
  let found: ClusterNode | undefined
  await until(
    `"${connection}" shows in the management API`,
    async () => {
      const path = `vhosts/${encodeURIComponent(vhost.name)}/connections`
      const connections = await broker.management<{ node: string; user_provided_name?: string }[]>(path)
      const node = connections.find(({ user_provided_name: name }) => name === connection)?.node
      found = broker.nodes.find(({ erlangName }) => erlangName === node)
      return found !== undefined
    },
    { timeoutMs: 30_000, everyMs: 250 },
  )
  if (found === undefined) throw new Error('unreachable: until() would have thrown')
  return found
}

/** The vhost's URLs, that of this node first. */
function urlsFrom(vhost: Vhost, nodes: readonly ClusterNode[], first: ClusterNode): readonly string[] {
  const at = nodes.indexOf(first)
  return [...vhost.amqpUrls.slice(at), ...vhost.amqpUrls.slice(0, at)]
}

/** A queue's leader is on the node that it was declared on. */
async function declareOn(url: string, queue: string): Promise<void> {
  const model = await connectRaw(url)
  await declareOrders(model, queue)
  const channel = await model.createChannel()
  await channel.assertQueue(PLAIN_QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await model.close()
}

async function isWhole({ broker }: BenchContext, vhost: Vhost, queue: string): Promise<boolean> {
  const path = `queues/${encodeURIComponent(vhost.name)}/${encodeURIComponent(queue)}`
  const { members = [], online = [] } = await broker.management<{ members?: string[]; online?: string[] }>(path)
  return members.length === broker.nodes.length && online.length === members.length
}

async function assertKept(who: string, url: string, queue: string, confirmed: ReadonlySet<string>): Promise<void> {
  const model = await connectRaw(url)
  const channel = await model.createChannel()
  const missing = new Set(confirmed)
  await channel.consume(queue, (message) => missing.delete(String(message?.properties.messageId)), { noAck: true })
  await until(`the ${confirmed.size} messages that ${who} has confirms of are in its queue`, () => missing.size === 0, {
    timeoutMs: SETTLE_TIMEOUT_MS,
  })
  await model.close()
}
