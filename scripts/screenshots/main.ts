/**
 * `npm run screenshots [-- --out FOLDER]`: every page in both themes and both languages, and at a phone's width, over the
 * example's shop while orders come in and a few things have gone wrong.
 */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
import { openPage } from '../../examples/shop/demo/page.ts'
import { openShop } from '../../examples/shop/demo/shop.ts'
import { settings } from '../../examples/shop/prove/settings.ts'
import { Stage } from '../../examples/shop/prove/stage.ts'
import { openStore } from '../../examples/shop/services/store.ts'
import { MIRRORED, Trouble } from '../../examples/shop/trouble/trouble.ts'
import { chromiumArgs, findChromium } from '../setup/chromium.ts'

const WATCH = 'Black Friday'
/** So that charts have something to show. */
const BEFORE_MS = 90_000

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const { values } = parseArgs({
  options: { out: { type: 'string' }, help: { type: 'boolean', default: false } },
})
if (values.help) {
  process.stdout.write('npm run screenshots [-- --out FOLDER]   (default: .warren/screenshots)\n')
  process.exit()
}
const out = resolve(values.out ?? join(import.meta.dirname, '../../.warren/screenshots'))
await mkdir(out, { recursive: true })

{
  await using opened = new AsyncDisposableStack()
  const shop = opened.use(
    await openShop(
      {
        ...{
          store: 'sqlite',
          nodes: 3,
          failPercent: 2,
          holdMs: 0,
          sabotage: null,
          databaseUrl: '',
          endpoints: undefined,
        },
        ...{ isWatched: true, isBulk: true, reconcile: settings },
      },
      say,
      new AbortController().signal,
    ),
  )
  const { cluster } = shop.broker
  if (cluster === null) throw new Error('the shop has a cluster of its own')
  const stage = await Stage.open(shop)
  opened.defer(() => stage.close())
  const trouble = new Trouble(stage, cluster)
  const page = opened.use(await openPage(shop, 0))

  const ended = new AbortController()
  const orders = (async () => {
    for (let round = 0; !ended.signal.aborted; round++) {
      await stage.place(4, (['created', 'paid', 'delivered'] as const)[round % 3] ?? 'paid')
      if (round % 5 === 0) await stage.changePrices(1)
      await delay(500)
    }
  })()
  opened.defer(async () => {
    ended.abort()
    await orders
  })

  const store = openStore(shop.databases.urls.orders)
  await store.start()
  const fromMs = Math.floor(Date.now() / 3_600_000) * 3_600_000
  await store.watches.save(
    {
      ...{ name: WATCH, patterns: ['order.#.onPaid'], entityIds: [], fromMs, toMs: fromMs + 4 * 86_400_000 },
      ...{ alarm: { maxMissing: 0, maxParked: 0, maxUnhandledMs: 600_000 }, compensation: 'auto' },
    },
    'rabbitmq:anna',
  )
  say(`orders come in for ${BEFORE_MS / 1_000} s`)
  await delay(BEFORE_MS)
  const parked = [
    await trouble.sendNonsense('o-7'),
    await trouble.sendNonsense('o-8'),
    await trouble.sendNonsense('o-9'),
  ]
  if (cluster.version.startsWith('3.')) await trouble.mirrorLate(500)
  const crm = openStore(shop.databases.urls.crm)
  await crm.start()
  await stage.until('the nonsense is parked', async () => {
    const failures = await Promise.all(parked.map((messageId) => crm.failures.list({ messageId, state: 'parked' })))
    return failures.every(({ length }) => length > 0)
  })
  const { rows: retried } = await crm.query<{ message_id: string }>(
    `select a.message_id from warren_inbox_attempt a join warren_inbox i using (message_id, subscription)
     where i.status = 'handled' order by a.message_id desc limit 1`,
  )
  await crm.stop()
  const [sent] = await store.messages.sent({ name: 'order.payment.onPaid', limit: 1 })
  await store.stop()

  const queue = cluster.version.startsWith('3.') ? MIRRORED : 'qu.order.crm'
  const name = encodeURIComponent(cluster.name)
  const pages = {
    overview: '',
    subscriptions: 'subscriptions',
    subscription: 'subscriptions/order.crm',
    messages: 'messages',
    received: 'messages?side=received',
    message: `messages/${sent?.id ?? ''}`,
    timeline: `messages/${retried[0]?.message_id ?? ''}`,
    failures: 'failures',
    failure: `failures/order.crm/${parked[0] ?? ''}`,
    edit: `failures/order.crm/${parked[0] ?? ''}?edit=true`,
    events: 'events',
    event: 'events/order.viporder.payment.onPaid',
    cluster: 'cluster',
    queue: `cluster/${name}/queues/${queue}`,
    graph: `cluster/${name}/graph`,
    policies: `cluster/${name}/policies`,
    connections: `cluster/${name}/connections`,
    definitions: `cluster/${name}/definitions`,
    watches: 'watches',
    watch: `watches/${encodeURIComponent(WATCH)}`,
    activity: 'activity',
  }
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('there is no Chromium; say where one is with WARREN_CHROMIUM')
  const browser = await chromium.launch({ executablePath, args: [...chromiumArgs] })
  opened.defer(() => browser.close())
  for (const locale of ['en-GB', 'zh-TW']) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await shoot(browser, page.url, pages, `${colorScheme}-${locale.slice(0, 2)}`, { locale, colorScheme })
    }
  }
  await shoot(browser, page.url, pages, 'phone', { viewport: { width: 390, height: 844 } })
}
say(`screenshots are in ${out}`)
process.exit()

async function shoot(
  browser: Browser,
  url: string,
  pages: Readonly<Record<string, string>>,
  suffix: string,
  look: Parameters<Browser['newContext']>[0],
): Promise<void> {
  const context = await browser.newContext({
    ...{ viewport: { width: 1280, height: 860 }, timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' },
    ...look,
  })
  const page = await context.newPage()
  await page.goto(url)
  await page.locator('main form button, form button').last().waitFor()
  await page.screenshot({ path: join(out, `login-${suffix}.png`) })
  await page.locator('form button[type=submit]').last().click()
  await page.locator('main h1').waitFor()
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(new URL(`/${path}`, url).href)
    await page.locator('main :is(table, pre, svg, form, section):visible').first().waitFor()
    // Until all parts have been read.
    await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => undefined)
    await page.screenshot({ path: join(out, `${name}-${suffix}.png`), fullPage: true })
  }
  await context.close()
  say(`${suffix}: ${Object.keys(pages).length} pages`)
}
