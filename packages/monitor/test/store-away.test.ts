import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { shop } from '../../bus/test/support/shop.ts'
import { newId } from '../../bus/src/envelope/uuid.ts'
import { id, ids } from '../../cli/test/support/fill.ts'
import { openPage } from '../../../test/support/browser.ts'
import { startMonitor } from '../src/index.ts'
import { makeApp, secrets } from './support/app.ts'
import { behindProxies } from './support/behind-proxies.ts'

type Row = Readonly<Record<string, unknown>>

interface Reply extends Row {
  readonly next?: string | null
  readonly unreachable?: readonly { readonly store: string; readonly message: string }[]
  readonly error?: { readonly code: string; readonly message: string }
}

const bearer = (role: 'viewer' | 'operator') => ({ authorization: `Bearer ${secrets[role]}` })

async function get(app: FastifyInstance, url: string): Promise<{ readonly status: number; readonly reply: Reply }> {
  const response = await app.inject({ url: `/api/${url}`, headers: bearer('viewer') })
  return { status: response.statusCode, reply: response.json() }
}

async function post(app: FastifyInstance, url: string, payload: object) {
  const response = await app.inject({ method: 'POST', url: `/api/${url}`, headers: bearer('operator'), payload })
  return { status: response.statusCode, reply: response.json<Reply>() }
}

const rowsOf = (reply: Reply): readonly Row[] =>
  ['rows', 'groups', 'events', 'trends'].flatMap((key) => (reply[key] as Row[] | undefined) ?? [])

/** Lists of several stores, by what their rows are from. */
const lists: Readonly<Record<string, 'orders' | 'crm' | 'both' | 'none'>> = {
  'messages/sent': 'orders',
  'messages/sent?name=order.payment.onPaid': 'orders',
  'messages/received': 'crm',
  'messages/received?name=order.payment.onPaid': 'crm',
  'failures/groups': 'crm',
  failures: 'crm',
  'failures?state=parked': 'crm',
  'failures/blocked': 'none',
  subscriptions: 'orders',
  'subscriptions/order.mail/backfills': 'orders',
  activity: 'both',
  'activity/groups': 'both',
  'bulk-actions': 'crm',
}

describe('while a store is away', () => {
  it.each(['crm', 'orders'] as const)(
    'lists hold what the others have, and say that %s is not in them',
    async (label) => {
      const { direct, ...named } = await behindProxies()
      const app = await makeApp({ stores: [named.orders, named.crm], catalog: shop })
      const since = new Date('2025-01-01')
      const backfill = await post(app, 'subscriptions/order.mail/backfills', { since })
      expect(backfill).toMatchObject({ status: 200, reply: { count: 3 } })
      await direct.crm.bulk.begin({ action: 'retry', filter: { subscription: 'order.none' }, requestedBy: 'ann' })
      await direct.crm.failures.retry({ subscription: 'order.mail' }, 'ann')

      const whole = new Map<string, Reply>()
      for (const [url, from] of Object.entries(lists)) {
        const { status, reply } = await get(app, url)
        expect([url, status, reply.unreachable]).toEqual([url, 200, []])
        const stores = [...new Set(rowsOf(reply).map((row) => row['store']))].toSorted()
        expect([url, stores]).toEqual([url, { both: ['crm', 'orders'], none: [] }[from as string] ?? [from]])
        whole.set(url, reply)
      }
      const { proxy } = named[label]
      await proxy.refuse()
      const away = [{ store: label, message: expect.stringContaining('PostgreSQL at 127.0.0.1') as unknown }]
      for (const [url, before] of whole) {
        const { status, reply } = await get(app, url)
        expect([url, status, reply.unreachable]).toEqual([url, 200, away])
        const others = rowsOf(before).filter((row) => row['store'] !== label)
        if (!url.startsWith('bulk')) expect([url, rowsOf(reply)]).toEqual([url, others])
        else expect([url, rowsOf(reply).length]).toEqual([url, others.length])
      }
      // Those are kept for a while: nothing of them was read before.
      expect(await get(app, 'failures/trends')).toMatchObject({ status: 200, reply: { unreachable: away } })
      expect(await get(app, 'events')).toMatchObject({ status: 200, reply: { unreachable: away } })
      expect(await get(app, 'watches')).toMatchObject({ status: 200, reply: { unreachable: away } })
      expect(await get(app, 'overview')).toMatchObject({ status: 200, reply: { unreachable: away } })
      expect(await get(app, 'charts')).toMatchObject({
        ...{ status: 200, reply: { problems: [{ kind: 'store-away', name: label }, { kind: 'no-cluster' }] } },
      })

      await proxy.accept()
      for (const [url, before] of whole) {
        const { reply } = await get(app, url)
        expect([url, reply.unreachable, rowsOf(reply).length]).toEqual([url, [], rowsOf(before).length])
      }
    },
  )

  it('what is asked of it alone, or of all when none answers, is 503 with the reason', async () => {
    const { orders, crm } = await behindProxies()
    const app = await makeApp({ stores: [orders, crm] })
    await crm.proxy.refuse()
    const one = await get(app, 'failures?store=crm')
    expect(one).toMatchObject({ status: 503, reply: { error: { code: 'STORE_UNAVAILABLE' } } })
    expect(one.reply.error?.message).toMatch(/^no store answers: crm does not answer \(PostgreSQL at /)
    await orders.proxy.refuse()
    for (const url of Object.keys(lists)) {
      const { status, reply } = await get(app, url)
      expect([url, status, reply.error?.code]).toEqual([url, 503, 'STORE_UNAVAILABLE'])
      expect(reply.error?.message).toMatch(/^no store answers: orders does not answer \(.*\), crm does not answer \(/)
    }
    expect(await get(app, 'overview')).toMatchObject({ status: 200, reply: { isWell: false, publishers: [] } })
  })

  it('one thing is told as far as it is known, and what only that store may know is 503 instead of 404', async () => {
    const { orders, crm } = await behindProxies()
    const app = await makeApp({ stores: [orders, crm] })
    const none = id(77)
    const unknown = [`messages/${none}`, `failures/order.crm/${none}`, 'subscriptions/x', 'subscriptions/x/charts']
    for (const url of unknown) expect([url, (await get(app, url)).status]).toEqual([url, 404])

    await crm.proxy.refuse()
    const away = [{ store: 'crm' }]
    for (const url of [...unknown, `failures/order.crm/${ids.delivered}`, 'watches/x']) {
      const { status, reply } = await get(app, url)
      expect([url, status, reply.error?.code]).toEqual([url, 503, 'STORE_UNAVAILABLE'])
      expect(reply.error?.message).toMatch(/, as far as is known: crm does not answer \(PostgreSQL at /)
    }
    const message = await get(app, `messages/${ids.delivered}`)
    expect(message).toMatchObject({ status: 200, reply: { published: [{ store: 'orders' }], unreachable: away } })
    const deliveries = message.reply['deliveries'] as readonly Row[]
    // As its publisher knows it; the store of the subscriber was not asked.
    expect(deliveries.find((each) => each['subscription'] === 'order.crm')).toMatchObject({
      state: 'missing',
      store: null,
    })
    expect(await get(app, 'subscriptions/order.crm')).toMatchObject({
      ...{ status: 200, reply: { missing: [{ id: ids.delivered }], inbox: null, unreachable: away } },
    })

    // What the store has that answers can be acted on; what all of them must say is not done by halves.
    const resend = { subscription: 'order.crm', store: 'orders' }
    expect(await post(app, `messages/${ids.delivered}/resend`, resend)).toMatchObject({ reply: { count: 1 } })
    const release = { ids: [ids.unroutable], store: 'orders' }
    expect(await post(app, 'messages/release', release)).toMatchObject({ reply: { count: 1 } })
    expect((await post(app, 'subscriptions/order.crm/pause', {})).status).toBe(503)
    const offer = await app.inject({
      ...{ url: '/api/subscriptions/order.mail/backfills/offer?since=2025-01-01', headers: bearer('operator') },
    })
    expect([offer.statusCode, offer.json<Reply>().error?.message]).toEqual([
      503,
      expect.stringMatching(/^this needs all stores: crm does not answer/) as unknown,
    ])

    await crm.proxy.accept()
    await orders.proxy.refuse()
    const failure = await get(app, `failures/order.crm/${ids.delivered}`)
    expect(failure).toMatchObject({ status: 200, reply: { state: 'retrying', unreachable: [{ store: 'orders' }] } })
    const received = await get(app, `messages/${ids.delivered}`)
    expect(received).toMatchObject({ status: 200, reply: { published: [], unreachable: [{ store: 'orders' }] } })
    expect(await post(app, 'subscriptions/order.crm/pause', { store: 'crm' })).toMatchObject({ reply: { count: 1 } })
    const retry = { store: 'crm', subscription: 'order.crm', id: ids.delivered }
    expect(await post(app, 'failures/retry', retry)).toMatchObject({ reply: { count: 1 } })
    const edit = { payload: '{"orderId":"o-9"}', version: failure.reply['version'] }
    const { version } = (await get(app, `failures/order.crm/${ids.delivered}`)).reply
    expect(await post(app, `failures/order.crm/${ids.delivered}/edit`, { ...edit, version })).toMatchObject({
      ...{ status: 200, reply: { count: 1 } },
    })
  })
})

describe('page by page, a store that is away for a while', () => {
  it('is passed over without a row twice or out of order, and what was passed over is there when the page is read again', async () => {
    const { orders, crm, direct } = await behindProxies()
    const created = Array.from({ length: 60 }, () => newId())
    const events = created.map((each) => ({
      ...{ id: each, name: 'order.payment.onPaid', entityId: 'o', source: 'orders', payload: '{}', headers: {} },
      ...{ isOptional: false, bucket: 1 },
    }))
    // Two services publish.
    for (const [store, isIn] of [
      [direct.orders, 0],
      [direct.crm, 1],
    ] as const) {
      const own = events.filter((_, index) => index % 2 === isIn)
      await store.transaction((tx) => store.outbox.append(tx, own))
    }
    const app = await makeApp({ stores: [orders, crm] })
    const idsOf = (reply: Reply): readonly string[] => rowsOf(reply).map((row) => String(row['id']))
    const all = [...created.toReversed(), ...Object.values(ids).toSorted().toReversed()]
    const pageAt = async (before: string | null) =>
      (await get(app, `messages/sent?limit=10${before === null ? '' : `&before=${before}`}`)).reply

    const seen: string[] = []
    let gap = { from: '', ids: [] as readonly string[] }
    let before: string | null = null
    for (let page = 0; ; page++) {
      if (page === 2) await crm.proxy.refuse()
      if (page === 3) await crm.proxy.accept()
      const reply = await pageAt(before)
      expect(reply.unreachable).toMatchObject(page === 2 ? [{ store: 'crm' }] : [])
      seen.push(...idsOf(reply))
      const next: string | null = reply.next ?? null
      if (page === 2) {
        const from = before ?? ''
        const passedOver = all.filter((each) => each < from && each >= (next ?? '') && !seen.includes(each))
        gap = { from, ids: passedOver }
      }
      if (next === null) break
      before = next
    }
    expect(gap.ids).toHaveLength(10)
    expect(seen).toEqual(all.filter((each) => !gap.ids.includes(each)))
    // The same place again, now that all of them answer.
    const again = await pageAt(gap.from)
    expect(idsOf(again)).toEqual(all.filter((each) => each < gap.from).slice(0, 10))
    expect(idsOf(again)).toContain(gap.ids[0])
  })

  it('goes on where it was in the activity, of which no entry is left out', async () => {
    const { orders, crm, direct } = await behindProxies()
    for (let n = 0; n < 12; n++)
      for (const store of [direct.orders, direct.crm])
        await store.actions.write({
          ...{ actor: 'ann', action: `a-${n}`, subscription: null, messageId: null, details: {} },
        })
    const app = await makeApp({ stores: [orders, crm] })
    const keyOf = (row: Row): string => `${String(row['store'])} ${String(row['id'])}`
    const all = rowsOf((await get(app, 'activity?actor=ann&limit=200')).reply).map(keyOf)
    expect(all.length).toBeGreaterThanOrEqual(24)
    const seen: string[] = []
    let before: string | null = null
    for (let page = 0; ; page++) {
      if (page === 1) await crm.proxy.refuse()
      if (page === 2) await crm.proxy.accept()
      const url = `activity?actor=ann&limit=5${before === null ? '' : `&before=${before}`}`
      const { reply } = (await get(app, url)) as { reply: Reply }
      seen.push(...rowsOf(reply).map(keyOf))
      if (reply.next == null) break
      before = reply.next
    }
    expect(seen.toSorted()).toEqual(all.toSorted())
  })
})

it('a store that is silent is waited for once, and told of soon from then on until it answers', async () => {
  const silenceMs = 4_000
  const { orders, crm } = await behindProxies(silenceMs)
  const app = await makeApp({ stores: [orders, crm] })
  const timed = async () => {
    const beganMs = performance.now()
    const { status, reply } = await get(app, 'subscriptions')
    return { status, away: reply.unreachable?.map(({ store }) => store), tookMs: performance.now() - beganMs }
  }
  expect(await timed()).toMatchObject({ status: 200, away: [] })
  crm.proxy.freeze()
  onTestFinished(() => crm.proxy.restore())
  const [first, second, third] = [await timed(), await timed(), await timed()]
  expect([first, second, third].map(({ away }) => away)).toEqual([['crm'], ['crm'], ['crm']])
  expect(first.tookMs).toBeGreaterThan(silenceMs - 100)
  expect(Math.max(second.tookMs, third.tookMs)).toBeLessThan(silenceMs - 500)
  crm.proxy.restore()
  await expect.poll(timed, { timeout: 30_000, interval: 200 }).toMatchObject({ away: [] })
})

it('a reader sees that a store is not in a list, in either language, and its rows again by themselves', async () => {
  const { orders, crm } = await behindProxies()
  const monitor = await startMonitor({ stores: [orders, crm], port: 0 })
  onTestFinished(() => monitor.stop())
  const page = await openPage()
  await page.goto(monitor.bootstrapUrl ?? '')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Failures' }).click()
  const cause = page.getByRole('link', { name: /no customer/ })
  await cause.waitFor()

  await crm.proxy.refuse()
  const note = page.getByText('crm cannot be reached; what it holds is not shown.')
  await note.waitFor()
  await cause.waitFor({ state: 'detached' })
  expect(await note.count()).toBe(1)
  // That would be said of what nobody has looked at.
  expect(await page.getByText('No handler has failed').count()).toBe(0)
  await page.getByRole('combobox', { name: 'Language' }).selectOption('zh-TW')
  await page.getByText('無法連線到資料庫 crm,其中的資料未顯示。').waitFor()
  await page.getByRole('combobox', { name: '語言' }).selectOption('en')
  await page.goto(`${monitor.url}/messages/${ids.delivered}`)
  await note.waitFor()
  await page.getByRole('row', { name: /^order\.crm missing/ }).waitFor()
  await page.goto(`${monitor.url}/failures/order.crm/${ids.delivered}`)
  await page.getByText(/perhaps it is handled by now, as far as is known: crm does not answer/).waitFor()

  await page.goto(`${monitor.url}/failures`)
  await note.waitFor()
  await crm.proxy.accept()
  await cause.waitFor()
  await note.waitFor({ state: 'detached' })
})
