import { once } from 'node:events'
import { Chaos } from './chaos.ts'
import { settings } from '../prove/settings.ts'
import { readCounts } from './counts.ts'
import { Driver } from './driver.ts'
import type { DemoOptions } from './options.ts'
import { openPage } from './page.ts'
import { untilQuiet } from './quiet.ts'
import type { Report } from './report.ts'
import type { Screen } from './screen.ts'
import { openShop } from './shop.ts'
import type { Shop } from './shop.ts'
import { readTruth } from './truth.ts'
import { watch } from './watch.ts'

/**
 * One demo, from the first node to the truth. What it started is gone when it settles, unless it is to be kept. Rejects
 * when `signal` interrupts it, and when the shop cannot be started or does not answer.
 */
export async function runDemo(options: DemoOptions, screen: Screen, signal: AbortSignal): Promise<Report> {
  const startedAtMs = performance.now()
  const say = (line: string): void => screen.say(line)
  const { pagePort } = options
  // Whoever looks sees events proven within seconds, and not after half a minute.
  const isWatched = pagePort !== null && (options.endpoints ?? '') === ''
  const reconcile = pagePort === null ? {} : { reconcile: settings }
  await using shop = await openShop({ ...options, isWatched, ...reconcile }, say, signal)
  await using page = pagePort === null ? null : await openPage(shop, pagePort)
  if (page !== null) say(`page: ${page.url}`)

  const count = options.orders
  const driver = new Driver({ ...options, orders: shop.service('orders'), products: shop.service('products'), count })
  const chaos = new Chaos({
    cluster: options.isNodeKilled ? shop.broker.cluster : null,
    areServicesRestarted: options.areServicesRestarted,
    services: shop.services,
    victims: options.victims,
    progress: () => driver.progress,
    runS: count / options.rate,
    seed: options.seed,
    onEvent: say,
  })

  const working = new AbortController()
  const watching = watch({ shop, driver, chaos, toPlace: count }, screen, AbortSignal.any([working.signal, signal]))
  try {
    await Promise.race([live(shop, driver, chaos), rejectOn(signal)])
    if (options.isStaying) await stay(say, signal)
  } finally {
    working.abort()
    await watching
  }

  await stopServices(shop)
  const truth = await readTruth(shop.readers)
  if (options.isKept) await shop.keep()
  return {
    truth,
    rolledBack: driver.rolledBack,
    nodeKills: chaos.nodeKills,
    serviceKills: chaos.serviceKills,
    publishGapMs: chaos.longestGapMs,
    store: options.store,
    seconds: Math.round((performance.now() - startedAtMs) / 100) / 10,
  }
}

/** Orders and kills, then silence. */
async function live(shop: Shop, driver: Driver, chaos: Chaos): Promise<void> {
  await Promise.all([driver.run(), chaos.run()])
  await untilQuiet(() => readCounts(shop.readers))
}

async function stay(say: (line: string) => void, signal: AbortSignal): Promise<void> {
  say('All orders are placed and handled. The shop stays open: Ctrl+C ends it and counts the truth.')
  if (!signal.aborted) await once(signal, 'abort')
}

/** In order and by SIGTERM, so that what runs is finished: then nobody writes while the truth is read. */
async function stopServices(shop: Shop): Promise<void> {
  for (const service of shop.services) {
    if (!(await service.stop())) throw new Error(`the service "${service.name}" did not end in time on SIGTERM`)
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true })
  })
}
