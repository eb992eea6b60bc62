import { onTestFinished } from 'vitest'
import { testVhost } from '../../../../test/support/broker.ts'
import { createBus } from '../../src/index.ts'
import type { Bus, BusOptions, Sql, Store } from '../../src/index.ts'
import { subscriptionTopology } from '../../src/amqp/names.ts'
import { bank } from './bank.ts'
import { rawChannel } from './raw.ts'
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

/** The queue of `account.ledger` as it was before the subscription was ordered: all instances consume it. */
export async function declareSharedQueue(endpoints: readonly string[]): Promise<void> {
  const channel = await rawChannel(endpoints)
  const { queues } = subscriptionTopology({ name: 'account.ledger', patterns: ['account.#'] })
  for (const { name, arguments: args } of queues) await channel.assertQueue(name, { durable: true, arguments: args })
}
