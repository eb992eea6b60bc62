import { describe, expect, it } from 'vitest'
import { storeKinds } from '../../bus/test/support/service.ts'
import { makeApp, secrets } from './support/app.ts'
import { filled } from './support/filled.ts'

/** What would be more than a text in SQL, in a path, in a pattern, or in a header. */
const hostile = [
  "' or '1'='1",
  "'; drop table warren_inbox; --",
  '" or ""="',
  '$1) or (1=1',
  '%',
  '_',
  '*',
  '\\',
  '../../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  'a\u0000b',
  'a\r\nset-cookie: x=y',
  '[]',
  '{"$gt":""}',
  '\ud800',
]

interface Reference {
  readonly paths: Readonly<
    Record<
      string,
      { readonly get?: { readonly parameters?: readonly { readonly in: string; readonly name: string }[] } }
    >
  >
}

describe.each(storeKinds)('filters over a %s store', (kind) => {
  it('take whatever comes as a text: nothing is found by it, nothing fails, and nothing is changed', async () => {
    const stores = await filled(kind)
    const app = await makeApp({ stores })
    const headers = { authorization: `Bearer ${secrets.viewer}` }
    let tried = 0
    // From many addresses: so many questions are not taken from one.
    const read = (url: string) => app.inject({ url, headers, remoteAddress: `127.0.0.${1 + (tried % 200)}` })
    const before = await read('/api/messages/sent')
    const reference = (await read('/api/openapi.json')).json<Reference>()
    for (const [path, { get }] of Object.entries(reference.paths)) {
      if (get === undefined || path === '/api/live') continue
      const base = path.replaceAll(/\{\w+\}/g, 'x')
      for (const { in: where, name } of get.parameters ?? []) {
        for (const value of hostile) {
          const sent = encodeURIComponent(value.toWellFormed())
          const url = where === 'query' ? `${base}?${name}=${sent}` : path.replaceAll(/\{\w+\}/g, sent)
          const { statusCode, body, headers: answered } = await read(url)
          expect([200, 400, 404], `${url}: ${statusCode} ${body.slice(0, 300)}`).toContain(statusCode)
          expect(answered['set-cookie'], url).toBeUndefined()
          // A pattern is what that one is for.
          if (statusCode === 200 && path !== '/api/events/match') expect(foundIn(JSON.parse(body)), url).toBe(0)
          tried++
        }
      }
    }
    expect(tried).toBeGreaterThan(300)
    expect((await read('/api/messages/sent')).json()).toEqual(before.json())
  })
})

/** How many rows a reply lists. */
function foundIn(reply: unknown): number {
  const lists = Object.values(reply as Record<string, unknown>).filter((value) => Array.isArray(value))
  return lists.reduce((total, list) => total + list.length, 0)
}
