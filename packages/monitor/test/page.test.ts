import type { Page } from 'playwright-core'
import { describe, it, onTestFinished } from 'vitest'
import { openPage } from '../../../test/support/browser.ts'
import { rawChannel } from '../../bus/test/support/raw.ts'
import { quickly } from '../../bus/test/support/reconcile.ts'
import { eventually, freshDatabase, makeService } from '../../bus/test/support/service.ts'
import { startMonitor } from '../src/index.ts'
import type { RunningMonitor, StartOptions } from '../src/index.ts'

const paid = 'order.payment.onPaid'

async function started(options: StartOptions): Promise<RunningMonitor> {
  const monitor = await startMonitor({ port: 0, liveMs: 200, ...options })
  onTestFinished(() => monitor.stop())
  return monitor
}

async function logIn(page: Page, { bootstrapUrl }: RunningMonitor): Promise<void> {
  await page.goto(bootstrapUrl ?? '')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
}

/** A publisher that finds and tells what is missing, and one subscriber that can be stopped and started again. */
async function makeShop() {
  const shop = await makeService({ reconcile: { ...quickly, compensation: 'report' } })
  await shop.bus.start()
  const database = await freshDatabase('sqlite')
  const startCrm = async () => {
    const store = database.open()
    const crm = await makeService({ service: 'crm', store, endpoints: shop.endpoints, reconcile: quickly })
    await crm.bus.subscribe('order.crm', ['order.#'], () => undefined, { timeoutMs: 500 })
    await crm.bus.start()
    return crm
  }
  return { shop, startCrm }
}

describe('the overview', () => {
  it('says that all is proven, then that an event is missing, and again that all is proven', async () => {
    const { shop, startCrm } = await makeShop()
    const crm = await startCrm()
    for (let n = 0; n < 3; n++) await shop.bus.publish(paid, { orderId: String(n) })
    const monitor = await started({ stores: [{ label: 'shop', store: shop.store }] })
    const page = await openPage()
    await logIn(page, monitor)
    const verdict = page.getByTestId('verdict')
    const says = (text: RegExp) => eventually(async () => text.test((await verdict.textContent()) ?? ''))
    await says(/^All 3 deliveries of the last 7 days are proven at 1 of 1 subscriptions, up to [\d:]+\.$/)

    await crm.bus.stop()
    await shop.bus.publish(paid, { orderId: 'lost' })
    await eventually(async () => (await shop.store.reconciliation.ledger.oldestUnsentMs()) === null)
    await (await rawChannel(shop.endpoints)).purgeQueue('qu.order.crm')
    await startCrm()
    await says(/^Not everything is delivered\.$/)
    await page.getByText('1 missing at order.crm').waitFor()
    await page.getByRole('row', { name: /^order\.crm missing/ }).waitFor()

    await shop.store.reconciliation.missing.retry({}, 'a person')
    await says(/^All 4 deliveries/)
  })

  it('says that the server is away, and asks for a login when it has begun anew', async () => {
    const { shop } = await makeShop()
    const options = { stores: [{ label: 'shop', store: shop.store }] }
    const first = await started(options)
    const page = await openPage()
    await logIn(page, first)
    await page.getByText('No subscription has announced itself yet').waitFor()
    await first.stop()
    await page.getByText('What is shown is of before').first().waitFor()
    await started({ ...options, port: Number(new URL(first.url).port) })
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
  })
})
