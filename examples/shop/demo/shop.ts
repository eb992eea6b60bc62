import { openHome } from '@warren/cluster/local'
import { join } from 'node:path'
import { serviceNames } from '../services/services.ts'
import type { ServiceName } from '../services/services.ts'
import { openBroker } from './broker.ts'
import type { Broker } from './broker.ts'
import { openDatabases } from './databases.ts'
import type { Databases, StoreChoice } from './databases.ts'
import type { HostSetup } from './host-protocol.ts'
import { addKeptDemo, project } from './kept.ts'
import type { DemoOptions } from './options.ts'
import { openReader } from './reader.ts'
import type { Reader } from './reader.ts'
import { subscriptions } from '../subscriptions.ts'
import { ServiceProcess } from './service-process.ts'

/** All that a demo runs on. */
export interface Shop extends AsyncDisposable {
  readonly broker: Broker
  readonly databases: Databases
  /** Publishers first. */
  readonly services: readonly ServiceProcess[]
  readonly readers: Readonly<Record<ServiceName, Reader>>
  service(name: ServiceName): ServiceProcess
  /** Disposing then leaves the broker and the databases as they are, for `warren` to look at; the services end in any case. */
  keep(): Promise<void>
}

export type ShopOptions = Pick<
  DemoOptions,
  'nodes' | 'endpoints' | 'databaseUrl' | 'failPercent' | 'holdMs' | 'sabotage'
> & {
  readonly store: StoreChoice
  /** The services look at the broker's management API. */
  readonly isWatched?: boolean
} & Pick<HostSetup, 'reconcile' | 'isBulk'>

/** Starts the broker, the databases and the services. Whatever it starts ends with this process, also by SIGKILL. */
export async function openShop(options: ShopOptions, say: (line: string) => void, signal: AbortSignal): Promise<Shop> {
  await using opened = new AsyncDisposableStack()
  let isKept = false

  const home = await openHome({ project, onProgress: say })
  const { nodes, endpoints, databaseUrl, store } = options
  const broker = await openBroker({ home, nodes, endpoints, onProgress: say })
  opened.defer(() => (isKept ? broker.keep() : broker.remove()))
  signal.throwIfAborted()
  const databases = await openDatabases({
    store,
    home,
    folder: broker.folder,
    databaseUrl,
    onProgress: say,
  })
  opened.defer(() => (isKept ? databases.keep() : databases.remove()))
  signal.throwIfAborted()

  const services = serviceNames.map((name) => {
    const setup = {
      name,
      storeUrl: databases.urls[name],
      endpoints: broker.endpoints,
      port: 0,
      failPercent: options.failPercent,
      // What a publisher does has nothing to acknowledge.
      holdMs: isSubscriber(name) ? options.holdMs : 0,
      sabotage: isSubscriber(name) ? options.sabotage : null,
      ...(options.reconcile && { reconcile: options.reconcile }),
      ...(options.isWatched === true && { management: managementUrls(broker) }),
      ...(options.isBulk && { isBulk: options.isBulk }),
    }
    return new ServiceProcess(setup, join(broker.folder, `${name}.log`))
  })
  opened.defer(async () => {
    await Promise.all(services.map((service) => service.kill()))
  })
  say(`shop: starting ${services.length} services, each a process with its own store (${store})`)
  await Promise.all(services.map((service) => service.start()))
  signal.throwIfAborted()

  const readers = forEachService((name) => openReader(databases.urls[name]))
  opened.defer(async () => {
    await Promise.all(Object.values(readers).map((reader) => reader.close()))
  })

  const all = opened.move()
  return {
    broker,
    databases,
    services,
    readers,
    service: (name) => {
      const found = services.find((service) => service.name === name)
      if (found === undefined) throw new Error(`there is no service "${name}"`)
      return found
    },
    keep: async () => {
      const { endpoints, cluster } = broker
      const { server, urls } = databases
      await addKeptDemo({ home, cluster: cluster?.name ?? null, server, endpoints, stores: urls })
      isKept = true
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

function managementUrls({ cluster }: Broker): readonly string[] {
  if (cluster === null) throw new Error('the services can watch a cluster of their own alone')
  const { username, password } = cluster.credentials
  return cluster.nodes.map(({ managementUrl }) => Object.assign(new URL(managementUrl), { username, password }).href)
}

function isSubscriber(name: ServiceName): boolean {
  return Object.hasOwn(subscriptions, name)
}

export function forEachService<Value>(valueOf: (name: ServiceName) => Value): Readonly<Record<ServiceName, Value>> {
  return Object.fromEntries(serviceNames.map((name) => [name, valueOf(name)])) as Record<ServiceName, Value>
}
