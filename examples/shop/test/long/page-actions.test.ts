import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { openPage } from '../../../../test/support/browser.ts'
import { openPage as startPage } from '../../demo/page.ts'
import { openShop } from '../../demo/shop.ts'
import type { Shop } from '../../demo/shop.ts'
import { settings } from '../../prove/settings.ts'
import { Stage } from '../../prove/stage.ts'
import { MIRRORED, Trouble } from '../../trouble/trouble.ts'

/** The promise is 5 s on a machine that is not busy: the times are printed, and a shared machine is given more. */
const PATIENCE = { timeout: 60_000 }

describe('the page over the real shop', () => {
  let shop: Shop
  let stage: Stage
  let trouble: Trouble
  let url: string

  beforeAll(async () => {
    process.env['WARREN_HOME'] = inject('warrenRun').home
    const opened = new AsyncDisposableStack()
    const options = { store: 'sqlite', nodes: 3, failPercent: 0, holdMs: 0, sabotage: null, databaseUrl: '' } as const
    shop = opened.use(
      await openShop(
        { ...options, endpoints: undefined, isWatched: true, isBulk: true, reconcile: settings },
        () => undefined,
        new AbortController().signal,
      ),
    )
    stage = await Stage.open(shop)
    opened.defer(() => stage.close())
    if (shop.broker.cluster === null) throw new Error('the shop has a cluster of its own')
    trouble = new Trouble(stage, shop.broker.cluster)
    const page = opened.use(await startPage(shop, 0))
    url = page.url
    await stage.changePrices(5)
    await stage.place(50, 'delivered')
    await stage.proven()
    return () => opened.disposeAsync()
  }, 300_000)

  /** Logged in, on a page that is led to by the navigation. */
  async function on(name: string): Promise<Page> {
    const page = await openPage()
    await page.goto(url)
    await page.getByRole('button', { name: 'Log in' }).click()
    await to(page, name)
    return page
  }

  /** From now until the page shows it, by itself. */
  async function shows(what: string, isShown: () => Promise<unknown>): Promise<void> {
    const startedAtMs = performance.now()
    await isShown()
    process.stdout.write(`shown after ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s: ${what}\n`)
  }

  it('says that everything is proven, and what goes on', async () => {
    const page = await on('Overview')
    await page.getByTestId('verdict').filter({ hasText: 'proven' }).waitFor(PATIENCE)
    const before = await page.getByTestId('verdict').textContent()
    await stage.place(20, 'paid')
    await shows('more events are proven', () =>
      expect.poll(() => page.getByTestId('verdict').textContent(), PATIENCE).not.toBe(before),
    )
  })

  it('shows that a node is killed, and that it is back', async () => {
    const page = await on('Cluster')
    const down = page.getByRole('region', { name: 'Nodes' }).getByText('down')
    const node = trouble.cluster.nodes[2]?.name ?? ''
    await page.getByRole('region', { name: 'Nodes' }).getByText('running').nth(2).waitFor(PATIENCE)
    await trouble.cluster.kill(node)
    await shows('a node is killed', () => down.first().waitFor(PATIENCE))
    await trouble.cluster.start(node)
    await shows('the node runs again', () => down.first().waitFor({ ...PATIENCE, state: 'detached' }))
    await stage.proven()
  }, 240_000)

  it('pauses a subscription, shows what a purge took from it, and that it was sent again', async () => {
    const page = await on('Subscriptions')
    await page.getByRole('link', { name: 'order.crm' }).first().click()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click()
    await shows('a subscription is paused', () => page.getByRole('button', { name: 'Resume' }).waitFor(PATIENCE))
    // Its instance sees it within a second.
    await stage.until('nobody consumes it', () =>
      stage.onChannel(async (channel) => (await channel.checkQueue(stage.queueOf('order.crm'))).consumerCount === 0),
    )
    await stage.place(30, 'created')
    await stage.waits('order.crm', 30)
    await trouble.purge('order.crm')
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Pause' }).waitFor(PATIENCE)
    // Found by two barriers, then resent.
    const recovered = page.getByRole('region', { name: 'Subscriptions' }).getByRole('cell', { name: '30', exact: true })
    await shows('what was purged is found and sent again', () => recovered.waitFor({ timeout: 120_000 }))
    await stage.proven()
  }, 240_000)

  it('shows what is parked; it is retried, then edited and retried', async () => {
    const page = await on('Failures')
    const id = await trouble.sendNonsense('o-1')
    const cause = page.getByRole('row', { name: /order\.crm/ }).first()
    await shows('a message is parked', () => cause.waitFor(PATIENCE))
    await page.goto(`${new URL(url).origin}/failures/order.crm/${id}`)
    await page.getByRole('button', { name: 'Retry', exact: true }).click()
    await shows('it is retried, and parked once more', () => page.getByText('Done for 1.').waitFor(PATIENCE))
    await page.getByRole('link', { name: 'Edit and retry' }).click()
    const payload = { orderId: 'o-1', customerId: 'c-1', productId: 'p-1', quantity: 1, totalCents: 100 }
    await page.getByRole('textbox', { name: 'Payload' }).fill(JSON.stringify(payload))
    await page.getByRole('button', { name: 'Save and retry' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Save and retry' }).click()
    await page.getByRole('dialog').waitFor({ ...PATIENCE, state: 'hidden' })
    await page.goto(`${new URL(url).origin}/messages/${id}`)
    await shows('it is handled as it was edited', () =>
      page.getByRole('row', { name: /^order\.crm handled/ }).waitFor(PATIENCE),
    )
  }, 240_000)

  it('synchronises a mirror that has not caught up', async ({ skip }) => {
    if (!trouble.cluster.version.startsWith('3.')) skip('queues are not mirrored there')
    await trouble.mirrorLate(2_000)
    const page = await on('Cluster')
    const row = page.getByRole('region', { name: 'Queues' }).getByRole('row', { name: new RegExp(MIRRORED) })
    await shows('a mirror has not caught up', () => row.getByText(/has not caught up|behind/i).waitFor(PATIENCE))
    await row.getByRole('link', { name: MIRRORED }).click()
    await page.getByRole('button', { name: /^Synchronise/ }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Synchronise/ })
      .click()
    await shows('the mirror is synchronised', () => page.getByText('synchronised', { exact: true }).waitFor(PATIENCE))
  }, 240_000)

  it('imports definitions after it has shown what they would do', async () => {
    const page = await on('Cluster')
    await page.getByRole('link', { name: 'Definitions' }).first().click()
    const queue = { name: 'qu.imported', durable: true, auto_delete: false, arguments: { 'x-queue-type': 'quorum' } }
    const file = JSON.stringify({ rabbit_version: trouble.cluster.version, queues: [queue] })
    await page
      .getByLabel('File of definitions')
      .setInputFiles({ name: 'definitions.json', mimeType: 'application/json', buffer: Buffer.from(file) })
    await page.getByRole('button', { name: 'Show what it would do' }).first().click()
    await page.getByText('1 would be made, 0 changed').waitFor(PATIENCE)
    await page.getByRole('button', { name: 'Do it' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Do it' }).click()
    await shows('definitions are imported', () => page.getByText('1 made or changed').waitFor(PATIENCE))
    await to(page, 'Cluster')
    await page.getByRole('region', { name: 'Queues' }).getByText('qu.imported').waitFor(PATIENCE)
    await to(page, 'Activity')
    await page
      .getByRole('row', { name: /Import/ })
      .first()
      .waitFor(PATIENCE)
  }, 240_000)
})

function to(page: Page, name: string): Promise<void> {
  return page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click()
}
