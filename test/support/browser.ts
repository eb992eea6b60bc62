import { chromium } from 'playwright-core'
import type { Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { chromiumArgs, findChromium } from '../../scripts/setup/chromium.ts'

export interface PageOptions {
  readonly colorScheme?: 'light' | 'dark'
  readonly locale?: string
  readonly viewport?: { readonly width: number; readonly height: number }
}

/** A page of a Chromium of its own. What the page complains of fails the test when it ends. */
export async function openPage({ colorScheme = 'light', locale = 'en-GB', viewport }: PageOptions = {}): Promise<Page> {
  const executablePath = findChromium()
  if (executablePath === undefined)
    throw new Error('there is no Chromium: install it, or say where one is with WARREN_CHROMIUM')
  const browser = await chromium.launch({ executablePath, args: [...chromiumArgs] })
  const context = await browser.newContext({
    ...{ colorScheme, locale, timezoneId: 'Europe/Berlin' },
    viewport: viewport ?? { width: 1280, height: 860 },
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    // What the server refuses, a test looks for itself.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  onTestFinished(async () => {
    await browser.close()
    if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('\n')}`)
  })
  return page
}
