import { chromium } from 'playwright-core'
import type { BrowserContext } from 'playwright-core'
import { chromiumArgs, findChromium } from '../../scripts/setup/chromium.ts'

/** Since the address was opened. */
export interface Paint {
  /** Until there was something to see. */
  readonly firstMs: number
  /** Until what the page was opened for was there. */
  readonly contentMs: number
}

export interface Visitor {
  /** Opens the address as a new page, and waits for what the selector says. */
  paint(url: string, content: string): Promise<Paint>
}

export interface Browser {
  login(url: string, token: string): Promise<Visitor>
  loginToManagement(
    url: string,
    credentials: { readonly username: string; readonly password: string },
  ): Promise<Visitor>
  close(): Promise<void>
}

/** A Chromium that has seen nothing yet; its cache is kept from page to page, as that of a reader is. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('there is no Chromium')
  const browser = await chromium.launch({ executablePath, args: [...chromiumArgs] })
  return {
    async login(url, token) {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(`${url}#token=${token}`)
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.locator('main h1').waitFor()
      return visitorOf(context)
    },
    async loginToManagement(url, { username, password }) {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(url)
      await page.locator('input[name=username]').fill(username)
      await page.locator('input[name=password]').fill(password)
      await page.locator('input[type=submit]').click()
      await page.locator('#main h1').waitFor()
      return visitorOf(context)
    },
    close: () => browser.close(),
  }
}

function visitorOf(context: BrowserContext): Visitor {
  return {
    async paint(url, content) {
      const page = await context.newPage()
      try {
        const startedAtMs = performance.now()
        await page.goto(url, { waitUntil: 'commit' })
        await page.locator(content).first().waitFor()
        const contentMs = performance.now() - startedAtMs
        const firstMs = await page.evaluate<number>(
          `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN`,
        )
        return { firstMs, contentMs }
      } finally {
        await page.close()
      }
    },
  }
}
