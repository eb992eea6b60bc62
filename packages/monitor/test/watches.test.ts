import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { storeKinds } from '../../bus/test/support/service.ts'
import { ids } from '../../cli/test/support/fill.ts'
import { makeApp, secrets } from './support/app.ts'
import { filled } from './support/filled.ts'

const operator = { authorization: `Bearer ${secrets.operator}` }

const get = async (app: FastifyInstance, url: string): Promise<unknown> =>
  (await app.inject({ url: `/api/${url}`, headers: operator })).json()
const post = async (app: FastifyInstance, url: string, payload: object): Promise<readonly [number, unknown]> => {
  const response = await app.inject({ method: 'POST', url: `/api/${url}`, headers: operator, payload })
  return [response.statusCode, response.json()]
}

describe.each(storeKinds)('watches over %s stores', (kind) => {
  it('are saved with defaults, counted for each subscription, replaced, and removed', async () => {
    const [orders, crm] = await filled(kind)
    const app = await makeApp({ stores: [orders, crm] })
    const name = encodeURIComponent('Black Friday / 黑五')
    const sale = { name: 'Black Friday / 黑五', patterns: ['#.payment.*'] }
    expect(await post(app, 'watches', sale)).toEqual([200, { count: 1, isNew: true }])
    expect(await get(app, `watches/${name}`)).toMatchObject({
      ...{ phase: 'running', published: 3, sent: 2, counted: 1, isCut: false, stores: ['orders'], entityIds: [] },
      ...{ from: null, to: null, compensation: null, createdBy: 'token:operator' },
      alarm: { maxMissing: 0, maxParked: 0, maxUnhandledMs: null },
      alarms: [
        { kind: 'missing', subscription: 'order.crm', value: 1 },
        { kind: 'parked', subscription: 'order.crm', value: 2 },
        { kind: 'parked', subscription: 'order.mail', value: 1 },
      ],
    })
    const changed = { ...sale, from: '2999-11-27T00:00:00Z', alarm: { maxParked: null }, compensation: 'off' }
    expect(await post(app, 'watches', changed)).toEqual([200, { count: 1, isNew: false }])
    expect(await get(app, 'watches')).toMatchObject({
      rows: [
        {
          ...{ phase: 'upcoming', from: '2999-11-27T00:00:00.000Z', compensation: 'off', published: 0, alarms: [] },
          alarm: { maxMissing: 0, maxParked: null, maxUnhandledMs: null },
        },
      ],
    })
    expect(await post(app, `watches/${name}/remove`, {})).toEqual([200, { count: 1 }])
    expect(await get(app, 'watches')).toEqual({ rows: [], unreachable: [] })
    expect(await post(app, `watches/${name}/remove`, {})).toMatchObject([404, { error: { code: 'NOT_FOUND' } }])
    const { rows } = (await get(app, 'activity')) as {
      rows: { action: string; actor: string; watch: string }[]
    }
    expect(rows.slice(0, 3).map(({ action, actor, watch }) => `${action} ${actor} ${watch}`)).toEqual([
      'watch-remove token:operator Black Friday / 黑五',
      'watch token:operator Black Friday / 黑五',
      'watch token:operator Black Friday / 黑五',
    ])
  })

  it('say of a missing event that they hold it back, of some entities as well', async () => {
    const app = await makeApp({ stores: await filled(kind) })
    const heldBy = async (): Promise<unknown> => {
      const { missing } = (await get(app, 'subscriptions/order.crm')) as { missing: { heldBy: unknown }[] }
      return missing[0]?.heldBy
    }
    const hold = { name: 'hold', patterns: ['#'], compensation: 'off' }
    expect(await heldBy()).toBeNull()
    await post(app, 'watches', { ...hold, entityIds: ['o-1'] })
    expect(await heldBy()).toBeNull()
    await post(app, 'watches', { ...hold, entityIds: ['o-4'] })
    expect(await heldBy()).toBe('hold')
    const { deliveries } = (await get(app, `messages/${ids.delivered}`)) as { deliveries: { missed: unknown }[] }
    expect(deliveries.map(({ missed }) => missed)).toContainEqual(expect.objectContaining({ heldBy: 'hold' }))
    await post(app, 'watches', { ...hold, to: '2025-01-01' })
    expect(await heldBy()).toBeNull()
  })

  it('of one entity count its events alone', async () => {
    const app = await makeApp({ stores: await filled(kind) })
    await post(app, 'watches', { name: 'one', patterns: ['#'], entityIds: ['o-4'] })
    expect(await get(app, 'watches/one')).toMatchObject({
      ...{ published: 1, sent: 1 },
      subscriptions: [
        { subscription: 'order.crm', expected: 1, received: 1, handled: 0, retrying: 1, missing: 1, waiting: 0 },
        { subscription: 'order.mail', expected: 1, received: 0, waiting: 1, missing: 0 },
      ],
    })
  })
})

it.each([
  [{ name: 'x', patterns: ['order.del*'] }, 'PATTERN_INVALID'],
  [{ name: 'x', patterns: [] }, 'WATCH_INVALID'],
  [{ name: ' x', patterns: ['#'] }, 'WATCH_INVALID'],
  [{ name: 'x', patterns: ['#'], from: '2026-02-02', to: '2026-02-01' }, 'WATCH_INVALID'],
  [{ name: 'x', patterns: ['#'], alarm: { maxParked: -1 } }, 'WATCH_INVALID'],
  [{ name: 'x', patterns: ['#'], from: 'soon' }, 'REQUEST_INVALID'],
  [{ name: 'x', patterns: ['#'], compensation: 'report' }, 'REQUEST_INVALID'],
])('a watch that makes no sense is refused: %j', async (payload, code) => {
  const app = await makeApp({ stores: await filled('sqlite') })
  expect(await post(app, 'watches', payload)).toMatchObject([400, { error: { code } }])
  expect(await get(app, 'watches')).toEqual({ rows: [], unreachable: [] })
})
