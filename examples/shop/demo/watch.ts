import { setTimeout as delay } from 'node:timers/promises'
import type { Chaos } from './chaos.ts'
import { readCounts } from './counts.ts'
import type { Driver } from './driver.ts'
import type { Screen } from './screen.ts'
import type { Shop } from './shop.ts'
import { momentOf, ratesBetween } from './snapshot.ts'
import type { Moment } from './snapshot.ts'
import { blockOf, lineOf } from './view.ts'

const LOOK_EVERY_MS = 400
/** Rates are those of the last moments. */
const RATES_OVER_MS = 2_000

export interface Watched {
  readonly shop: Shop
  readonly driver: Driver
  readonly chaos: Chaos
  readonly toPlace: number
}

/** Shows on the screen how the shop does until `signal` says to stop. */
export async function watch(
  { shop, driver, chaos, toPlace }: Watched,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const startedAtMs = performance.now()
  let moments: Moment[] = []
  while (!signal.aborted) {
    const counts = await readCounts(shop.readers)
    const now = momentOf(performance.now(), counts)
    moments = [...moments.filter(({ atMs }) => now.atMs - atMs < RATES_OVER_MS), now]
    const snapshot = {
      elapsedS: (now.atMs - startedAtMs) / 1000,
      placed: driver.placed,
      toPlace,
      rolledBack: driver.rolledBack,
      counts,
      ...ratesBetween(moments[0] ?? now, now),
      failures: shop.services.reduce((sum, { failures }) => sum + failures, 0),
      nodes: (await shop.broker.cluster?.status())?.nodes ?? [],
      services: shop.services,
      nodeKills: chaos.nodeKills,
      serviceKills: chaos.serviceKills,
    }
    screen.show(
      () => blockOf(snapshot),
      () => lineOf(snapshot),
    )
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
  screen.leave()
}
