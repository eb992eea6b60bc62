import type { CompensationSettings } from '@warren/bus'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { storeKinds } from '../../bus/test/support/service.ts'
import type { Overview } from '../src/reads/overview.ts'
import { makeApp, secrets } from './support/app.ts'
import { filled } from './support/filled.ts'

const operator = { authorization: `Bearer ${secrets.operator}` }
const code: CompensationSettings = {
  ...{ mode: 'auto', share: 0.1, minPerSecond: 20 },
  ...{ maxMissingShare: 0.2, minMissing: 100, maxUnansweredMs: 120_000 },
}

const overviewOf = async (app: FastifyInstance): Promise<Overview> =>
  (await app.inject({ url: '/api/overview', headers: operator })).json()
const post = async (app: FastifyInstance, url: string, payload: object): Promise<readonly [number, unknown]> => {
  const response = await app.inject({ method: 'POST', url: `/api/${url}`, headers: operator, payload })
  return [response.statusCode, response.json()]
}

describe.each(storeKinds)('compensation over %s stores', (kind) => {
  it('is shown with where it comes from, set for one and for all, and reset, and the log says by whom', async () => {
    const [orders, crm] = await filled(kind)
    const app = await makeApp({ stores: [orders, crm] })
    const seen = async () => {
      const { publishers, subscriptions } = await overviewOf(app)
      const one = subscriptions.find(({ subscription }) => subscription === 'order.crm')
      return { all: publishers[0]?.compensation, one: one?.compensation }
    }
    expect(await seen()).toMatchObject({
      all: { settings: null, origins: null, allowedPerSecond: null },
      one: { settings: null, set: null, resentLastHour: 0 },
    })
    await orders.store.reconciliation.compensation.declare(code, 'orders')
    expect(await seen()).toMatchObject({
      all: { settings: code, set: null, allowedPerSecond: 20 },
      one: { settings: code, origins: { mode: 'code', share: 'code' }, hasOwnBudget: false },
    })
    expect(await post(app, 'compensation', { minPerSecond: 50, mode: 'report' })).toEqual([200, { count: 1 }])
    const changes = { store: 'orders', mode: 'off', share: 0.5, maxUnansweredMs: 600_000 }
    expect(await post(app, 'subscriptions/order.crm/compensation', changes)).toEqual([200, { count: 1 }])
    expect(await seen()).toMatchObject({
      all: { settings: { mode: 'report', minPerSecond: 50 }, set: { by: 'token:operator' }, allowedPerSecond: 50 },
      one: {
        settings: { ...code, mode: 'off', share: 0.5, minPerSecond: 50, maxUnansweredMs: 600_000 },
        origins: { mode: 'one', share: 'one', minPerSecond: 'all', minMissing: 'code' },
        set: { settings: { mode: 'off', share: 0.5, maxUnansweredMs: 600_000 }, by: 'token:operator' },
        hasOwnBudget: true,
      },
    })
    expect(await post(app, 'subscriptions/order.crm/compensation', { mode: null })).toEqual([200, { count: 1 }])
    expect((await seen()).one).toMatchObject({ settings: { mode: 'report', share: 0.5 } })
    expect(await post(app, 'subscriptions/order.crm/compensation/reset', {})).toEqual([200, { count: 1 }])
    expect(await post(app, 'subscriptions/order.crm/compensation/reset', {})).toEqual([200, { count: 0 }])
    expect(await post(app, 'compensation/reset', {})).toEqual([200, { count: 1 }])
    expect(await seen()).toMatchObject({ all: { settings: code, set: null }, one: { settings: code, set: null } })
    const log = await app.inject({ url: '/api/activity', headers: operator })
    const { rows } = log.json<{ rows: { action: string; actor: string; subscription: string | null }[] }>()
    expect(rows.slice(0, 5).map((row) => [row.action, row.actor, row.subscription])).toEqual([
      ['compensation-reset', 'token:operator', null],
      ['compensation-reset', 'token:operator', 'order.crm'],
      ['compensation', 'token:operator', 'order.crm'],
      ['compensation', 'token:operator', 'order.crm'],
      ['compensation', 'token:operator', null],
    ])
  })

  it('shows what a breaker is told, by whom, and why it is open', async () => {
    const [orders, crm] = await filled(kind)
    const app = await makeApp({ stores: [orders, crm] })
    const seen = async (name: string) =>
      (await overviewOf(app)).subscriptions.find(({ subscription }) => subscription === name)
    const tell = (name: string, order: string) => post(app, `subscriptions/${name}/breaker`, { order })
    expect(await seen('order.crm')).toMatchObject({ breakerCause: 'unanswered', order: null })
    expect(await tell('order.crm', 'hold')).toEqual([200, { count: 1 }])
    expect(await tell('order.crm', 'hold')).toEqual([200, { count: 0 }])
    expect(await seen('order.crm')).toMatchObject({ order: { order: 'hold', by: 'token:operator' } })
    expect(await tell('order.crm', 'close')).toEqual([200, { count: 1 }])
    expect(await tell('order.crm', 'release')).toEqual([200, { count: 1 }])
    expect(await seen('order.crm')).toMatchObject({ order: null })
    // It is closed.
    expect(await tell('order.mail', 'close')).toEqual([200, { count: 0 }])
    expect(await tell('order.mail', 'try')).toEqual([200, { count: 0 }])
    expect(await tell('order.mail', 'hold')).toEqual([200, { count: 1 }])
    expect(await tell('order.mail', 'close')).toEqual([200, { count: 1 }])
  })

  it('counts what was resent, and lists what has come', async () => {
    const [orders, crm] = await filled(kind)
    const app = await makeApp({ stores: [orders, crm] })
    const { missing, proof } = orders.store.reconciliation
    const once = { limit: 10, maxAttempts: 5, backoffMs: 60_000, maxBackoffMs: 60_000, requestedOnly: false }
    const [event] = await missing.claim('order.crm', once)
    await proof.record('order.crm', {
      answer: { barrierId: event!.id, roundTripMs: 1, retrying: 0, parked: 0, rewindId: null },
      ...{ throughMs: null, rewoundMs: null, minutes: [], suspects: [], absent: [], unwanted: [], ghosts: [] },
      present: [event!.id],
    })
    expect((await overviewOf(app)).publishers[0]?.compensation).toMatchObject({
      ...{ resentLastMinute: 1, resentLastHour: 1 },
    })
    const one = await app.inject({ url: '/api/subscriptions/order.crm', headers: operator })
    expect(one.json()).toMatchObject({
      missing: [],
      recovered: [{ id: event!.id, state: 'recovered', resends: 1, settledAt: expect.any(String) as unknown }],
      publishers: [{ compensation: { resentLastMinute: 1, resentLastHour: 1 } }],
    })
  })
})

it.each([
  ['compensation', { minPerSecond: 0 }, 400, 'COMPENSATION_INVALID'],
  ['compensation', {}, 400, 'COMPENSATION_INVALID'],
  ['compensation', { mode: 'sometimes' }, 400, 'REQUEST_INVALID'],
  ['compensation', { mode: 'off', store: 'nowhere' }, 404, 'NOT_FOUND'],
  ['subscriptions/order.crm/compensation', { maxMissingShare: 2 }, 400, 'COMPENSATION_INVALID'],
  ['subscriptions/order.crm/compensation', { share: '0.1' }, 400, 'REQUEST_INVALID'],
  ['subscriptions/order.crn/compensation', { mode: 'off' }, 404, 'NOT_FOUND'],
  ['subscriptions/order.crn/compensation/reset', {}, 404, 'NOT_FOUND'],
  ['subscriptions/order.crn/breaker', { order: 'hold' }, 404, 'NOT_FOUND'],
  ['subscriptions/order.crm/breaker', { order: 'open' }, 400, 'REQUEST_INVALID'],
])('what makes no sense is refused: %s %j', async (url, payload, status, code) => {
  const [orders, crm] = await filled('sqlite')
  const app = await makeApp({ stores: [orders, crm] })
  expect(await post(app, url, payload)).toMatchObject([status, { error: { code } }])
  expect(await orders.store.reconciliation.compensation.list()).toEqual({ code: null, all: null, ones: new Map() })
})
