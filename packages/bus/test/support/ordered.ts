import { onTestFinished } from 'vitest'
import { testVhost } from '../../../../test/support/broker.ts'
import { createBus } from '../../src/index.ts'
import type { Bus, BusOptions, Sql, Store } from '../../src/index.ts'
import { bank } from './bank.ts'
import { quickly } from './reconcile.ts'
import { freshDatabase } from './service.ts'
import type { StoreKind } from './service.ts'

export type BankBus = Bus<typeof bank, Sql>

/** As makeService, over the bank. */
export async function makeBank(
  options: Partial<BusOptions<typeof bank, Sql>> & { readonly kind?: StoreKind } = {},
): Promise<{ bus: BankBus; store: Store; endpoints: readonly string[] }> {
  const { kind = 'sqlite', ...rest } = options
  const endpoints = rest.endpoints ?? (await testVhost()).amqpUrls
  const store = rest.store ?? (await freshDatabase(kind)).open()
  const bus = createBus({
    service: 'bank',
    catalog: bank,
    relay: { leaseMs: 2_000 },
    reconcile: quickly,
    ...rest,
    store,
    endpoints,
  })
  onTestFinished(() => bus.stop())
  return { bus, store, endpoints }
}
