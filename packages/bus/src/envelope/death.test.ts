import { expect, it } from 'vitest'
import { lastDeath } from './death.ts'

it('reads the newest of several deaths', () => {
  const deaths = [
    {
      reason: 'delivery_limit',
      queue: 'qu.crm',
      exchange: 'ex.order.topic',
      'routing-keys': ['order.a.onB'],
      count: 2,
    },
    { reason: 'expired', queue: 'qu.old', exchange: '', 'routing-keys': [], count: 1 },
  ]
  expect(lastDeath({ 'x-death': deaths })).toEqual({
    reason: 'delivery_limit',
    queue: 'qu.crm',
    exchange: 'ex.order.topic',
    routingKeys: ['order.a.onB'],
    count: 2,
  })
})

it.each([undefined, {}, { 'x-death': 'yes' }, { 'x-death': [] }, { 'x-death': [7] }])('finds none in %j', (headers) => {
  expect(lastDeath(headers)).toBeNull()
})
