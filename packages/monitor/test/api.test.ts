import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { versionOf } from '@warren/bus/operate'
import { ORDER_BLOCKED } from '../../bus/src/store/contract/order.ts'
import { newId } from '../../bus/src/envelope/uuid.ts'
import { watch } from '../../bus/test/store/conformance/watches.ts'
import { event } from '../../bus/test/store/fixtures.ts'
import { shop } from '../../bus/test/support/shop.ts'
import { ids } from '../../cli/test/support/fill.ts'
import type { EventRow } from '../src/api/events.ts'
import type { StepRow } from '../src/api/messages.ts'
import { MASKED } from '../src/mask.ts'
import { makeApp, secrets } from './support/app.ts'
import { filled } from './support/filled.ts'

type Json = Readonly<Record<string, unknown>> & { readonly rows?: readonly Readonly<Record<string, unknown>>[] }

const viewer = { authorization: `Bearer ${secrets.viewer}` }
const operator = { authorization: `Bearer ${secrets.operator}` }

async function get(app: FastifyInstance, url: string): Promise<Json> {
  const response = await app.inject({ url: `/api/${url}`, headers: viewer })
  expect([url, response.statusCode]).toEqual([url, 200])
  return response.json()
}

async function post(app: FastifyInstance, url: string, payload: object): Promise<Json> {
  const response = await app.inject({ method: 'POST', url: `/api/${url}`, headers: operator, payload })
  expect([url, response.statusCode]).toEqual([url, 200])
  return response.json()
}

async function stepsOf(app: FastifyInstance, id: string): Promise<readonly StepRow[]> {
  return (await get(app, `messages/${id}`))['timeline'] as readonly StepRow[]
}

/** Asks until there is something: a claim runs out. */
async function until<Row>(ask: () => Promise<readonly Row[]>): Promise<readonly Row[]> {
  for (;;) {
    const rows = await ask()
    if (rows.length > 0) return rows
    await nextMillisecond()
  }
}

/** Of what was done within one, nothing says what was first. */
async function nextMillisecond(): Promise<void> {
  for (const now = Date.now(); Date.now() === now;) await setImmediate()
}

const column = ({ rows = [] }: Json, name: string): readonly unknown[] => rows.map((row) => row[name])

describe.each(['sqlite', 'postgres'] as const)('the API over %s stores', (kind) => {
  it('finds published events page by page, by name, entity and state', async () => {
    const app = await makeApp({ stores: await filled(kind) })
    const first = await get(app, 'messages/sent?limit=2')
    expect([column(first, 'id'), first['next']]).toEqual([[ids.delivered, ids.unpublishable], ids.unpublishable])
    const second = await get(app, `messages/sent?limit=2&before=${ids.unpublishable}`)
    expect(column(second, 'id')).toEqual([ids.unroutable, ids.pending])
    const last = await get(app, `messages/sent?limit=2&before=${ids.pending}`)
    expect([column(last, 'id'), last['next']]).toEqual([[ids.sent], null])
    expect(column(await get(app, 'messages/sent?state=unroutable'), 'id')).toEqual([ids.unroutable])
    expect(column(await get(app, 'messages/sent?name=order.payment.onPaid&entityId=o-1'), 'id')).toEqual([ids.sent])
    // One that stands at two subscriptions is on one page.
    const received = await get(app, 'messages/received?limit=3')
    expect(column(received, 'id')).toEqual([ids.delivered, ids.unpublishable, ids.unroutable])
    const rest = await get(app, `messages/received?limit=1&before=${ids.unroutable}`)
    expect([column(rest, 'subscription').toSorted(), rest['next']]).toEqual([['order.crm', 'order.mail'], null])
  })

  it('tells one message with its delivery matrix, and hides what is to be hidden', async () => {
    const app = await makeApp({ stores: await filled(kind), mask: ['amount'] })
    const message = await get(app, `messages/${ids.sent}`)
    expect(message['published']).toMatchObject([
      { store: 'orders', name: 'order.payment.onPaid', payload: `{"orderId":"o-1","amount":"${MASKED}"}` },
    ])
    const states = (message['deliveries'] as { subscription: string; state: string }[]).map(
      ({ subscription, state }) => [subscription, state],
    )
    expect(states).toEqual([
      ['order.audit', 'no-inbox'],
      ['order.crm', 'handled'],
      ['order.mail', 'parked'],
      ['order.old', 'received'],
      ['product.search', 'not-expected'],
    ])
    const unknown = await app.inject({ url: '/api/messages/0197c2f0-5a1e-7b34-9f00-0000000000ff', headers: viewer })
    expect([unknown.statusCode, unknown.json()]).toMatchObject([404, { error: { code: 'NOT_FOUND' } }])
  })

  it('tells the way of a message step by step: what was tried, what people did, and how it ended', async () => {
    const [orders, crm] = await filled(kind)
    const app = await makeApp({ stores: [orders, crm], mask: ['card'] })
    const { store } = crm
    const claim = (subscription: string) => store.inbox.claimRetries(subscription, { limit: 10, leaseMs: 1 })
    const again = async () => {
      await nextMillisecond()
      const [failure] = await until(() => claim('order.mail'))
      const ran = { beganMs: performance.now() - 40, endedMs: performance.now() }
      await store.transaction((tx) => store.inbox.fail(tx, [{ ...failure!, state: 'retrying', delayMs: 0, ran }]))
    }
    expect(await store.failures.retry({ subscription: 'order.mail' }, 'ann')).toBe(1)
    await again()
    await until(() => claim('order.mail'))
    await again()
    const [failure] = await store.failures.list({ subscription: 'order.mail' })
    const edited = '{"orderId":"o-1","card":"4111"}'
    expect(await store.failures.edit(failure!, { original: failure!.payload, edited }, 'bob')).toBe('edited')
    await until(() => claim('order.mail'))
    await store.transaction((tx) => store.inbox.resolve(tx, 'order.mail', ids.sent))

    const told = await stepsOf(app, ids.sent)
    expect(told.slice(0, 2).map(({ kind, by, at }) => [kind, by, at !== null])).toEqual([
      ['published', 'orders', true],
      ['sent', null, false],
    ])
    const steps = told.filter(({ subscription }) => subscription === 'order.mail')
    expect(steps.map(({ kind, by, attempt, code }) => [kind, by, attempt, code])).toEqual([
      ['received', null, null, null],
      ['parked', null, 5, 'HANDLER_FAILED'],
      ['acted', 'ann', null, 'retry'],
      ['failed', null, 1, 'HANDLER_FAILED'],
      ['lost', null, 2, null],
      ['failed', null, 3, 'HANDLER_FAILED'],
      ['acted', 'bob', null, 'edit'],
      ['handled', null, null, null],
    ])
    const [, parked, , failed, lost] = steps
    expect([parked!.beganAt, parked!.error]).toEqual([null, 'TypeError: no address'])
    expect(Date.parse(failed!.at!) - Date.parse(failed!.beganAt!)).toBeGreaterThanOrEqual(39)
    expect(lost!.at).toBe(lost!.beganAt)
    expect(JSON.stringify(told)).not.toContain('4111')
    const times = steps.map(({ at }) => at)
    expect(times).toEqual(times.toSorted())

    expect(await post(app, `messages/${ids.delivered}/resend`, { subscription: 'order.crm' })).toEqual({ count: 1 })
    const { missing } = orders.store.reconciliation
    const backoff = { backoffMs: 1, maxBackoffMs: 1, requestedOnly: true }
    await until(() => missing.claim('order.crm', { ...backoff, limit: 10, maxAttempts: 3 }))
    await post(app, 'failures/discard', { subscription: 'order.crm', id: ids.delivered })
    const of = async (id: string, subscription: string | null) =>
      (await stepsOf(app, id))
        .filter((each) => each.subscription === subscription)
        .map(({ kind, code }) => (code === null ? kind : `${kind} ${code}`))
    const missed = ['suspected', 'missing removed']
    const own = await of(ids.delivered, 'order.crm')
    const tried = ['received', 'failed HANDLER_FAILED', 'acted resend', 'resent', 'discarded discard']
    expect(own.toSorted()).toEqual([...missed, ...tried].toSorted())
    expect(own.at(-1)).toBe('discarded discard')
    expect(await of(ids.delivered, 'order.old')).toEqual([...missed, 'waived'])
    expect(await post(app, 'messages/release', { ids: [ids.unroutable] })).toEqual({ count: 1 })
    expect(await of(ids.unroutable, null)).toEqual(['published', 'acted retry', 'unsent pending'])
  })

  it('tells what waits for its turn, and what failed before attempts were kept', async () => {
    const [orders, crm] = await filled(kind)
    const app = await makeApp({ stores: [orders, crm] })
    const { store } = crm
    const of = async (subscription: string) =>
      (await stepsOf(app, ids.sent))
        .filter((each) => each.subscription === subscription)
        .map(({ kind, attempt, error }) => [kind, attempt, error])
    const received = ['received', null, null]
    await store.transaction((tx) =>
      tx.query(`delete from ${kind === 'sqlite' ? 'warren_inbox_attempt' : 'crm.inbox_attempt'}`),
    )
    expect(await of('order.mail')).toEqual([received, ['parked', 5, 'TypeError: no address']])
    const error = { code: ORDER_BLOCKED, type: 'WarrenError', message: 'an earlier one', stack: '', fingerprint: 'f' }
    await store.transaction(async (tx) => {
      const [failure] = await store.failures.list({ subscription: 'order.mail' })
      await store.inbox.fail(tx, [{ ...failure!, subscription: 'order.late', state: 'retrying', attempts: 0, error }])
    })
    expect(await of('order.late')).toEqual([received, ['waiting', null, 'WarrenError: an earlier one']])
  })

  it('groups failures, shows one, and lets an operator decide', async () => {
    const [orders, crm] = await filled(kind)
    const app = await makeApp({ stores: [orders, crm] })
    const { groups } = (await get(app, 'failures/groups')) as unknown as { groups: { fingerprint: string }[] }
    expect(groups.map(({ fingerprint }) => fingerprint).toSorted()).toEqual([
      'aaaaaaaaaaaa',
      'bbbbbbbbbbbb',
      'cccccccccccc',
    ])
    const one = await get(app, `failures/order.crm/${ids.delivered}`)
    expect(one).toMatchObject({
      state: 'retrying',
      message: 'the bank \u001b[31mis away',
      payload: '{"orderId":"o-1"}',
    })

    expect(await post(app, 'failures/retry', { subscription: 'order.crm', fingerprint: 'aaaaaaaaaaaa' })).toEqual({
      ...{ count: 2, left: 0, bulk: [] },
    })
    expect(column(await get(app, 'failures?subscription=order.crm&state=parked'), 'id')).toEqual([])
    expect(await post(app, 'failures/discard', { subscription: 'order.mail', id: ids.sent })).toMatchObject({
      count: 1,
    })
    expect(column(await get(app, 'failures?subscription=order.mail'), 'id')).toEqual([])
  })

  it('shows one subscription, what it misses and why, and sends that again', async () => {
    const [orders, crm] = await filled(kind)
    const app = await makeApp({ stores: [orders, crm] })
    const subscription = await get(app, 'subscriptions/order.crm')
    expect(subscription).toMatchObject({
      ...{ service: 'crm', queue: 'qu.order.crm', patterns: ['order.#'], retired: null, hasInbox: true },
      missing: [{ id: ids.delivered, state: 'missing', cause: 'removed', error: 'MESSAGE_RETURNED: no queue took it' }],
      inbox: { store: 'crm', retrying: 1, parked: 2 },
    })
    expect(await post(app, `messages/${ids.delivered}/resend`, { subscription: 'order.crm' })).toEqual({ count: 1 })
    const [row] = await orders.store.reconciliation.missing.list({ subscription: 'order.crm' })
    expect(row?.requestedMs).not.toBeNull()
    expect(await post(app, 'subscriptions/order.crm/retire', {})).toEqual({ waived: 1 })
    expect(await get(app, 'subscriptions/order.crm')).toMatchObject({ retired: { by: 'token:operator' }, missing: [] })
  })

  it('says what a backfill would send, sends it, and steers it', async () => {
    const [orders, crm] = await filled(kind)
    const app = await makeApp({ stores: [orders, crm] })
    const url = 'subscriptions/order.mail/backfills'
    const asked = `/api/${url}/offer?since=2025-01-01T00:00:00Z&rate=0.5`
    const response = await app.inject({ url: asked, headers: operator })
    const offer = response.json<{ since: string; until: string }>()
    expect(offer).toMatchObject({
      ...{ total: 3, leastMs: 6_000, isBeyondInbox: true, since: '2025-01-01T00:00:00.000Z' },
      events: [
        { store: 'orders', name: 'order.payment.onPaid', count: 2 },
        { store: 'orders', name: 'order.viporder.payment.onPaid', count: 1 },
      ],
    })
    expect(await get(app, url)).toEqual({ rows: [], unreachable: [] })
    const { since, until } = offer
    const begun = await post(app, url, { since, until, patterns: ['order.viporder.#'], rate: 50 })
    const [backfill] = begun['backfills'] as { id: string }[]
    expect(begun).toMatchObject({ count: 1, backfills: [{ state: 'running', total: 1, sent: 0, rate: 50 }] })
    expect(await get(app, url)).toMatchObject({
      rows: [{ id: backfill!.id, store: 'orders', since, until, remainingMs: null, requestedBy: 'token:operator' }],
    })
    expect(await get(app, 'subscriptions/order.crm/backfills')).toEqual({ rows: [], unreachable: [] })
    for (const [action, count] of [
      ['pause', 1],
      ['pause', 0],
      ['resume', 1],
      ['cancel', 1],
    ] as const)
      expect([action, await post(app, `backfills/${backfill!.id}/${action}`, {})]).toEqual([action, { count }])
    expect(column(await get(app, url), 'state')).toEqual(['cancelled'])
    expect(column(await get(app, 'activity?subscription=order.mail'), 'action').slice(0, 4)).toEqual([
      ...['backfill-cancel', 'backfill-resume', 'backfill-pause', 'backfill'],
    ])
  })

  it('pauses and resumes a subscription in the store of its service, and says by whom', async () => {
    const [orders, crm] = await filled(kind)
    const app = await makeApp({ stores: [orders, crm] })
    expect(await get(app, 'subscriptions/order.crm')).toMatchObject({ paused: null })
    expect(await post(app, 'subscriptions/order.crm/pause', {})).toEqual({ count: 1 })
    expect(await post(app, 'subscriptions/order.crm/pause', {})).toEqual({ count: 0 })
    expect(await get(app, 'subscriptions/order.crm')).toMatchObject({ paused: { by: 'token:operator' } })
    expect(await crm.store.subscriptions.pauseOf('order.crm')).toMatchObject({ by: 'token:operator' })
    expect(await post(app, 'subscriptions/order.crm/resume', {})).toEqual({ count: 1 })
    expect(await get(app, 'subscriptions/order.crm')).toMatchObject({ paused: null })
    expect(column(await get(app, 'activity?subscription=order.crm'), 'action').slice(0, 2)).toEqual(['resume', 'pause'])
    // Known to its publisher alone.
    const url = '/api/subscriptions/product.search/pause'
    const unknown = await app.inject({ method: 'POST', url, headers: operator, payload: {} })
    expect([unknown.statusCode, unknown.json()]).toMatchObject([404, { error: { code: 'NOT_FOUND' } }])
  })
})

describe('a payload', () => {
  const path = `/api/failures/order.crm/${ids.delivered}`
  const edit = (app: FastifyInstance, payload: string, version: unknown) =>
    app.inject({ method: 'POST', url: `${path}/edit`, headers: operator, payload: { payload, version } })
  const versionAt = async (app: FastifyInstance) =>
    (await app.inject({ url: path, headers: viewer })).json<{ version: string }>().version

  it('is edited and retried; who did it, and what it was before, is shown with the failure and with the message', async () => {
    const [orders, crm] = await filled('postgres')
    const app = await makeApp({ stores: [orders, crm], catalog: shop })
    const version = await versionAt(app)
    const edited = '{"orderId":"o-1","amount":12345678901234567890}'
    expect((await edit(app, edited, version)).json()).toEqual({ count: 1 })
    const change = {
      store: 'crm',
      subscription: 'order.crm',
      by: 'token:operator',
      original: '{"orderId":"o-1"}',
      edited,
    }
    expect(await get(app, `failures/order.crm/${ids.delivered}`)).toMatchObject({
      ...{ payload: edited, state: 'retrying', attempts: 0, edits: [change] },
    })
    expect(await get(app, `messages/${ids.delivered}`)).toMatchObject({ edits: [change] })
    expect(column(await get(app, `activity?messageId=${ids.delivered}`), 'action')).toContain('edit')
    // As somebody else still sees it.
    const late = await edit(app, '{"orderId":"o-2"}', version)
    expect([late.statusCode, late.json()]).toMatchObject([409, { error: { code: 'PAYLOAD_CHANGED' } }])
  })

  it.each([
    ['{"orderId":', 400, 'EVENT_INVALID', 'not JSON'],
    ['{"orderId":7}', 400, 'EVENT_INVALID', 'orderId'],
    [`{"orderId":"${'x'.repeat(1024 * 1024)}"}`, 400, 'EVENT_TOO_LARGE', '1048576'],
  ])('that no handler should get is refused, case %#', async (payload, status, code, text) => {
    const app = await makeApp({ stores: await filled('sqlite'), catalog: shop })
    const response = await edit(app, payload, await versionAt(app))
    const { error } = response.json<{ error: { code: string; message: string } }>()
    expect([response.statusCode, error.code]).toEqual([status, code])
    expect(error.message).toContain(text)
  })

  it('that hides something cannot be edited, nor what is no failure', async () => {
    const app = await makeApp({ stores: await filled('sqlite'), mask: ['orderId'] })
    expect(await get(app, `failures/order.crm/${ids.delivered}`)).toMatchObject({ isMasked: true })
    const masked = await edit(app, '{}', await versionAt(app))
    expect([masked.statusCode, masked.json()]).toMatchObject([400, { error: { code: 'PAYLOAD_MASKED' } }])
    const url = `/api/failures/order.crm/${ids.sent}/edit`
    const none = await app.inject({ method: 'POST', url, headers: operator, payload: { payload: '{}', version: '' } })
    expect(none.statusCode).toBe(404)
  })
})

describe('a backfill', () => {
  it.each([
    ['order.none', 'since=2025-01-01', 404, 'NOT_FOUND', 'order.none'],
    ['order.old', 'since=2025-01-01', 400, 'REQUEST_INVALID', 'retired'],
    ['order.audit', 'since=2025-01-01', 400, 'REQUEST_INVALID', 'no inbox'],
    ['order.mail', 'since=2025-01-01&patterns=product.%23', 400, 'PATTERN_MATCHES_NOTHING', 'product.#'],
    ['order.mail', 'since=2025-01-01&patterns=a..b', 400, 'PATTERN_INVALID', 'a..b'],
    ['order.mail', 'since=2999-01-01', 400, 'REQUEST_INVALID', 'since'],
    ['order.mail', 'since=2025-01-01&rate=0', 400, 'REQUEST_INVALID', 'rate'],
    ['order.mail', '', 400, 'REQUEST_INVALID', 'since'],
  ])('of %s by %s is refused', async (name, query, status, code, text) => {
    const app = await makeApp({ stores: await filled('sqlite') })
    const response = await app.inject({ url: `/api/subscriptions/${name}/backfills/offer?${query}`, headers: operator })
    const { error } = response.json<{ error: { code: string; message: string } }>()
    expect([response.statusCode, error.code]).toEqual([status, code])
    expect(error.message).toContain(text)
  })
})

describe('activity', () => {
  it('is told of all stores by time, page by page', async () => {
    const [orders, crm] = await filled('sqlite')
    const app = await makeApp({ stores: [orders, crm] })
    await post(app, 'failures/discard', { subscription: 'order.mail', id: ids.sent })
    await nextMillisecond()
    await post(app, `messages/${ids.delivered}/resend`, { subscription: 'order.crm' })
    await nextMillisecond()
    await post(app, 'failures/retry', { subscription: 'order.crm', state: 'retrying' })
    const all = await get(app, 'activity')
    expect(column(all, 'action').slice(0, 3)).toEqual(['retry', 'resend', 'discard'])
    expect(new Set(column(all, 'actor'))).toEqual(new Set(['token:operator', 'ann']))
    const seen: unknown[] = []
    let before: string | null = ''
    while (before !== null) {
      const url: string = `activity?limit=1${before === '' ? '' : `&before=${before}`}`
      const { rows = [], next } = await get(app, url)
      seen.push(...rows)
      before = typeof next === 'string' ? next : null
    }
    expect(seen).toEqual(all.rows)
    expect((await get(app, 'activity?actor=ann')).rows).toEqual(
      (all.rows as { actor: string }[]).filter(({ actor }) => actor === 'ann'),
    )
    const wrong = await app.inject({ url: '/api/activity?before=nonsense', headers: viewer })
    expect([wrong.statusCode, wrong.json()]).toMatchObject([400, { error: { code: 'REQUEST_INVALID' } }])
  })
})

describe('activity that was done at once', () => {
  it('is one row, that can be opened', async () => {
    const [orders, crm] = await filled('sqlite')
    const app = await makeApp({ stores: [orders, crm] })
    await post(app, 'failures/retry', { subscription: 'order.crm' })
    await post(app, 'failures/discard', { subscription: 'order.mail', id: ids.sent })
    const mine = 'activity/groups?actor=token:operator'
    const { rows = [], next } = await get(app, mine)
    expect(rows).toMatchObject([
      { action: 'discard', entries: 1, messageId: ids.sent },
      { action: 'retry', subscription: 'order.crm', store: 'crm', entries: 3, isCut: false },
    ])
    expect(next).toBe(null)
    const first = await get(app, `${mine}&limit=1`)
    expect(first.rows).toEqual(rows.slice(0, 1))
    expect((await get(app, `${mine}&limit=1&before=${String(first.next)}`)).rows).toEqual(rows.slice(1))
    const { id, from } = rows[1] as { id: string; from: string }
    const inside = `activity?store=crm&newest=${id}&oldest=${from}`
    expect(column(await get(app, inside), 'action')).toEqual(['retry', 'retry', 'retry'])
    const begun = await get(app, `${inside}&limit=2`)
    expect(column(await get(app, `${inside}&limit=2&before=${String(begun.next)}`), 'action')).toEqual(['retry'])
    expect((await get(app, 'activity/groups?since=2100-01-01')).rows).toEqual([])
    expect(column(await get(app, 'activity/groups?until=2100-01-01&action=retry'), 'entries')).toContain(3)
  })
})

describe('the catalog', () => {
  it('is told with who subscribes, and what a pattern matches', async () => {
    const stores = await filled('sqlite')
    const app = await makeApp({ stores, catalog: shop })
    const [{ store }] = stores
    const id = newId()
    await store.transaction((tx) => store.outbox.append(tx, [event({ id, name: 'order.payment.onPaid' })]))
    await store.outbox.confirm([id])
    const { events } = (await get(app, 'events')) as unknown as { events: readonly EventRow[] }
    const paid = {
      ...{ name: 'order.payment.onPaid', entity: 'order', identity: 'orderId', isOptional: false, isOrdered: false },
      subscriptions: [
        { name: 'order.audit', patterns: ['#'] },
        { name: 'order.crm', patterns: ['order.#'] },
        { name: 'order.mail', patterns: ['#.payment.*'] },
      ],
      perSecond: 1 / 60,
    }
    expect(events.find(({ name }) => name === paid.name)).toMatchObject(paid)
    expect(await get(app, 'events/order.payment.onPaid')).toMatchObject({
      ...{ ...paid, scope: null, process: 'payment', fact: 'onPaid' },
      schema: { type: 'object', properties: { amount: { type: 'number', default: 0 } }, required: ['orderId'] },
    })
    const missing = await app.inject({ url: '/api/events/order.payment.onLost', headers: viewer })
    expect([missing.statusCode, missing.json()]).toEqual([
      404,
      { error: { code: 'NOT_FOUND', message: 'the catalog has no event "order.payment.onLost"' } },
    ])
    expect(await get(app, 'events/match?pattern=product.%23')).toMatchObject({
      ...{ isValid: true, error: null, events: ['product.price.onChanged'] },
    })
    expect(await get(app, 'events/match?pattern=prodct.%23')).toMatchObject({
      isValid: true,
      suggestion: 'product.#',
      events: [],
    })
    expect(await get(app, 'events/match?pattern=a..b')).toMatchObject({ isValid: false, events: [] })
  })

  it('is missed where there is none', async () => {
    expect(await get(await makeApp(), 'events')).toEqual({ hasCatalog: false, events: [], unreachable: [] })
  })
})

const aBackfill = {
  ...{ subscription: 'order.crm', patterns: ['order.#'], rate: null, requestedBy: 'ann', counted: null },
  range: { fromMs: 0, toMs: Date.now() },
}

describe('an action', () => {
  const actions = [
    ['failures/retry', { subscription: 'order.crm' }],
    ['failures/discard', { subscription: 'order.crm' }],
    ['failures/release', { subscription: 'order.crm' }],
    [
      `failures/order.crm/${ids.delivered}/edit`,
      { payload: '{}', version: versionOf({ payload: '{"orderId":"o-1"}', encoding: 'utf8' }) },
    ],
    ['messages/release', { ids: [ids.pending] }],
    [`messages/${ids.delivered}/resend`, { subscription: 'order.crm' }],
    ['subscriptions/order.crm/run', {}],
    ['subscriptions/order.crm/pause', {}],
    ['subscriptions/order.crm/resume', {}],
    ['subscriptions/order.crm/retire', {}],
    ['subscriptions/order.crm/compensation', { mode: 'report' }],
    ['subscriptions/order.crm/compensation/reset', {}],
    ['subscriptions/order.crm/breaker', { order: 'hold' }],
    ['compensation', { mode: 'report' }],
    ['compensation/reset', {}],
    ['subscriptions/order.crm/backfills', { since: '2025-01-01T00:00:00Z' }],
    ['bulk-actions/{bulk}/resume', {}],
    ['bulk-actions/{bulk}/cancel', {}],
    ['backfills/{id}/pause', {}],
    ['backfills/{id}/resume', {}],
    ['backfills/{id}/cancel', {}],
    ['watches', { name: 'sale', patterns: ['#'] }],
    ['watches/Black%20Friday/remove', {}],
  ] as const

  it.each(actions)('%s is for operators alone', async (url, payload) => {
    const [orders, crm] = await filled('sqlite')
    const app = await makeApp({ stores: [orders, crm] })
    const { id } = await orders.store.reconciliation.backfill.request(aBackfill)
    await orders.store.watches.save(watch(), 'ann')
    const { id: bulk } = await crm.store.bulk.begin({ action: 'retry', filter: {}, requestedBy: 'ann' })
    const as = async (headers: Record<string, string>): Promise<number> =>
      (
        await app.inject({
          method: 'POST',
          url: `/api/${url.replace('{id}', id).replace('{bulk}', bulk)}`,
          headers,
          payload,
        })
      ).statusCode
    expect([await as({}), await as(viewer), await as(operator)]).toEqual([401, 403, 200])
  })

  it('on failures is never on all of them by mistake', async () => {
    const app = await makeApp({ stores: await filled('sqlite') })
    for (const payload of [{}, { store: 'crm' }, { unknown: 'x' }]) {
      const response = await app.inject({ method: 'POST', url: '/api/failures/discard', headers: operator, payload })
      expect([payload, response.statusCode]).toEqual([payload, 400])
    }
  })

  it('that nobody has added without a thought is in the table above', async () => {
    const app = await makeApp({ stores: [] })
    const { paths } = (await get(app, 'openapi.json')) as { paths: Record<string, Record<string, unknown>> }
    // What is done to a cluster is tried on one, in cluster-queues.test.ts and definitions.test.ts.
    const posts = Object.entries(paths).flatMap(([path, methods]) =>
      'post' in methods && !path.startsWith('/api/clusters/') ? [path] : [],
    )
    const tested = actions.map(([url]) =>
      `/api/${url}`
        .replace(`failures/order.crm/${ids.delivered}`, 'failures/{subscription}/{id}')
        .replace(ids.delivered, '{id}')
        .replace('{bulk}', '{id}')
        .replace('s/order.crm', 's/{name}')
        .replace('s/Black%20Friday', 's/{name}'),
    )
    expect(posts.toSorted()).toEqual([...tested, '/api/session'].toSorted())
  })
})
