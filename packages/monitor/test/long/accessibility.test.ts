import { AxeBuilder } from '@axe-core/playwright'
import { api } from '@warren/cluster/management'
import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openPage } from '../../../../test/support/browser.ts'
import { watch } from '../../../bus/test/store/conformance/watches.ts'
import { ids } from '../../../cli/test/support/fill.ts'
import { declare } from '../../../cluster/test/support/queues.ts'
import { startMonitor } from '../../src/index.ts'
import { clustered, emptyStore } from '../support/clustered.ts'
import { opened } from '../support/opened.ts'
import { startProvider } from '../support/provider.ts'

/** A page takes some ten seconds where the machine has other work. */
const TIMEOUT_MS = 600_000

async function violationsOf(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)
}

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it(
    'every page can be read by everybody',
    async () => {
      const { page, url, orders, crm } = await opened(colorScheme)
      await crm.store.subscriptions.pause('order.mail', 'ann')
      await orders.store.watches.save(watch({ name: 'Sale' }), 'ann')
      await orders.store.reconciliation.backfill.request({
        ...{ subscription: 'order.mail', patterns: ['#'], rate: null, requestedBy: 'ann' },
        ...{ range: { fromMs: 0, toMs: 1 }, counted: { names: [], total: 7 } },
      })
      const paths = [
        ...[
          '',
          'subscriptions',
          'subscriptions/order.crm?range=1h',
          'subscriptions/order.mail?since=2025-01-01T00:00:00.000Z',
          'messages',
          'messages?side=received',
          `messages/${ids.sent}`,
        ],
        ...['failures', 'failures?subscription=order.crm', `failures/order.crm/${ids.delivered}`],
        `failures/order.crm/${ids.delivered}?edit=true`,
        ...['events', 'events/order.payment.onPaid', 'activity', 'watches', 'watches?edit=Sale', 'watches/Sale'],
      ]
      for (const path of paths) {
        await page.goto(`${url}/${path}`)
        await page.locator('main table, main pre').first().waitFor()
        // Charts are tables as well, when they are opened.
        for (const summary of await page.locator('main summary').all()) await summary.click()
        expect([path, await violationsOf(page)]).toEqual([path, []])
      }
    },
    TIMEOUT_MS,
  )

  it(
    'so can the pages of a cluster',
    async () => {
      const { vhost, client, named } = await clustered()
      await client.put(api`exchanges/${vhost}/${'ex.order.topic'}`, { type: 'topic', durable: true })
      await declare(client, vhost, 'qu.order.crm', { arguments: { 'x-queue-type': 'quorum' } })
      await client.post(api`bindings/${vhost}/e/${'ex.order.topic'}/q/${'qu.order.crm'}`, { routing_key: 'order.#' })
      await client.put(api`policies/${vhost}/${'short'}`, { pattern: '^qu', definition: { expires: 3_600_000 } })
      const monitor = await startMonitor({ stores: [await emptyStore()], clusters: [named], port: 0 })
      onTestFinished(() => monitor.stop())
      const page = await openPage({ colorScheme })
      await page.goto(monitor.bootstrapUrl ?? '')
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByRole('heading', { name: 'Overview' }).waitFor()
      const paths = [
        '',
        '/main/queues/qu.order.crm',
        '/main/graph',
        '/main/policies',
        '/main/connections',
        '/main/definitions',
      ]
      for (const path of paths) {
        await page.goto(`${monitor.url}/cluster${path}`)
        // The graph and definitions have something to be read before they have a table.
        await page.locator('main table, main svg.graph, main input[type=file], main form + p').first().waitFor()
        expect([path, await violationsOf(page)]).toEqual([path, []])
      }
    },
    TIMEOUT_MS,
  )

  it(
    'so can what opens on them',
    async () => {
      const { page, url, crm } = await opened(colorScheme)
      const { id } = await crm.store.bulk.begin({
        action: 'retry',
        filter: { fingerprint: 'none' },
        requestedBy: 'ann',
      })
      await crm.store.bulk.fail(id, 'somebody pulled the plug')
      await crm.store.failures.retry({ subscription: 'order.crm' }, 'ann')
      const shown = async (): Promise<readonly string[]> => {
        const violations = await violationsOf(page)
        await page.keyboard.press('Escape')
        return violations
      }
      await page.goto(`${url}/failures`)
      await page.getByText('somebody pulled the plug').waitFor()
      expect(await shown()).toEqual([])
      await page.getByRole('button', { name: 'Discard' }).first().click()
      await page.getByRole('dialog').waitFor()
      expect(await shown()).toEqual([])
      await page.goto(`${url}/subscriptions/order.crm`)
      for (const name of ['Pause', 'Retire']) {
        await page.getByRole('button', { name }).click()
        await page.getByRole('dialog').waitFor()
        expect([name, await shown()]).toEqual([name, []])
      }
      await page.goto(`${url}/activity?actor=ann`)
      await page.getByRole('link', { name: '3 messages' }).click()
      await page.getByRole('link', { name: 'All activity' }).waitFor()
      expect(await shown()).toEqual([])
    },
    TIMEOUT_MS,
  )

  it('so can the login, and the pages in another language', async () => {
    const { login } = await startProvider()
    const monitor = await startMonitor({ stores: [], port: 0, login: { oidc: login } })
    onTestFinished(() => monitor.stop())
    const page = await openPage({ colorScheme })
    await page.goto(monitor.bootstrapUrl ?? '')
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    await page.getByRole('link', { name: /^Log in with localhost/ }).waitFor()
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('combobox', { name: 'Language' }).selectOption('zh-TW')
    await page.getByText('還沒有任何訂閱宣告自己').waitFor()
    await expect(page.locator('html').getAttribute('lang')).resolves.toBe('zh-TW')
    expect(await violationsOf(page)).toEqual([])
  })
})
