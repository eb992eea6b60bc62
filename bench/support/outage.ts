import { createBus } from '@warren/bus'
import type { Store } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import type { ClusterNode, Vhost } from '@warren/cluster/local'
import { setTimeout as delay } from 'node:timers/promises'
import type { BenchContext } from '../bench.ts'
import { Confirms } from './confirms.ts'
import { OpenLoop } from './open-loop.ts'
import { names, newOrder, ORDER_CREATED, orders } from './orders.ts'
import { PlainPublisher } from './plain-publisher.ts'
import { connectRaw, declareOrders, rawMessage } from './raw.ts'
import { until } from './until.ts'

const RATE = 500
const BEFORE_MS = 1_000
const SETTLE_TIMEOUT_MS = 60_000
const QUEUE = names.subscriptionQueue('bench')
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
  // The broker is on trial, not the database: on a busy machine an event may wait for a connection.
  const store = postgresStore({
    connectionString: await database.create('outage'),
    connectTimeoutMs: SETTLE_TIMEOUT_MS,
  })
  const bus = createBus({ service: 'bench', catalog: orders, store, endpoints: vhost.amqpUrls })
  const warren = new Confirms()
  bus.signals.relayed.on(({ event, outcome }) => {
    if (outcome.kind === 'confirmed') warren.add(event.id)
  })
  await bus.start()
  const struck = await connectedNode(context, vhost, 'bench publish')
  const urls = urlsFrom(vhost, broker.nodes, struck)
  await declareOn((outage.strikesLeader ? urls[0] : urls[1]) ?? '')
  const peer = new Confirms()
  const plain = new PlainPublisher(urls, ({ options }) => peer.add(String(options.messageId)))
  await plain.start()
  const failures: unknown[] = []
  const load = new OpenLoop(RATE, () => {
    bus.publish(ORDER_CREATED, newOrder()).catch((error: unknown) => failures.push(error))
    plain.publish({ ...rawMessage(newOrder()), exchange: '', routingKey: PLAIN_QUEUE })
  })

  try {
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
    if (outage.healAfterMs === null) await outage.heal(struck.name)

    if (failures.length > 0) throw new AggregateError(failures, 'events could not be published')
    await eventually('every event is confirmed', () => warren.ids.size === load.sent)
    await eventually('every event is settled', async () => (await unsettled(store)) === 0)
    await eventually('amqplib has every confirm', () => plain.unconfirmed === 0)
    await eventually('every member of the queue is online', () => isWhole(context, vhost, QUEUE))
    await assertKept('Warren', urls[0] ?? '', QUEUE, warren.ids)
    await assertKept('amqplib', urls[0] ?? '', PLAIN_QUEUE, peer.ids)
    return { warren: warren.longestGapMs(fromMs, untilMs), peer: peer.longestGapMs(fromMs, untilMs) }
  } finally {
    load.stop()
    await plain.stop()
    await bus.stop()
    await broker.deleteVhost(vhost.name)
  }
}

async function unsettled(store: Store): Promise<number> {
  const { pending, unroutable, unpublishable } = await store.outbox.backlog()
  return pending + unroutable + unpublishable
}

function eventually<T>(what: string, look: Parameters<typeof until<T>>[1]): Promise<T> {
  return until(what, look, { timeoutMs: SETTLE_TIMEOUT_MS, everyMs: 250 })
}

/** The node that the connection of this name is on. */
async function connectedNode({ broker }: BenchContext, vhost: Vhost, connection: string): Promise<ClusterNode> {
  const path = `vhosts/${encodeURIComponent(vhost.name)}/connections`
  return eventually(`"${connection}" shows in the management API`, async () => {
    const connections = await broker.management<{ node: string; user_provided_name?: string }[]>(path)
    const node = connections.find(({ user_provided_name: name }) => name === connection)?.node
    return broker.nodes.find(({ erlangName }) => erlangName === node)
  })
}

/** The vhost's URLs, that of this node first. */
function urlsFrom(vhost: Vhost, nodes: readonly ClusterNode[], first: ClusterNode): readonly string[] {
  const at = nodes.indexOf(first)
  return [...vhost.amqpUrls.slice(at), ...vhost.amqpUrls.slice(0, at)]
}

/** A queue's leader is on the node that it was declared on. */
async function declareOn(url: string): Promise<void> {
  const model = await connectRaw(url)
  await declareOrders(model, QUEUE)
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
  await eventually(
    `the ${confirmed.size} messages that ${who} has confirms of are in its queue`,
    () => missing.size === 0,
  )
  await model.close()
}
