import type { Page } from 'playwright-core'
import { expect, it, onTestFinished } from 'vitest'
import { openPage } from '../../../../test/support/browser.ts'
import { testVhost } from '../../../../test/support/broker.ts'
import { eventually, makeService } from '../../../bus/test/support/service.ts'
import { startMonitor } from '../../src/index.ts'

/** The text alternative of a chart: what is drawn, row by row, the newest first; opened once. */
async function rowsOf(page: Page, chart: string): Promise<readonly string[]> {
  const figure = page.getByRole('figure', { name: chart })
  if ((await figure.getByRole('table').count()) === 0) await figure.getByText('As a table').click()
  return (await figure.getByRole('row').allTextContents()).slice(1)
}

const canvasOf = (page: Page) =>
  page.evaluate<string>(`[...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join()`)

it(
  'charts change with what is published, in both themes, and have a link for their time range',
  { timeout: 300_000 },
  async () => {
    const { vhost, amqpUrls, cluster } = await testVhost()
    const shop = await makeService({ endpoints: amqpUrls })
    const crm = await makeService({ service: 'crm', endpoints: amqpUrls })
    await crm.bus.subscribe('order.crm', ['order.#'], () => undefined, { prefetch: 20 })
    await shop.bus.start()
    await crm.bus.start()
    const management = { endpoints: cluster.nodes.map((node) => node.managementUrl), credentials: cluster.credentials }
    const monitor = await startMonitor({
      ...{
        stores: [
          { label: 'shop', store: shop.store },
          { label: 'crm', store: crm.store },
        ],
        port: 0,
      },
      clusters: [{ name: 'main', vhost, management }],
    })
    onTestFinished(() => monitor.stop())
    const page = await openPage()
    await page.goto(monitor.bootstrapUrl ?? '')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'Over time' }).waitFor()
    // Nothing is drawn as nothing: no latency is not a latency of 0.
    const latency = await eventually(async () => {
      const rows = await rowsOf(page, 'Latency')
      return rows.length === 60 && rows
    })
    expect(latency.every((row) => /^[\d:]+–––$/.test(row))).toBe(true)
    const before = await canvasOf(page)

    for (let n = 0; n < 60; n++) await shop.bus.publish('order.payment.onPaid', { orderId: `o-${n}` })
    await eventually(async () => (await rowsOf(page, 'Latency')).some((row) => / m?s.* m?s.* m?s$/.test(row)), 60_000)
    // Sixty events in one bucket of 15 s, or in two: more than Warren's own messages alone.
    const published = (row: string) => Number(/^[\d:]+?\d\d([\d.]+)\/s/.exec(row)?.[1] ?? 0)
    await eventually(async () => (await rowsOf(page, 'Messages per second')).some((row) => published(row) > 1), 120_000)
    const drawn = await canvasOf(page)
    expect(drawn).not.toBe(before)
    await page.getByRole('img', { name: /^Latency\. now: p50 [\d.]+ m?s, p95 [\d.]+ m?s, p99/ }).waitFor()

    await page.getByRole('combobox', { name: 'Colours' }).selectOption('dark')
    await eventually(async () => (await canvasOf(page)) !== drawn)
    await page.getByRole('row', { name: /^order\.crm \d+ \d+ .*qu\.order\.crm$/ }).waitFor()

    await page.getByRole('link', { name: '1 h', exact: true }).click()
    await page.waitForURL(`${monitor.url}/?range=1h`)
    await eventually(async () => (await rowsOf(page, 'Lag')).every((row) => /^\d\d:\d\d(?!:)/.test(row)))
    await page.reload()
    await page.locator('.ranges a.chosen').getByText('1 h', { exact: true }).waitFor()

    await page.goto(`${monitor.url}/subscriptions/order.crm?range=15m`)
    await page
      .getByRole('region', { name: 'Consumers' })
      .getByText(/^127\.0\.0\.1:\d+ ->/)
      .waitFor()
    await page.getByRole('region', { name: 'Consumers' }).getByText('active').waitFor()
    await eventually(async () => (await rowsOf(page, 'Latency')).some((row) => / m?s.* m?s.* m?s$/.test(row)))
    await eventually(async () => (await rowsOf(page, 'Lag')).some((row) => /00$/.test(row)))
  },
)
