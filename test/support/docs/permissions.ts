import { setTimeout as pause } from 'node:timers/promises'
import { type Bus, brokerNames, catalog, createBus, entity, isWarrenError, Signal } from '@warren/bus'
import type { Logger, Sql, Store } from '@warren/bus'
import { sqliteStore } from '@warren/bus/sqlite'
import { isClusterError } from '@warren/cluster/local'
import type { Cluster } from '@warren/cluster/local'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { testVhost } from '../broker.ts'
import { codesIn } from './markdown.ts'
import type { MarkedTable } from './markdown.ts'

const kinds = ['configure', 'write', 'read'] as const
type Kind = (typeof kinds)[number]
export type Permissions = Readonly<Record<Kind, string>>

const shop = catalog(
  entity('order', { identity: 'orderId', events: { 'payment.onPaid': z.object({ orderId: z.string() }) } }),
)
type ShopBus = Bus<typeof shop, Sql>
const names = brokerNames()
const queue = names.subscriptionQueue('order.crm')
const deadQueue = names.deadQueue('order.crm')
const controlQueue = names.controlQueue('orders')
const exchanges = [
  names.eventsExchange,
  names.eventExchange('order'),
  names.directExchange,
  names.deadLetterExchange,
  names.controlExchange,
] as const
const queues = [queue, deadQueue, controlQueue] as const
/** Everything that the services of the page touch. */
const objects = [...exchanges, ...queues]
/** Asks and answers at once. */
const reconcile = { intervalMs: 200, graceMs: 0, clockToleranceMs: 0, announceMs: 200, reportMs: 200, leaseMs: 1_000 }

export function permissionsIn(table: MarkedTable): Permissions {
  const pattern = (kind: Kind): string => codesIn(table.rows.find(([first]) => first === kind)?.[1] ?? '')[0] ?? '^$'
  return { configure: pattern('configure'), write: pattern('write'), read: pattern('read') }
}

/** Each of the permissions with one object less that it grants. */
export function lesser(permissions: Permissions): readonly { kind: Kind; without: string; permissions: Permissions }[] {
  return kinds.flatMap((kind) => {
    const granted = objects.filter((name) => new RegExp(permissions[kind]).test(name))
    return granted.map((without) => {
      const others = granted.filter((name) => name !== without).map((name) => name.replaceAll('.', '\\.'))
      return { kind, without, permissions: { ...permissions, [kind]: `^(${others.join('|')})$` } }
    })
  })
}

export type Role = 'publisher' | 'subscriber' | 'spanning subscriber'

/** A vhost with a user of few rights, and a service that logs in as this user. */
export class RestrictedUser implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #vhost: string
  readonly #endpoint: string
  readonly #user = `restricted-${randomUUID().slice(0, 8)}`
  readonly #endpoints: readonly string[]
  readonly #folder: string
  readonly #drop: () => Promise<void>

  private constructor(vhost: Awaited<ReturnType<typeof testVhost>>, folder: string) {
    this.#cluster = vhost.cluster
    this.#vhost = encodeURIComponent(vhost.vhost)
    this.#drop = vhost.drop
    const url = new URL(vhost.amqpUrls[0] ?? '')
    url.username = this.#user
    url.password = 'secret'
    this.#endpoint = url.href
    this.#folder = folder
    this.#endpoints = vhost.amqpUrls
  }

  static async make(): Promise<RestrictedUser> {
    const user = new RestrictedUser(await testVhost(), await mkdtemp(join(tmpdir(), 'warren-docs-')))
    await user.#put(`users/${user.#user}`, { password: 'secret', tags: '' })
    return user
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#delete(`users/${this.#user}`)
    await this.#drop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Removes everything from the broker, so that the service has to declare it. */
  async clear(): Promise<void> {
    for (const name of queues) await this.#delete(`queues/${this.#vhost}/${name}`)
    for (const name of exchanges) await this.#delete(`exchanges/${this.#vhost}/${name}`)
  }

  /** Whether a service in this role, with these permissions, does all that it has to do. */
  async works(role: Role, permissions: Permissions): Promise<boolean> {
    await this.#put(`permissions/${this.#vhost}/${this.#user}`, permissions)
    const refused = new Signal()
    const isRefused = refused.next().then(() => false as const)
    const logger = listeningFor(/ACCESS_REFUSED/, () => refused.emit())
    const store = sqliteStore({ path: join(this.#folder, `${randomUUID()}.db`) })
    const bus = createBus({
      ...{ service: 'orders', catalog: shop, store, endpoints: [this.#endpoint], logger, reconcile },
      relay: role === 'publisher',
    })
    try {
      if (role === 'subscriber') await bus.subscribe('order.crm', ['order.#'], () => undefined)
      if (role === 'spanning subscriber') await bus.subscribe('order.crm', ['#.onPaid'], () => undefined)
      await bus.start()
      const works = role === 'publisher' ? this.#publishes(bus, store) : this.#receives(bus, role, store)
      // Its patience ends after the user's.
      void works.catch(() => undefined)
      return await Promise.race([isRefused, works])
    } catch (error) {
      if (isWarrenError(error, 'TOPOLOGY_REFUSED')) return false
      throw error
    } finally {
      await bus.stop()
    }
  }

  async #publishes(bus: ShopBus, store: Store): Promise<boolean> {
    const relayed = bus.signals.relayed.next()
    await bus.publish('order.payment.onPaid', { orderId: '1' })
    // Whether anybody is bound yet or not, it has been taken.
    if (!['returned', 'confirmed'].includes((await relayed).outcome.kind)) return false
    // Before the peer, which declares some of it as well.
    await until(async () => (await this.#consumersOf(controlQueue)) > 0)
    await using _peer = await this.#peer(async (peer) => {
      await peer.subscribe('order.peer', ['order.#'], () => undefined)
    })
    return await until(() => isAsked(store, 'order.peer'))
  }

  async #receives(bus: ShopBus, role: 'subscriber' | 'spanning subscriber', store: Store): Promise<true> {
    const received = bus.signals.received.next()
    await this.#send(
      role === 'subscriber' ? names.eventExchange('order') : names.eventsExchange,
      'order.payment.onPaid',
    )
    await this.#send(names.deadLetterExchange, queue)
    await received
    await parked(store)
    await using peer = await this.#peer()
    await peer.bus.publish('order.payment.onPaid', { orderId: '1' })
    return await until(() => isAsked(peer.store, 'order.crm'))
  }

  /** Another service, whose user may do everything. */
  async #peer(prepare?: (bus: ShopBus) => Promise<void>) {
    const store = sqliteStore({ path: join(this.#folder, `${randomUUID()}.db`) })
    const bus = createBus({
      service: 'peer',
      catalog: shop,
      store,
      endpoints: this.#endpoints,
      reconcile,
      logger: silent,
    })
    await prepare?.(bus)
    await bus.start()
    return { bus, store, [Symbol.asyncDispose]: () => bus.stop() }
  }

  async #consumersOf(name: string): Promise<number> {
    const path = `queues/${this.#vhost}/${name}`
    const answer = await this.#cluster.management(path).catch((error: unknown) => {
      if (isClusterError(error, 'MANAGEMENT_NOT_FOUND')) return {}
      throw error
    })
    return (answer as { readonly consumers?: number }).consumers ?? 0
  }

  async #send(exchange: string, key: string): Promise<void> {
    const properties = { message_id: randomUUID(), type: 'order.payment.onPaid', delivery_mode: 2 }
    await this.#cluster.management(`exchanges/${this.#vhost}/${exchange}/publish`, {
      method: 'POST',
      body: { properties, routing_key: key, payload: '{"orderId":"1"}', payload_encoding: 'string' },
    })
  }

  async #put(path: string, body: unknown): Promise<void> {
    await this.#cluster.management(path, { method: 'PUT', body })
  }

  async #delete(path: string): Promise<void> {
    try {
      await this.#cluster.management(path, { method: 'DELETE' })
    } catch (error) {
      if (!isClusterError(error, 'MANAGEMENT_NOT_FOUND')) throw error
    }
  }
}

/** Whether a subscription has answered what this publisher asked. */
async function isAsked({ reconciliation }: Store, subscription: string): Promise<boolean> {
  const [proof] = await reconciliation.proof.list(subscription)
  return proof !== undefined && proof.answered !== null
}

/** Resolves when the dead letter that was sent has become a parked row. */
async function parked({ failures }: Store): Promise<true> {
  return until(async () => (await failures.discard({ subscription: 'order.crm', state: 'parked' }, 'test')) > 0)
}

async function until(isTrue: () => Promise<boolean>): Promise<true> {
  const giveUpAtMs = performance.now() + 30_000
  while (!(await isTrue())) {
    if (performance.now() > giveUpAtMs) throw new Error(`not true within 30 s: ${isTrue.toString()}`)
    await pause(20)
  }
  return true
}

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** Calls back for every warning and error that speaks of this. */
function listeningFor(text: RegExp, heard: () => void): Logger {
  const listen = ({ error }: { readonly error?: unknown }): void => {
    if (error instanceof Error ? text.test(error.message) : typeof error === 'string' && text.test(error)) heard()
  }
  return { debug: () => undefined, info: () => undefined, warn: listen, error: listen }
}
