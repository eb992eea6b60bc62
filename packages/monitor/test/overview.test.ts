import { describe, expect, it, onTestFinished } from 'vitest'
import type { NamedStore } from '@warren/bus/operate'
import { watch } from '../../bus/test/store/conformance/watches.ts'
import { fillProof, holdLease } from '../../cli/test/support/fill-proof.ts'
import { fillPublisher, fillSubscriber } from '../../cli/test/support/fill.ts'
import { storePlaces } from '../../cli/test/support/stores.ts'
import type { Overview } from '../src/reads/overview.ts'
import { makeApp, secrets } from './support/app.ts'
import { filled } from './support/filled.ts'

const headers = { authorization: `Bearer ${secrets.viewer}` }

async function overviewOf(stores: readonly NamedStore[]): Promise<Overview> {
  const app = await makeApp({ stores })
  const response = await app.inject({ url: '/api/overview', headers })
  expect(response.statusCode).toBe(200)
  return response.json()
}

describe.each(['sqlite', 'postgres'] as const)('the overview of %s stores', (kind) => {
  it('tells how every subscription stands, and what is not settled', async () => {
    const overview = await overviewOf(await filled(kind))
    expect(overview).toMatchObject({
      ...{ isWell: false, provableSubscriptions: 3, provenSubscriptions: 2, deliveries: 1_204, unreachable: [] },
      publishers: [{ store: 'orders', service: 'orders', pending: 1, unroutable: 1, unpublishable: 1 }],
    })
    const bySubscription = new Map(overview.subscriptions.map((each) => [each.subscription, each]))
    expect([...bySubscription].map(([name, { state }]) => [name, state])).toEqual([
      ['order.audit', 'unproven'],
      ['order.crm', 'missing'],
      ['order.mail', 'proven'],
      ['order.old', 'retired'],
      ['product.search', 'proven'],
    ])
    expect(bySubscription.get('order.crm')).toMatchObject({
      ...{ problems: ['missing', 'breaker-open'], missing: 1, retrying: 1, parked: 2 },
      breaker: 'no barrier was answered for more than 120 s',
    })
    expect(bySubscription.get('order.audit')).toMatchObject({ provenThrough: null, problems: [] })
  })

  it('is well when nobody has to look at anything', async () => {
    const places = await storePlaces(kind)
    onTestFinished(() => places.drop())
    const overview = await overviewOf([{ label: 'orders', store: await places.open('orders') }])
    expect(overview).toMatchObject({
      isWell: true,
      deliveries: 0,
      publishers: [],
      subscriptions: [],
      provenThrough: null,
    })
  })
})

it('is not well while the alarm of a watch is on, and says which', async () => {
  const places = await storePlaces('sqlite')
  onTestFinished(() => places.drop())
  const stores = [
    { label: 'orders', store: await places.open('orders') },
    { label: 'crm', store: await places.open('crm') },
  ] as const
  const [orders, crm] = stores
  await fillPublisher(orders.store)
  await fillSubscriber(crm.store)
  await fillProof(orders.store)
  await orders.store.reconciliation.registry.retire('order.crm', 'ann')
  await orders.store.reconciliation.proof.setBreaker('order.crm', null)
  await holdLease(orders.store)
  expect(await overviewOf(stores)).toMatchObject({ isWell: true, watches: [] })
  await orders.store.watches.save(watch({ name: 'Sale', toMs: Date.parse('2025-12-31') }), 'ann')
  await orders.store.watches.save(watch({ name: 'Later', fromMs: Date.parse('2999-01-01') }), 'ann')
  expect(await overviewOf(stores)).toMatchObject({
    isWell: false,
    watches: [
      { name: 'Later', phase: 'upcoming', alarms: [], published: 0 },
      {
        ...{ name: 'Sale', phase: 'over', parked: 1, counted: 1 },
        alarms: [{ kind: 'parked', subscription: 'order.mail', value: 1 }],
      },
    ],
  })
  await crm.store.failures.discard({ subscription: 'order.mail' }, 'ann')
  expect(await overviewOf(stores)).toMatchObject({ isWell: true, watches: [{}, { alarms: [] }] })
})

it('tells of a store that does not answer, and of the others all the same', async () => {
  const [orders, crm] = await filled('postgres')
  await crm.store.stop()
  const overview = await overviewOf([orders, crm])
  expect(overview.isWell).toBe(false)
  expect(overview.unreachable).toEqual([{ store: 'crm', message: expect.any(String) as unknown }])
  expect(overview.publishers).toHaveLength(1)
})
