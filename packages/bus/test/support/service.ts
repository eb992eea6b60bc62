import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { testVhost } from '../../../../test/support/broker.ts'
import { testDatabase } from '../../../../test/support/postgres.ts'
import { createBus } from '../../src/index.ts'
import type { Bus, BusOptions, Sql, Store } from '../../src/index.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import { shop } from './shop.ts'

export type StoreKind = 'sqlite' | 'postgres'
export const storeKinds: readonly StoreKind[] = ['sqlite', 'postgres']

export type ShopBus = Bus<typeof shop, Sql>

export interface FreshDatabase {
  /** A connection string, or the path of an SQLite file. */
  readonly url: string
  /** A store on it; called twice, two stores on one database. */
  open(): Store
}

/** An empty database of this kind. */
export async function freshDatabase(kind: StoreKind): Promise<FreshDatabase> {
  if (kind === 'postgres') {
    const { url } = await testDatabase()
    return { url, open: () => postgresStore({ connectionString: url }) }
  }
  const folder = await mkdtemp(join(tmpdir(), 'warren-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'store.db')
  return { url: path, open: () => sqliteStore({ path }) }
}

/** A bus over a vhost and a database of its own, not started; stopped when the test ends. */
export async function makeService(
  options: Partial<BusOptions<typeof shop, Sql>> & { readonly kind?: StoreKind } = {},
): Promise<{ bus: ShopBus; store: Store; endpoints: readonly string[] }> {
  const { kind = 'sqlite', ...rest } = options
  const endpoints = rest.endpoints ?? (await testVhost()).amqpUrls
  const store = rest.store ?? (await freshDatabase(kind)).open()
  const bus = createBus({ service: 'shop', catalog: shop, relay: { leaseMs: 2_000 }, ...rest, store, endpoints })
  onTestFinished(() => bus.stop())
  return { bus, store, endpoints }
}

/** Polls until `check` gives something other than undefined or false; for states that nothing announces. */
export async function eventually<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 20_000,
): Promise<T> {
  const giveUpAtMs = performance.now() + timeoutMs
  for (;;) {
    const value = await check()
    if (value !== undefined && value !== false) return value
    if (performance.now() > giveUpAtMs) throw new Error(`not true within ${timeoutMs} ms: ${check.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
