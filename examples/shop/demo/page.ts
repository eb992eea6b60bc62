import { startMonitor } from '@warren/monitor'
import { shop as catalog } from '../catalog.ts'
import { openStore } from '../services/store.ts'
import type { Shop } from './shop.ts'

export interface Page extends AsyncDisposable {
  /** A link that logs in. */
  readonly url: string
}

/** The page over all that the shop runs on, in this process. */
export async function openPage(shop: Shop, port: number): Promise<Page> {
  await using opened = new AsyncDisposableStack()
  const stores = await Promise.all(
    Object.entries(shop.databases.urls).map(async ([label, url]) => {
      const store = openStore(url)
      opened.defer(() => store.stop())
      await store.start()
      return { label, store }
    }),
  )
  const { cluster } = shop.broker
  const running = await startMonitor({
    ...{ stores, catalog, port, liveMs: 1_000 },
    clusters:
      cluster === null
        ? []
        : [
            {
              name: cluster.name,
              management: {
                endpoints: cluster.nodes.map(({ managementUrl }) => managementUrl),
                credentials: cluster.credentials,
              },
            },
          ],
  })
  opened.defer(() => running.stop())
  const all = opened.move()
  return { url: running.bootstrapUrl ?? running.url, [Symbol.asyncDispose]: () => all.disposeAsync() }
}
