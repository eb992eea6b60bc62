import { expect, it, onTestFinished } from 'vitest'
import { openPage } from '../../../test/support/browser.ts'
import { sharedCluster, testVhost } from '../../../test/support/broker.ts'
import { quickly } from '../../bus/test/support/reconcile.ts'
import { shop } from '../../bus/test/support/shop.ts'
import { eventually, makeService } from '../../bus/test/support/service.ts'
import { startMonitor } from '../src/index.ts'

// Its start is no part of any test's time.
await sharedCluster()

it('leads from an entity to who subscribes, as a picture and as a table, with the keyboard', async () => {
  const { vhost, amqpUrls, cluster } = await testVhost()
  const orders = await makeService({ endpoints: amqpUrls, reconcile: quickly })
  await orders.bus.start()
  const crm = await makeService({ service: 'crm', endpoints: amqpUrls, reconcile: quickly })
  await crm.bus.subscribe('order.crm', ['order.payment.#'], () => undefined)
  await crm.bus.subscribe('search', ['product.#'], () => undefined)
  await crm.bus.start()
  // A publisher hears of subscriptions once it has published.
  await orders.bus.publish('order.payment.onPaid', { orderId: 'o-1' })
  await eventually(async () => (await orders.store.reconciliation.registry.list()).length === 2, 60_000)
  const management = { endpoints: cluster.nodes.map((node) => node.managementUrl), credentials: cluster.credentials }
  const monitor = await startMonitor({
    ...{ stores: [{ label: 'orders', store: orders.store }], catalog: shop, port: 0 },
    clusters: [{ name: 'main', vhost, management }],
  })
  onTestFinished(() => monitor.stop())
  const page = await openPage()
  await page.goto(monitor.bootstrapUrl ?? '')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Cluster' }).click()
  await page.getByRole('link', { name: 'Graph' }).click()
  const picture = page.locator('svg.graph')
  await picture.getByRole('link', { name: 'queue qu.order.crm' }).waitFor()
  // Dead letters and resends are Warren's own.
  expect(await picture.locator('.node', { hasText: 'ex.warren' }).count()).toBe(0)
  await page
    .getByRole('row')
    .filter({ hasText: /^ex\.order\.topicqu\.order\.crmorder\.payment\.#$/ })
    .waitFor()
  await page
    .getByRole('row')
    .filter({ hasText: /^qu\.order\.crmorder\.crm$/ })
    .waitFor()

  await page.getByRole('combobox', { name: 'Entity' }).selectOption('order')
  await page.getByRole('button', { name: 'Search' }).click()
  await page.waitForURL(`${monitor.url}/cluster/main/graph?entity=order`)
  await eventually(async () => (await picture.locator('.node', { hasText: 'qu.search' }).count()) === 0)
  await picture.getByRole('link', { name: 'queue qu.order.crm' }).focus()
  // A straight line has no height, and counts as not visible.
  await page.locator('svg .edge.lit').first().waitFor({ state: 'attached' })
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'qu.order.crm' }).waitFor()
  expect(page.url()).toBe(`${monitor.url}/cluster/main/queues/qu.order.crm`)
})
