import type { NamedStore } from '@warren/bus/operate'
import type { Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { openPage } from '../../../../test/support/browser.ts'
import { shop } from '../../../bus/test/support/shop.ts'
import { startMonitor } from '../../src/index.ts'
import type { MonitorOptions } from '../../src/index.ts'
import { filled } from './filled.ts'

export interface Opened {
  readonly page: Page
  readonly url: string
  readonly orders: NamedStore
  readonly crm: NamedStore
}

/** The page over filled stores, with an operator logged in. */
export async function opened(
  colorScheme: 'light' | 'dark' = 'light',
  options: Partial<MonitorOptions> = {},
): Promise<Opened> {
  const [orders, crm] = await filled('sqlite')
  const monitor = await startMonitor({ stores: [orders, crm], catalog: shop, port: 0, liveMs: 200, ...options })
  onTestFinished(() => monitor.stop())
  const page = await openPage({ colorScheme })
  await page.goto(monitor.bootstrapUrl ?? '')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  return { page, url: monitor.url, orders, crm }
}
