import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { testVhost } from '../../../../test/support/broker.ts'
import { catalog, createBus, entity } from '../../src/index.ts'
import type { Bus, BusOptions, Sql, Store } from '../../src/index.ts'
import { quickly } from './reconcile.ts'
import { freshDatabase } from './service.ts'
import type { StoreKind } from './service.ts'

const account = z.object({ account: z.string(), step: z.number().default(0) })

/** Accounts are ordered, notices are not. */
export const bank = catalog(
  entity('account', {
    identity: 'account',
    ordered: true,
    events: { 'life.onOpened': account, 'money.onMoved': account, 'life.onClosed': account },
  }),
  entity('notice', { identity: 'notice', events: { 'post.onSent': z.object({ notice: z.string() }) } }),
)

export const opened = 'account.life.onOpened'
export const moved = 'account.money.onMoved'
export const closed = 'account.life.onClosed'

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
