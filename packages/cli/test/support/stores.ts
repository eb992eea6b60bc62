import type { Store } from '@warren/bus'
import { postgresStore } from '@warren/bus/postgres'
import { sqliteStore } from '@warren/bus/sqlite'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testDatabase } from '../../../../test/support/postgres.ts'
import { fillPublisher, fillSubscriber } from './fill.ts'

export type StoreKind = Store['kind']

/** Two places for stores, `orders` and `crm`, with nothing in them. */
export interface StorePlaces {
  readonly urls: { readonly orders: string; readonly crm: string }
  /** What the configuration of the shop takes the URLs from. */
  readonly env: Readonly<Record<string, string>>
  /** Opens a store as a service would, migrations included. */
  readonly open: (name: 'orders' | 'crm') => Promise<Store>
  /** Stops what was opened and removes all. */
  readonly drop: () => Promise<void>
}

export async function storePlaces(kind: StoreKind): Promise<StorePlaces> {
  const opened: Store[] = []
  const { urls, make, drop } = kind === 'sqlite' ? await files() : await schemas()
  return {
    urls,
    env: { ORDERS_STORE: urls.orders, CRM_STORE: urls.crm },
    open: async (name) => {
      const store = make(name)
      opened.push(store)
      await store.start()
      return store
    },
    drop: async () => {
      await Promise.all(opened.map((store) => store.stop()))
      await drop()
    },
  }
}

/** The same, with events and failures in them. */
export async function filledStores(kind: StoreKind): Promise<StorePlaces> {
  const places = await storePlaces(kind)
  await fillSubscriber(await places.open('crm'))
  await fillPublisher(await places.open('orders'))
  return places
}

async function files() {
  const folder = await mkdtemp(join(tmpdir(), 'warren-cli-'))
  const path = (name: string): string => join(folder, `${name}.db`)
  return {
    urls: { orders: `sqlite:${path('orders')}`, crm: `sqlite:${path('crm')}` },
    make: (name: string): Store => sqliteStore({ path: path(name) }),
    drop: () => rm(folder, { recursive: true, force: true }),
  }
}

/** One database, where each service has its own schema. */
async function schemas() {
  const database = await testDatabase()
  const url = (schema: string): string => `${database.url}${database.url.includes('?') ? '&' : '?'}schema=${schema}`
  return {
    urls: { orders: url('orders'), crm: url('crm') },
    make: (schema: string): Store => postgresStore({ connectionString: database.url, schema }),
    drop: () => database.drop(),
  }
}
