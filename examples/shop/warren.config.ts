import { defineConfig } from 'warren'
import { shop } from './catalog.ts'
import { readKeptDemos } from './demo/kept.ts'
import { subscriptions } from './subscriptions.ts'

/** For the `warren` command: the shop's events, and the stores and nodes of the last `npm run demo -- --keep`. */
const kept = readKeptDemos().at(-1)

export default defineConfig({
  service: 'orders',
  catalog: shop,
  subscriptions: Object.fromEntries(Object.values(subscriptions).map(({ name, patterns }) => [name, patterns])),
  ...(kept === undefined ? {} : { stores: kept.stores, endpoints: kept.endpoints }),
})
