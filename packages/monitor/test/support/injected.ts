import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { openPage } from '../../../../test/support/browser.ts'
import type { RunningMonitor } from '../../src/index.ts'
import { injections } from './injections.ts'

/** PostgreSQL takes no NUL, and so nothing that comes from outside gets into a store with one. */
export const texts: readonly string[] = injections.filter((text) => !text.includes('\u0000'))

/** Those whose own pages are looked at: every tenth, or with WARREN_TEST_INJECTIONS=all each, which takes minutes. */
export const chosen: readonly string[] =
  process.env['WARREN_TEST_INJECTIONS'] === 'all' ? texts : texts.filter((_, index) => index % 10 === 0)

/** In one field: the text in front, where it would break out, and behind it what tells it from that in another. */
export const inField = (text: string, field: string): string => `${text} /*${field}*/`

/** How JSON shows it. */
export const asJson = (text: string): string => JSON.stringify(text).slice(1, -1)

export interface Guarded {
  readonly page: Page
  readonly url: string
  /** Opens a path of the page. Throws unless each of these is there as a text, and nothing is anything else. */
  readonly shows: (path: string, ...expected: readonly string[]) => Promise<void>
  /** The same of the page as it is now: where the test has gone itself. */
  readonly isHarmless: (what: string, ...expected: readonly string[]) => Promise<void>
}

/** The page with an operator logged in, in which nothing may run that came as a text, nor be tried. */
export async function openGuarded({ bootstrapUrl, url }: RunningMonitor): Promise<Guarded> {
  const page = await openPage()
  const tried: string[] = []
  page.on('dialog', (dialog) => {
    tried.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', (error) => tried.push(`error: ${error.message}`))
  // That the policy has refused to run something is an error as well: then it was in the markup.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) tried.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) tried.push(`request: ${request.url()}`)
  })
  page.on('response', (response) => {
    if (response.status() === 500) tried.push(`500: ${response.url()}`)
  })
  page.on('popup', (popup) => tried.push(`popup: ${popup.url()}`))
  await page.goto(bootstrapUrl ?? '')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()

  const isHarmless = async (what: string, ...expected: readonly string[]): Promise<void> => {
    let seen = ''
    const look = async (): Promise<void> => {
      expect([what, tried, await page.evaluate<unknown>(foreign)]).toEqual([what, [], { found: [], origin: url }])
    }
    const missing = async (): Promise<readonly string[]> => {
      if (tried.length > 0) return []
      const text = `${seen} ${await textOf(page)}`
      return expected.filter((each) => !text.includes(flat(each)))
    }
    // What was there stays until the next page has come: the link to the one behind it tells.
    const nextOf = () => page.evaluate<string>(onward)
    for (;;) {
      await expect.poll(() => page.locator('main [aria-busy=true]').count(), { timeout: 30_000 }).toBe(0)
      await look()
      const next = await nextOf()
      if (next === '') break
      seen = `${seen} ${await textOf(page)}`
      await page.getByRole('link', { name: /^(Older|Next)$/ }).click()
      await expect.poll(nextOf, { timeout: 30_000 }).not.toBe(next)
    }
    await expect.poll(missing, { message: what, timeout: 20_000 }).toEqual([])
    // Whatever would run when the pointer comes by.
    await page.mouse.move(400, 300)
    await look()
  }
  const shows = async (path: string, ...expected: readonly string[]): Promise<void> => {
    const response = await page.goto(`${url}/${path}`)
    expect([path, response?.status()]).toEqual([path, 200])
    // What broke is told at once.
    const isThere = async (): Promise<boolean> =>
      tried.length > 0 || (await page.locator('main :is(h1, [role=alert], p)').count()) > 0
    await expect.poll(isThere, { timeout: 30_000 }).toBe(true)
    await isHarmless(path, ...expected)
  }
  return { page, url, shows, isHarmless }
}

const flat = (text: string): string => text.replaceAll(/\s+/g, ' ')

const textOf = async (page: Page): Promise<string> => flat(await page.evaluate<string>('document.body.textContent'))

/** Where the list goes on; empty at its end. */
const onward = `[...document.querySelectorAll('main a')]
  .find(({ textContent }) => /^(Older|Next)$/.test(textContent))?.href ?? ''`

/** Elements and attributes that the page never makes itself: a text has become them, and what has run. */
const foreign = `(() => {
  const strange =
    'body script:not([src^="./assets/"]), body link, body style, body base, body meta, base:not([href="/"]), iframe, ' +
    'object, embed, img, video, audio, source, marquee, math, template, noscript, animate, xss, area, frame'
  const found = [...document.querySelectorAll(strange)].map(({ outerHTML }) => outerHTML)
  for (const element of document.querySelectorAll('*'))
    for (const { name, value } of element.attributes) {
      const isCode = /^on|^srcdoc$|^formaction$/.test(name)
      const isAddress = /^(xlink:)?href$|^src$|^action$|^data$|^background$/.test(name)
      const isOwn = !isAddress || ['http:', 'https:'].includes(new URL(value, document.baseURI).protocol)
      if (isCode || (!isOwn && element.localName !== 'link')) found.push(name + '=' + value)
    }
  if (window.injected !== undefined) found.push('it has run')
  return { found, origin: location.origin }
})()`
