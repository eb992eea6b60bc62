import { brokerNames, catalog, createBus, entity, isWarrenError, Signal } from '@warren/bus'
import type { Logger, Store } from '@warren/bus'
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
const names = brokerNames()
const queue = names.subscriptionQueue('order.crm')
const deadQueue = names.deadQueue('order.crm')
const exchanges = [
  names.eventsExchange,
  names.eventExchange('order'),
  names.directExchange,
  names.deadLetterExchange,
] as const
/** Everything that the services of the page touch. */
const objects = [...exchanges, queue, deadQueue]

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
  readonly #store: Store
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
    this.#store = sqliteStore({ path: join(folder, 'store.db') })
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
    for (const name of [queue, deadQueue]) await this.#delete(`queues/${this.#vhost}/${name}`)
    for (const name of exchanges) await this.#delete(`exchanges/${this.#vhost}/${name}`)
  }

  /** Whether a service in this role, with these permissions, does all that it has to do. */
  async works(role: Role, permissions: Permissions): Promise<boolean> {
    await this.#put(`permissions/${this.#vhost}/${this.#user}`, permissions)
    const refused = new Signal()
    const logger = listeningFor(/ACCESS_REFUSED/, () => refused.emit())
    const bus = createBus({
      service: 'restricted',
      catalog: shop,
      store: this.#store,
      endpoints: [this.#endpoint],
      logger,
      relay: role === 'publisher',
      // What it needs comes on top, and is told in words.
      reconcile: false,
    })
    const isRefused = refused.next().then(() => false)
    try {
      if (role === 'subscriber') await bus.subscribe('order.crm', ['order.#'], () => undefined)
      if (role === 'spanning subscriber') await bus.subscribe('order.crm', ['#.onPaid'], () => undefined)
      await bus.start()
      if (role === 'publisher') {
        const relayed = bus.signals.relayed.next()
        await bus.publish('order.payment.onPaid', { orderId: '1' })
        // Nobody is bound: the event comes back, so it has been taken.
        return (await relayed).outcome.kind === 'returned'
      }
      const received = bus.signals.received.next().then(() => true)
      await this.#send(
        role === 'subscriber' ? names.eventExchange('order') : names.eventsExchange,
        'order.payment.onPaid',
      )
      await this.#send(names.deadLetterExchange, queue)
      return (await Promise.race([isRefused, received])) && (await Promise.race([isRefused, this.#parked()]))
    } catch (error) {
      if (isWarrenError(error, 'TOPOLOGY_REFUSED')) return false
      throw error
    } finally {
      await bus.stop()
    }
  }

  /** Resolves when the dead letter that was sent has become a parked row, which it then removes. */
  async #parked(): Promise<true> {
    while ((await this.#store.failures.discard({ subscription: 'order.crm', state: 'parked' }, 'test')) === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return true
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

/** Calls back for every warning and error that speaks of this. */
function listeningFor(text: RegExp, heard: () => void): Logger {
  const listen = ({ error }: { readonly error?: unknown }): void => {
    if (error instanceof Error ? text.test(error.message) : typeof error === 'string' && text.test(error)) heard()
  }
  return { debug: () => undefined, info: () => undefined, warn: listen, error: listen }
}
