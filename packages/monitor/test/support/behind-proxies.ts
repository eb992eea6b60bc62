import { postgresStore } from '@warren/bus/postgres'
import type { NamedStore } from '@warren/bus/operate'
import { onTestFinished } from 'vitest'
import { startProxy } from '../../../../test/support/proxy.ts'
import type { TcpProxy } from '../../../../test/support/proxy.ts'
import { fillProof } from '../../../cli/test/support/fill-proof.ts'
import { filledStores } from '../../../cli/test/support/stores.ts'

export interface BehindProxy extends NamedStore {
  readonly proxy: TcpProxy
}

export interface BehindProxies {
  readonly orders: BehindProxy
  readonly crm: BehindProxy
  /** The same stores, whatever becomes of the proxies. */
  readonly direct: { readonly orders: NamedStore['store']; readonly crm: NamedStore['store'] }
}

/** The filled stores of a publisher and a subscriber in PostgreSQL, each of which can be taken away. */
export async function behindProxies(timeoutMs = 10_000): Promise<BehindProxies> {
  const places = await filledStores('postgres')
  onTestFinished(() => places.drop())
  const direct = { orders: await places.open('orders'), crm: await places.open('crm') }
  await fillProof(direct.orders)
  const open = async (label: 'orders' | 'crm'): Promise<BehindProxy> => {
    const url = new URL(places.urls[label])
    url.searchParams.delete('schema')
    const proxy = await startProxy({ port: Number(url.port) })
    onTestFinished(() => proxy.close())
    const store = postgresStore({
      ...{ connectionString: proxy.through(url.href), schema: label },
      ...{ connectTimeoutMs: timeoutMs, responseTimeoutMs: timeoutMs },
    })
    onTestFinished(() => store.stop())
    await store.start()
    return { label, store, proxy }
  }
  return { orders: await open('orders'), crm: await open('crm'), direct }
}
